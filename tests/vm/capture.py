#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Captures virtual machines with tools/capture-machine into tests/golden/machines/.

The captures are inputs of golden plans; they are made once and kept in the tree, because a plan
is only reproducible against a fixed machine. Run again with names to make them anew.
"""

import argparse
import base64
import io
import os
import shutil
import sys
import tarfile
import tempfile

import guest
import images
import vm

MACHINES = os.path.join(images.TOP, "tests/golden/machines")
JOB = """
{command}
tar -C /tmp -c machine | gzip -9 > /tmp/machine.tgz
section capture base64 /tmp/machine.tgz
"""
AS_ROOT = "must capture-machine /tmp/machine"
AS_NOBODY = ("chmod 1777 /tmp; must su nobody -s /bin/sh -c 'capture-machine /tmp/machine'")

# Every other page of the first megabytes above 256 MiB reserved: 2 ranges an entry.
FRAGMENTED = " memmap=" + ",".join(f"4K${256 + i}M" for i in range(190))

# name: (suite, machine, command, addition to the kernel command line)
CAPTURES = {
    "qemu-bios-3g": ("bookworm", vm.Machine(memory="3G", cpus=2), AS_ROOT, ""),
    "qemu-bios-6g": ("trixie", vm.Machine(memory="6G", cpus=2), AS_ROOT, ""),
    "qemu-uefi-3g": ("sid", vm.Machine(memory="3G", cpus=2, firmware="uefi"), AS_ROOT, ""),
    "qemu-uefi-6g-crash": ("bookworm", vm.Machine(memory="6G", cpus=4, firmware="uefi"), AS_ROOT,
                           " crashkernel=256M"),
    "qemu-many-ranges": ("bookworm", vm.Machine(memory="3G"), AS_ROOT, FRAGMENTED),
    "qemu-unprivileged": ("bookworm", vm.Machine(memory="3G"), AS_NOBODY, ""),
}


def capture(name):
    suite, machine, command, words = CAPTURES[name]
    archive = guest.base(JOB.format(command=command))
    archive.file("bin/capture-machine", os.path.join(images.TOP, "tools/capture-machine"), 0o755)
    archive.data("etc/passwd", "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
    with tempfile.TemporaryDirectory() as folder:
        initrd = archive.save(os.path.join(folder, "initrd"))
        firmware = images.firmware_dir() if machine.firmware == "uefi" else None
        end = vm.run(machine, images.kernel(suite), initrd, "console=ttyS0 panic=-1 quiet" + words,
                     folder, 180, firmware)
    text = guest.sections(end.log).get("capture")
    if not text:
        raise RuntimeError(f"{name}: no capture came out ({end.reason}):\n{end.log[-2000:]}")
    target = os.path.join(MACHINES, name)
    shutil.rmtree(target, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text))) as tar:
        for member in tar.getmembers():
            member.name = os.path.relpath(member.name, "machine")
            member.mode = 0o755 if member.isdir() else 0o644
            tar.extract(member, target, filter="data")
    print(f"{name}: captured in {end.seconds:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", help=", ".join(CAPTURES))
    args = parser.parse_args()
    images.fetch(["busybox", "ovmf"] + [f"linux-{suite}" for suite in images.SUITES])
    for name in args.names or CAPTURES:
        capture(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
