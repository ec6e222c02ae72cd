#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A poweroff while a fast reboot is ordered, under init systems that tell their scripts nothing.

    tests/vm/poweroff.py [--only PATTERN] [--quick] [--programs DIR] [--logs DIR]

Process 1 is BusyBox init, or s6-svscan with what s6-linux-init adds to it: Debian has no package of
that one, so its hpr program and its shutdown daemon are scripts here that do what
s6-linux-init-shutdownd.c of 1.1 does, in the same order, and write the same last stage. A machine that
was switched off has to be off, whatever was ordered before. The cases with "control" in their names
show that the same machine does jump when nobody switches it off.
"""

import argparse
import dataclasses
import fnmatch
import os
import sys

import cases
import guest
import images
import jobs
import vm

FIRST, NEXT = "bookworm", "trixie"
LIMIT = 400  # seconds for one machine; on an idle one it takes 15, and 75 with a reboot in a minute
CMDLINE = f"console=ttyS0 panic=-1 quiet {jobs.PATIENT}"
MINUTE = 60

PLAIN = f'--yes --force B3 --kernel /boot/kernel --initrd /boot/initrd --cmdline "{CMDLINE}"'
NOW = f"rapidreboot {PLAIN}"
LATER = f"rapidreboot {PLAIN} --when +1"
ORDERED = LATER + '\necho "@@ ordered $?, loaded $(cat /sys/kernel/kexec_loaded)"\n'

INITTAB = """::sysinit:/sbin/rapidreboot hook boot
::once:/bin/sh /script
::shutdown:/sbin/rapidreboot hook jump
"""

S6_HPR = """#!/bin/sh
# -f does it at once, else the daemon is told
case "$*" in
*-f*-r*) exec busybox reboot -f ;;
*-f*-p*) exec busybox poweroff -f ;;
esac
echo "${1#-}" >/run/service/s6-linux-init-shutdownd/fifo
"""
S6_DAEMON = """#!/bin/sh
if [ -x "stage 4" ]; then
	exec "./stage 4" >/dev/console 2>&1
fi
exec 3<>fifo
read what <&3
exec 3<&-
cat >"stage 4.new" <<END
#!/usr/bin/execlineb -P

