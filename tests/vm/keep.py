#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that outlive fast reboots in memory that memmap=SIZE!START sets aside, under Debian's kernels.

    tests/vm/keep.py [--only PATTERN] [--programs DIR] [--logs DIR]

The first boot has the memory chosen. 64 MiB of random data are carried over ten fast reboots, loaded by
kexec_file_load(2), by kexec_load(2) and unpacked in turn, and compared each time. Then the machine is reset, which leaves
memory as it was in an emulator: nothing of it may be used, not even by the fast reboot after that.
"""

import argparse
import fnmatch
import os
import shutil
import sys

import cases
import disks
import guest
import images
import jobs
import vm

SUITES = ("bookworm", "sid")
FS_UUID = "0c3d2a54-98c1-4f0e-8a5d-5a6f5f1f2a77"
LIMIT, SILENT = 2400, 400  # seconds, of a machine that is emulated on a busy host
CMDLINE = f"console=ttyS0 panic=-1 {jobs.PATIENT}"
LAST = 11  # boot that the tenth fast reboot with data leads to
MODULES = ("drivers/nvdimm/libnvdimm", "drivers/nvdimm/nd_btt", "drivers/nvdimm/nd_e820", "drivers/nvdimm/nd_pmem")
JOB = """
for m in libnvdimm nd_btt nd_e820 nd_pmem; do
	[ ! -f /modules/$m.ko ] || must insmod /modules/$m.ko
done
until [ -b /dev/nvme0n1 ]; do sleep 1; done
mkdir -p /disk /var/lib
must mount -t ext4 /dev/nvme0n1 /disk
mkdir -p /disk/lib
must mount -o bind /disk/lib /var/lib
n=$(cat /disk/n 2> /dev/null || echo 0)
echo $((n + 1)) > /disk/n
say() { echo "@@ $n $*"; }
load() { must kexec -l $way --initrd=/disk/initrd --command-line="@CMDLINE@ $(cat /disk/word)" /disk/kernel; }

rapidreboot keep restore 2> /disk/said
say "restore $?: $(head -n 1 /disk/said)"
say "range $(grep -c 'Persistent Memory (legacy)' /proc/iomem)"
[ ! -e /tmp/kept/data ] || say "data $(sha256sum < /tmp/kept/data | cmp - /disk/sum && echo same)"
case $((n % 3)) in 1) way=-s ;; 2) way=-c ;; 0) way=--fast ;; esac
case $n in
0)
	rapidreboot keep setup 96M > /disk/word
	say "setup $? $(cat /disk/word)"
	;;
1)
	mkdir -p /tmp/kept/deep
	must dd if=/dev/urandom of=/tmp/kept/data bs=1M count=64 2> /dev/null
	chmod 640 /tmp/kept/data
	sha256sum < /tmp/kept/data > /disk/sum
	;;
esac
[ $n -lt $((@LAST@ + 2)) ] || { say end; sync; poweroff -f; sleep 60; }
load
if [ $n -ge 1 ] && [ $n -le @LAST@ ]; then
	say "mode $(stat -c %a /tmp/kept/data)"
	rapidreboot keep save 2> /disk/said
	say "save $?: $(head -n 1 /disk/said)"
fi
sync
[ $n != @LAST@ ] || echo b > /proc/sysrq-trigger
kexec -e
"""


def expected():
    """What each boot has to say, in order."""
    yield "@@ 0 restore 6: rapidreboot: the boot before saved nothing"
    yield "@@ 0 range 0"
    yield "@@ 0 setup 0 memmap=96M!"
    yield "@@ 1 restore 6: rapidreboot: the boot before saved nothing"
    for boot in range(1, LAST + 1):
        if boot > 1:
            yield f"@@ {boot} restore 0: rapidreboot: restored: 1 file, 2 directories, 0 links"
        yield f"@@ {boot} range 1"
        if boot > 1:
            yield f"@@ {boot} data same"
        yield f"@@ {boot} mode 640"
        yield f"@@ {boot} save 0: rapidreboot: saved: 1 file, 2 directories, 0 links"
    yield f"@@ {LAST + 1} restore 6: rapidreboot: what was kept is not used: this boot came through the firmware"
    yield f"@@ {LAST + 1} range 0"
    # the memory is there again, with all that the tenth boot put there
    yield f"@@ {LAST + 2} restore 6: rapidreboot: the boot before saved nothing"
    yield f"@@ {LAST + 2} range 1"
    yield f"@@ {LAST + 2} end"


def machine_files(suite, folder, programs):
    archive = guest.base(JOB.replace("@CMDLINE@", CMDLINE).replace("@LAST@", str(LAST)))
    for name, path in programs.items():
        guest.add_program(archive, f"sbin/{name}", path)
    for module in MODULES:
        guest.add_module(archive, suite, module)
    archive.directory("etc")
    archive.data("etc/rapidreboot.conf", "KEEP=/tmp/kept\n")
    initrd = archive.save(os.path.join(folder, "initrd"))
    tree = os.path.join(folder, "tree")
    os.mkdir(tree)
    for name, path in (("kernel", images.kernel(suite)), ("initrd", initrd)):
        shutil.copyfile(path, os.path.join(tree, name))
    return initrd, tree


def run(suite, folder, programs):
    initrd, tree = machine_files(suite, folder, programs)
    disk = disks.ext4(os.path.join(folder, "disk.img"), 128, tree, FS_UUID)
    machine = vm.Machine(extra=("-drive", f"if=none,id=d,file={disk},format=raw", "-device", "nvme,drive=d,serial=1"))
    return vm.run(machine, images.kernel(suite), initrd, CMDLINE, folder, LIMIT, silence=SILENT)


def faults(end):
    found = guest.failures(end.log)
    said = iter([line for line in end.log.splitlines() if line.startswith("@@ ")])
    for line in expected():
        if not any(there.startswith(line) for there in said):
            found.append(f"not there, or not in this place: {line}")
            break
    for boot in (0, 1, LAST + 1, LAST + 2):
        if f"@@ {boot} data" in end.log:
            found.append(f"boot {boot} has data")
    if end.reason != "poweroff":
        found.append(f"it ended by {end.reason}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="PATTERN")
    parser.add_argument("--programs", default=os.path.join(images.TOP, "build/bin"), metavar="DIR")
    parser.add_argument("--logs", default=os.path.join(images.TOP, "build/vm"), metavar="DIR")
    args = parser.parse_args()
    try:
        images.fetch([f"linux-{suite}" for suite in SUITES] + ["busybox"])
    except images.Missing as trouble:
        print(f"tests/vm/keep.py: {trouble}; nothing was tested", file=sys.stderr)
        return 1
    programs = {name: os.path.join(args.programs, name) for name in ("rapidreboot", "kexec")}
    chosen = [s for s in SUITES if not args.only or any(fnmatch.fnmatch(s, w) for w in args.only)]

    def start(suite, folder):
        end = run(suite, folder, programs)
        return end, faults(end)

    return cases.run("keep", chosen, args.logs, start)


if __name__ == "__main__":
    sys.exit(main())
