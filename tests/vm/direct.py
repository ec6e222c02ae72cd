#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot --direct where there is no init system: a shell is process 1, or rapidreboot itself.

    tests/vm/direct.py [--only PATTERN] [--long] [--programs DIR] [--logs DIR]

The first kernel mounts an ext4 file system and writes to it; a process that ignores SIGTERM goes on
writing. After the second kernel has come up and switched the machine off, the file system has to be
clean: no journal to be replayed. The control case jumps with `kexec -e`, after which it is not.
"""

import argparse
import dataclasses
import fnmatch
import os
import subprocess
import sys

import cases
import disks
import guest
import images
import jobs
import own_kernels
import vm

FIRST, NEXT = "bookworm", "trixie"
LIMIT = 300  # seconds for one machine; on an idle one it takes 10
MARK = "written before the jump"
UUID = "9c1f0fb8-4c1c-4d0d-9a3e-5a1d5f2c7e12"
CMDLINE = f"console=ttyS0 panic=-1 quiet {jobs.PATIENT}"

# The writer has a file open for writing all the time, and is no child of the one that jumps.
WRITE = f"""
echo "{MARK}" > $disk/mark
trap_and_write() {{ trap '' TERM HUP; while :; do echo line; sleep 0.1; done > $disk/log; }}
trap_and_write &
sleep 1
"""
FIND = """
tries=0
until [ -b /dev/nvme0n1 ]; do
	tries=$((tries + 1))
	[ $tries -lt 30 ] || must false
	sleep 1
done
"""
MOUNT = FIND + "mkdir /disk; must mount -t ext4 /dev/nvme0n1 /disk; disk=/disk\n" + WRITE
SWITCH = FIND + """
mkdir /sysroot
must mount -t ext4 /dev/nvme0n1 /sysroot
mount --move /dev /sysroot/dev
umount /sys /proc
exec switch_root /sysroot /init
"""
# There are no modules for the next kernel: it needs none.
DIRECT = f'rapidreboot --direct --yes --force B3 --kernel /boot/kernel --initrd /boot/initrd --cmdline "{CMDLINE}"'
HOOK = """
mkdir -p /etc/rapidreboot/hooks.d
printf '#!/bin/sh\\n[ "$1" = pre-jump ] || exit 0\\necho "$1" >/disk/hook\\nexit %s\\n' > /etc/rapidreboot/hooks.d/10-test
chmod 755 /etc/rapidreboot/hooks.d/10-test
"""
BACK = '\necho "@@ failed it came back with $?"\n'


@dataclasses.dataclass
class Case:
    """@job runs in the initramfs, @root_job in the system on the disk, when that is the root."""

    name: str
    job: str
    root_job: str = ""
    clean: bool = True
    first: str = FIRST  # the suite whose kernel runs
    long: bool = False  # only with --long: its kernel has to be built
    hook: bool = False    # one wrote its stage to the disk
    resets: bool = False  # instead of starting the second kernel


CASES = [
    Case("shell", MOUNT + DIRECT + BACK),
    Case("busy", MOUNT + "cd /disk\n" + DIRECT + BACK),
    Case("process-1", MOUNT + "exec " + DIRECT + BACK),
    Case("root", SWITCH, "disk=\n" + WRITE + DIRECT + BACK),
    Case("root-process-1", SWITCH, "disk=\n" + WRITE + "exec " + DIRECT + BACK),
    Case("no-file-call", MOUNT + DIRECT + BACK, first="segments-only", long=True),
    Case("file-call-only", MOUNT + DIRECT + BACK, first="file-only", long=True),
    Case("hook", MOUNT + HOOK % 0 + DIRECT + BACK, hook=True),
    Case("hook-refuses", MOUNT + HOOK % 1 + DIRECT + BACK, hook=True, resets=True),
    Case("control", MOUNT + f'kexec -l /boot/kernel --initrd=/boot/initrd --command-line="{CMDLINE}"'
         "\nsync\nkexec -e" + BACK, clean=False),
]


def system(job, folder, programs):
    """An archive that runs @job with what it takes to start the next kernel."""
    archive = guest.base(job)
    following = guest.base('echo "@@ second"\n').save(os.path.join(folder, "next"))
    archive.file("boot/kernel", images.kernel(NEXT))
    archive.file("boot/initrd", following)
    for name, path in programs.items():
        guest.add_program(archive, f"sbin/{name}", path)
    return archive


def disk(case, folder, programs):
    tree = os.path.join(folder, "tree")
    os.mkdir(tree)
    if case.root_job:
        system(case.root_job, folder, programs).extract(tree)
    return disks.ext4(os.path.join(folder, "disk.img"), 128, tree, UUID)


def run(case, folder, programs):
    image = disk(case, folder, programs)
    initrd = system(case.job, folder, programs).save(os.path.join(folder, "first"))
    machine = vm.Machine(extra=("-drive", f"if=none,id=d,file={image},format=raw", "-device",
                                "nvme,drive=d,serial=1"))
    return image, vm.run(machine, images.kernel(case.first), initrd, CMDLINE, folder, LIMIT)


def tool(*argv):
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60,
                          check=False).stdout


def is_clean(image):
    head = tool("dumpe2fs", "-h", image)
    state = [line for line in head.splitlines() if line.startswith("Filesystem state:")]
    return len(state) == 1 and state[0].split()[2:] == ["clean"] and "needs_recovery" not in head


def problems(case, image, end):
    found = guest.failures(end.log)
    kernels = [line[len("@@ kernel "):] for line in end.log.splitlines()
               if line.startswith("@@ kernel ")]
    if end.reason != ("reset" if case.resets else "poweroff"):
        found.append(f"the machine ended by {end.reason}")
    came_up = len(set(kernels)) == 2 and kernels[-1].startswith(images.release(NEXT)) and "@@ second" in end.log
    if came_up == case.resets:
        found.append(f"the kernels that came up: {kernels}")
    if case.hook and tool("debugfs", "-R", "cat /hook", image) != "pre-jump\n":
        found.append("the hook did not run while file systems were there")
    if is_clean(image) != case.clean:
        found.append("the file system is " + ("not " if case.clean else "") + "clean")
    if case.clean and tool("debugfs", "-R", "cat /mark", image) != MARK + "\n":
        found.append("what was written is not there")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="PATTERN")
    parser.add_argument("--long", action="store_true",
                        help="kernels as well that have to be built first")
    parser.add_argument("--programs", default=os.path.join(images.TOP, "build/bin"), metavar="DIR",
                        help="where kexec and rapidreboot are (default: build/bin)")
    parser.add_argument("--logs", default=os.path.join(images.TOP, "build/vm"), metavar="DIR")
    args = parser.parse_args()
    programs = {name: os.path.join(args.programs, name) for name in ("kexec", "rapidreboot")}
    for path in programs.values():
        if not os.access(path, os.X_OK):
            sys.exit(f"{path} is not a program: build it first (make), or name one (--programs)")
    chosen = [case for case in CASES if args.long or args.only or not case.long]
    if args.only:
        chosen = [case for case in chosen
                  if any(fnmatch.fnmatch(case.name, f"*{word}*") for word in args.only)]
    images.fetch(["busybox", f"linux-{FIRST}", f"linux-{NEXT}"])
    own_kernels.ensure([case.first for case in chosen if case.first in own_kernels.KERNELS])
    by_name = {case.name: case for case in chosen}

    def start(name, folder):
        image, end = run(by_name[name], folder, programs)
        return end, problems(by_name[name], image, end)

    return cases.run("direct", list(by_name), args.logs, start)


if __name__ == "__main__":
    sys.exit(main())
