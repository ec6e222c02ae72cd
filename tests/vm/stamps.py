#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the purgatory's stamps with a clock outside of the machine.

The purgatory says on the serial line that it starts the kernel, and stamps the time-stamp counter
right before and after that. This host sees the line by its own clock, and the stamps that a program
writes to QEMU's debug console before the jump and as the next /init: two points that fix how fast the
counter runs. What the purgatory wrote down has to lie where this host saw it.
"""

import argparse
import dataclasses
import os
import sys
import tempfile

import guest
import images
import initramfs
import stamp as stamping
import vm

SUITE = "sid"
LINE = "rapidreboot: starting the kernel"
LIMIT = 300
TOLERANCE = 0.3  # seconds that this host may see a line late, when it has much else to do
SHARE = 0.03  # of the blackout, besides

JOB = """
must kexec -c -l --console-serial /boot/kernel --command-line="console=ttyS0 panic=-1" \
	--initrd=/boot/initrd
sleep 2
stamp start
sleep 5
stamp jump
echo "@@ failed the jump came back"
"""


def first_initrd(kexec, stamp, folder):
    following = initramfs.Archive()
    following.char_device("dev/console", 5, 1)
    following.file("init", stamp, 0o755)
    archive = guest.base(JOB)
    guest.add_kexec(archive, kexec)
    archive.file("bin/stamp", stamp, 0o755)
    archive.file("boot/kernel", images.kernel(SUITE))
    archive.file("boot/initrd", following.save(os.path.join(folder, "next")))
    return archive.save(os.path.join(folder, "first"))


def problems(stamps, seen):
    """Sentences about stamps that this host did not see at their time."""
    wanted = ("start", "jump", "purgatory-entry", "purgatory-checked", "purgatory-exit", "init")
    missing = [name for name in wanted if name not in stamps]
    if missing or LINE not in seen:
        yield f"not written: {', '.join(missing) or LINE}"
        return
    order = [stamps[name] for name in wanted]
    if order != sorted(order):
        yield f"the stamps are out of order: {order}"
    rate = (stamps["init"] - stamps["start"]) / (seen["init"] - seen["start"])
    blackout = (stamps["init"] - stamps["jump"]) / rate
    allowed = TOLERANCE + SHARE * blackout
    for name, at in (("jump", seen["jump"]), ("purgatory-checked", seen[LINE]),
                     ("purgatory-exit", seen[LINE])):
        late = at - seen["start"] - (stamps[name] - stamps["start"]) / rate
        print(f"# {name}: {late * 1000:+.0f} ms by this host's clock")
        if abs(late) > allowed:
            yield f"{name}: {late:.3f} s off, of a blackout of {blackout:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--kexec", default=os.path.join(images.TOP, "build/bin/kexec"))
    args = parser.parse_args()
    images.fetch(["busybox", f"linux-{SUITE}"])
    with tempfile.TemporaryDirectory(prefix="rapidreboot-vm.") as folder:
        console = os.path.join(folder, "debugcon")
        initrd = first_initrd(args.kexec, stamping.build(folder), folder)
        machine = dataclasses.replace(vm.Machine(), extra=("-debugcon", f"file:{console}"))
        watch = stamping.Watch(console, os.path.join(folder, "vm.log"))
        end = vm.run(machine, images.kernel(SUITE), initrd, "console=ttyS0 panic=-1 quiet", folder,
                     LIMIT)
        found = list(problems(stamping.read(console), watch.stop()))
    for sentence in found:
        print(f"     {sentence}")
    if found:
        print(end.log[-1000:])
    print(f"{'FAIL' if found else 'ok  '} stamps\n{int(not found)} passed, {len(found)} failed, "
          "0 skipped")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
