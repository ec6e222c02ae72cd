#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands need nothing but libc at run time, and harden what the linker can harden.

    binaries.py COMMAND...

An exit initramfs copies the binary alone: any other shared library would strand the machine.
"""
import os
import re
import stat
import subprocess
import sys

LIBC = re.compile(r"^(libc\.so\.6|libc\.musl-\w+\.so\.1|ld-(linux|musl)[\w.-]*)$")


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True,
                          text=True).stdout


def problems(path):
    if not stat.S_ISREG(os.lstat(path).st_mode):
        yield "is not a regular file"
    dynamic = readelf("-d", path)
    for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not LIBC.match(needed):
            yield f"needs {needed}"
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        yield "has a library search path of its own"
    if "DYN" not in readelf("-h", path).partition("Type:")[2].split("\n")[0]:
        yield "is not position independent"
    for line in readelf("-l", path).splitlines():
        if "GNU_STACK" in line and "RWE" in line:
            yield "has an executable stack"


def main():
    failures = [f"{path}: {why}" for path in sys.argv[1:] for why in problems(path)]
    print("\n".join(failures))
    print(f"{len(sys.argv) - 1} commands looked at")
    return 1 if failures or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
