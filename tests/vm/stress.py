#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine that reboots itself again and again by `rapidreboot`, each time disturbed in another way.

    tests/vm/stress.py [--reboots N] [--seed N] [--only KIND] [--show] [--sabotage] [--programs DIR]

BusyBox init is process 1, root and /var are file systems of a disk, kernels of two suites take turns. QEMU
runs on through all of them, also when the machine goes through its firmware, until one switches the
machine off: then it is started again and goes on with the next. How a reboot is disturbed is in
interference.py, what may become of it in outcomes.py. --sabotage puts a script in the place of rapidreboot
that records nothing and jumps whenever something is loaded, and wants to see that found.
"""

import argparse
import collections
import os
import random
import subprocess
import sys
import tempfile

import disks
import guest
import images
import initramfs
import interference
import outcomes
import vm

SILENCE = 300  # seconds without a word from the machine; a reboot takes ten on an idle host
LIMIT = 7200  # for one start of QEMU
TOP = images.TOP
ROOT_UUID = "3b8f4a52-6f0d-4a6c-8f1e-2f6f8a1c9d20"
VAR_UUID = "7d0c6a1e-93b4-4f4e-b0a5-5c2d8e7f6a31"

INITTAB = """::sysinit:/bin/sh /etc/start
::wait:/sbin/rapidreboot hook boot
::once:/bin/sh /etc/steps
::shutdown:/bin/sh /etc/stop
::shutdown:/sbin/rapidreboot hook jump
"""
# Linux finds disks in any order, so each is known by its serial number.
DISK = """
disk()
{
	local tries=0 at
	while [ $tries -lt 60 ]; do
		for at in /sys/block/nvme*; do
			[ "$(tr -d ' ' <$at/device/serial 2>/dev/null)" != $1 ] || { echo /dev/${at##*/}; return; }
		done
		tries=$((tries + 1))
		sleep 0.5
	done
}
"""
SWITCH = DISK + """
mkdir /sysroot
must mount -t ext4 $(disk root) /sysroot
mount --move /dev /sysroot/dev
umount /sys /proc
exec switch_root /sysroot /sbin/init
"""
START = DISK + """
export PATH=/sbin:/bin
mount -o remount,rw /
[ $(stat -c %u /etc) = 0 ] || chown -R 0:0 /bin /sbin /etc /boot /opt
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o size=2m,mode=755 run /run
mount -t tmpfs -o size=32m tmp /tmp
mount $(disk var) /var
rm -f /var/fill
mkdir -p /var/lib
dmesg -n 1
"""
STEPS = DISK + f"""
. /etc/functions
disk=$(disk steps)
n=$(head -c 8 $disk)
say up $n $(uname -r) $(sed 's/.*stress=\\([^ ]*\\).*/\\1/' /proc/cmdline) $(cat /proc/sys/kernel/random/boot_id)
[ ! -e /var/lib/rapidreboot/attempts ] || tail -n 2 /var/lib/rapidreboot/attempts | sed 's/^/@@ record /'
rapidreboot clear
n=$((n + 1))
printf '%-8s' $n | dd of=$disk conv=notrunc,fsync 2>/dev/null
dd if=$disk bs={interference.BLOCK} skip=$n count=1 2>/dev/null | tr -d '\\0' >/tmp/step
. /tmp/step
"""
STOP = """
. /etc/functions
if [ ! -e /run/spare ]; then
	kill -TERM -1
	sleep 0.5
	kill -KILL -1
fi
umount -r /var
mount -o remount,ro /
"""
ASKS = """#!/bin/sh
echo "@@ asks {0} $(cut -d ' ' -f 1 /proc/uptime)" >/dev/console
exec /bin/busybox {0} "$@"
"""
# It says no word to the record, and starts what is loaded without asking why the machine goes down.
SABOTAGE = """#!/bin/sh
case "$*" in
"hook boot") exit 0 ;;
"hook jump") [ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || exec kexec-tools -e ;;
*) exec /sbin/rapidreboot.real "$@" ;;
esac
"""


def system(folder, programs, sabotage):
    """The root file system, and the initial ramdisk that leads to it."""
    initrd = guest.base(SWITCH).save(os.path.join(folder, "initrd"))
    archive = initramfs.Archive()
    for name in ("proc", "sys", "dev", "run", "tmp", "var", "etc", *(f"mnt/{i} a" for i in range(20))):
        archive.directory(name)
    archive.file("bin/busybox", images.busybox(), 0o755)
    for name in subprocess.run([images.busybox(), "--list"], check=True, capture_output=True, text=True,
                               timeout=60).stdout.split():
        if name not in ("busybox", "reboot", "poweroff"):
            archive.link(f"bin/{name}", "/bin/busybox")
    archive.link("sbin/init", "/bin/busybox")
    for name in ("reboot", "poweroff"):
        archive.data(f"sbin/{name}", ASKS.format(name), 0o755)
    for name, text in (("inittab", INITTAB), ("start", START), ("steps", STEPS), ("stop", STOP),
                       ("functions", interference.FUNCTIONS), ("passwd", "root:x:0:0::/:/bin/sh\n")):
        archive.data(f"etc/{name}", text)
    for name, path in programs.items():
        guest.add_program(archive, f"sbin/{name}", path)
    guest.add_kexec_tools(archive)
    if sabotage:
        guest.add_program(archive, "sbin/rapidreboot.real", programs["rapidreboot"])
        archive.data("sbin/rapidreboot", SABOTAGE, 0o755)
    for number, suite in enumerate(interference.SUITES):
        archive.file(f"boot/kernel-{number}", images.kernel(suite))
    archive.file("boot/initrd", initrd)
    tree = os.path.join(folder, "root")
    os.mkdir(tree)
    return initrd, disks.ext4(os.path.join(folder, "root.img"), 192, archive.extract(tree), ROOT_UUID)


def write_steps(path, steps):
    """How many have begun, the shell of each, and a last one that ends it."""
    blocks = [b"0".ljust(8), *(step.shell.encode() for step in steps), b"say all done\npoweroff\n"]
    with open(path, "wb") as file:
        for block in blocks:
            file.write(block.ljust(interference.BLOCK, b"\0"))
        file.truncate(max(file.tell(), 1 << 20))
    return path


def drives(**paths):
    for name, path in paths.items():
        yield from ("-drive", f"if=none,id={name},file={path},format=raw,cache=unsafe",
                    "-device", f"nvme,drive={name},serial={name}")


def begun(path):
    with open(path, "rb") as file:
        return int(file.read(8))


def run(steps, folder, programs, sabotage, log):
    """Facts of each step, from as many starts of QEMU as there are poweroffs."""
    initrd, root = system(folder, programs, sabotage)
    os.mkdir(os.path.join(folder, "empty"))
    var = disks.ext4(os.path.join(folder, "var.img"), 16, os.path.join(folder, "empty"), VAR_UUID)
    state = write_steps(os.path.join(folder, "steps"), steps)
    machine = vm.Machine(extra=tuple(drives(root=root, var=var, steps=state)))
    facts = {}
    while begun(state) <= len(steps):
        before = begun(state)
        end = vm.run(machine, images.kernel(interference.SUITES[0]), initrd,
                     interference.cmdline(interference.FIRMWARE), folder, LIMIT, silence=SILENCE)
        log.write(end.log)
        log.flush()
        facts.update(outcomes.read(end.log, end.reason))
        if begun(state) == before:
            print(f"FAIL the machine did not come to step {before + 1}: {end.reason}", flush=True)
            break
    return facts


def tell(steps, facts, releases):
    """One line a step; returns the kinds of those that failed."""
    failed, ends = [], collections.Counter()
    for step in steps:
        seen = facts.get(step.number)
        found = outcomes.problems(step, seen, releases)
        end = outcomes.kind(seen) if seen else "not begun"
        if seen and seen.ordinary and end == "firmware":
            end = f"refused ({seen.status})"
        ends[end] += 1
        print(f"{'FAIL' if found else 'ok  '} stress/{step.number}-{step.kind}: {end}", flush=True)
        for sentence in found:
            print("     " + sentence, flush=True)
        failed += [step.kind] if found else []
    print("# " + ", ".join(f"{end}: {n}" for end, n in sorted(ends.items())))
    return failed


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--reboots", type=int, default=32, metavar="N")
    parser.add_argument("--seed", type=int, help="the same reboots as the run that printed it")
    parser.add_argument("--only", action="append", choices=interference.KINDS, metavar="KIND")
    parser.add_argument("--show", action="store_true", help="print the shell of each step, start nothing")
    parser.add_argument("--sabotage", action="store_true", help="show that faults are found")
    parser.add_argument("--programs", default=os.path.join(TOP, "build/bin"), metavar="DIR",
                        help="where rapidreboot is (default: build/bin)")
    parser.add_argument("--hold-locks", default=os.path.join(TOP, "build/work/tests/vm/hold-locks"),
                        metavar="PATH", help="the program that takes locks (tests/vm/hold-locks.c)")
    parser.add_argument("--logs", default=os.path.join(TOP, "build/vm"), metavar="DIR")
    return parser.parse_args()


def main():
    args = arguments()
    seed = args.seed if args.seed is not None else random.randrange(1 << 32)
    if args.sabotage:
        args.only = ["none", "off-ordered"]
    steps = interference.steps(args.reboots, seed, args.only or ())
    if args.show:
        print("\n".join(step.shell for step in steps))
        return 0
    programs = {"rapidreboot": os.path.join(args.programs, "rapidreboot"), "hold-locks": args.hold_locks}
    for path in programs.values():
        if not os.access(path, os.X_OK):
            sys.exit(f"{path} is not a program: build it first (make), or name one (--programs, --hold-locks)")
    images.fetch(["busybox", "kexec-tools", *(f"linux-{suite}" for suite in interference.SUITES)])
    os.makedirs(args.logs, exist_ok=True)
    print(f"# --reboots {args.reboots} --seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="rapidreboot-vm.") as folder, \
         open(os.path.join(args.logs, f"stress_{seed}.log"), "w", encoding="utf-8") as log:
        facts = run(steps, folder, programs, args.sabotage, log)
    failed = tell(steps, facts, [images.release(suite) for suite in interference.SUITES])
    if args.sabotage:
        missed = set(args.only) - set(failed)
        print(f"FAIL not found: {', '.join(missed)}" if missed else "ok   what was spoiled was found")
        return bool(missed)
    print(f"{len(steps) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
