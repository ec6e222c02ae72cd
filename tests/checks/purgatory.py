#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A purgatory must run wherever it is copied to: no relocation, no GOT, nothing left undefined.

    purgatory.py PURGATORY.ELF...
"""
import re
import subprocess
import sys


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True,
                          text=True).stdout


def problems(path):
    if "There are no relocations" not in readelf("-r", path):
        yield "has relocations"
    for name, size in re.findall(r"\]\s+(\.\S+)\s+\S+\s+\S+\s+\S+\s+(\S+)", readelf("-S", path)):
        # An entry of the GOT is a relocation as well; what ld for aarch64 reserves there without one is not loaded.
        reserved = 32 if name == ".got" else 0
        if name.startswith((".got", ".plt", ".dynamic", ".interp")) and int(size, 16) > reserved:
            yield f"has a section {name} of {int(size, 16)} bytes"
    for line in readelf("-s", path).splitlines():
        fields = line.split()
        if len(fields) == 8 and fields[6] == "UND" and fields[7]:
            yield f"leaves {fields[7]} undefined"
    loads = [line for line in readelf("-l", path).splitlines() if line.split()[:1] == ["LOAD"]]
    if not loads:
        yield "has nothing to load"


def main():
    failures = [f"{path}: {why}" for path in sys.argv[1:] for why in problems(path)]
    print("\n".join(failures))
    return 1 if failures or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