/usr/lib/execline/bin/foreground { /bin/s6-linux-init-umountall }
/usr/lib/execline/bin/foreground { "/etc/s6-linux-init/current"/scripts/rc.shutdown.final }
/bin/s6-linux-init-hpr -f -$what
END
chmod 700 "stage 4.new"
mv "stage 4.new" "stage 4"
trap '' TERM
kill -TERM -1
sleep 3
kill -KILL -1
"""
S6_FINAL = "#!/bin/sh\n/sbin/rapidreboot hook jump\nexit 0\n"
S6_START = """
service=/run/service/s6-linux-init-shutdownd
mkdir -p $service /run/service/test
mkfifo $service/fifo
cp /s6/daemon $service/run
cp /s6/test /run/service/test/run
chmod 755 $service/run /run/service/test/run
/sbin/rapidreboot hook boot
exec /usr/bin/s6-svscan /run/service
"""
# A service: its process ends with the script, and is not started again.
S6_TEST = "#!/bin/sh\nexec >/dev/console 2>&1\n[ ! -e /run/begun ] || exec sleep 1000\n>/run/begun\n. /script\nexec sleep 1000\n"


def busybox(archive):
    archive.data("etc/inittab", INITTAB)
    archive.link("sbin/reboot", "/bin/busybox")
    return "exec /bin/init"


def s6(archive):
    root = os.path.join(images.CACHE, "s6")
    for folder in ("usr/bin", "usr/lib"):
        archive.tree(folder, os.path.join(root, folder))
    archive.data("bin/s6-linux-init-hpr", S6_HPR, 0o755)
    archive.data("bin/s6-linux-init-umountall", "#!/bin/sh\nexit 0\n", 0o755)
    archive.data("etc/s6-linux-init/current/scripts/rc.shutdown.final", S6_FINAL, 0o755)
    archive.data("s6/daemon", S6_DAEMON)
    archive.data("s6/test", S6_TEST)
    return S6_START


@dataclasses.dataclass
class Init:
    build: object
    off: str
    asks: str  # what our program runs, for cases in which it does nothing
    shows_begin: bool  # does process 1 show that it goes down?


INITS = {
    "busybox": Init(busybox, "/bin/poweroff", "/sbin/reboot", True),
    "s6": Init(s6, "s6-linux-init-hpr -p", "/bin/s6-linux-init-hpr", False),
}


@dataclasses.dataclass
class Case:
    name: str
    script: str  # with {off} and {asks}
    jumps: bool = False
    quick: bool = False


def after(seconds):
    """Switched off so many seconds after a reboot in a minute was ordered."""
    return Case(f"off-{seconds}", f"{ORDERED}sleep {seconds}\n{{off}}\n")


NEVER = """mv {asks} /asks
printf '#!/bin/sh\\n' >{asks}
chmod 755 {asks}
"""
CASES = [
    Case("control-now", NOW, jumps=True, quick=True),
    Case("control-later", ORDERED, jumps=True),
    Case("off-2", f"{ORDERED}sleep 2\n{{off}}\n", quick=True),
    *[after(seconds) for seconds in (10, 20, 30, 40, 50, 54, 56, 58)],
    # init took the order and did nothing; the reboot is taken back after ten seconds
    Case("ignored", NEVER + NOW + '\necho "@@ asked $?"\nmv /asks {asks}\n{off}\n', quick=True),
    # nobody is left to ask, and the kernel is loaded
    Case("killed", ORDERED + "sleep 55\nkill -9 $(pidof rapidreboot)\nsleep 10\n{off}\n"),
    Case("killed-at-once", ORDERED + "kill -9 $(pidof rapidreboot)\n{off}\n"),
]


def system(init, case, folder, programs):
    """The first system: @init as process 1, @case's script as what it starts."""
    archive = guest.base("")
    start = init.build(archive)
    archive.data("job", f"\n. /mounts\n{start}\n")
    archive.data("mounts", "mkdir -p /var/lib /etc\n")
    archive.data("script", "export PATH=/sbin:/bin:/usr/bin\nexec >/dev/console 2>&1\n"
                 + case.script.replace("{off}", init.off).replace("{asks}", init.asks) + "\n")
    following = guest.base('echo "@@ second"\n').save(os.path.join(folder, "next"))
    archive.file("boot/kernel", images.kernel(NEXT))
    archive.file("boot/initrd", following)
    for name, path in programs.items():
        guest.add_program(archive, f"sbin/{name}", path)
    return archive.save(os.path.join(folder, "first"))


def problems(init, case, end):
    found = guest.failures(end.log)
    if end.reason != "poweroff":
        found.append(f"the machine ended by {end.reason}")
    if LATER in case.script and "@@ ordered 0, loaded 1" not in end.log:
        found.append("no reboot was ordered")
    # s6 has nothing by which it shows that it has begun, so there the order counts as taken
    if case.name == "ignored" and init.shows_begin and "@@ asked 5" not in end.log:
        found.append("the reboot was not taken back with exit status 5")
    if ("@@ second" in end.log) != case.jumps:
        found.append("the second kernel " + ("did not come up" if case.jumps else "came up"))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="PATTERN")
    parser.add_argument("--quick", action="store_true", help="only what takes no minute")
    parser.add_argument("--programs", default=os.path.join(images.TOP, "build/bin"), metavar="DIR",
                        help="where rapidreboot is (default: build/bin)")
    parser.add_argument("--logs", default=os.path.join(images.TOP, "build/vm"), metavar="DIR")
    args = parser.parse_args()
    programs = {"rapidreboot": os.path.join(args.programs, "rapidreboot")}
    if not os.access(programs["rapidreboot"], os.X_OK):
        sys.exit(f"{programs['rapidreboot']} is not a program: build it first (make), or name one (--programs)")
    chosen = [(name, case) for name in INITS for case in CASES
              if (case.quick or not args.quick) and
              (not args.only or any(fnmatch.fnmatch(f"{name}/{case.name}", f"*{word}*") for word in args.only))]
    images.fetch(["busybox", "s6", f"linux-{FIRST}", f"linux-{NEXT}"])
    by_name = {f"{name}/{case.name}": (INITS[name], case) for name, case in chosen}

    def start(name, folder):
        init, case = by_name[name]
        end = vm.run(vm.Machine(), images.kernel(FIRST), system(init, case, folder, programs), CMDLINE, folder, LIMIT)
        return end, problems(init, case, end)

    return cases.run("poweroff", list(by_name), args.logs, start)


if __name__ == "__main__":
    sys.exit(main())
