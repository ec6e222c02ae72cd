#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was built is hardened, and commands need nothing but libc at run time.

    binaries.py FILE...

A FILE is a command, a shared library (*.so*) or a static library (*.a), for any architecture: only
readelf looks at it. An exit initramfs copies a command alone: any other shared library would strand the
machine. Whether a processor checks jumps of the whole program depends on every library that is linked in,
so of that only our own objects are asked.
"""
import os
import re
import stat
import subprocess
import sys

LIBC = re.compile(r"^(libc\.so\.6|libc\.musl-\w+\.so\.1|ld-(linux|musl)[\w.-]*)$")
# How each architecture marks an object whose jumps and returns the processor can check.
JUMPS_CHECKED = {"X86-64": {"IBT", "SHSTK"}, "AArch64": {"BTI", "PAC"}}
# Addresses that only a program at a fixed place can have: of x86-64, AArch64 and RISC-V.
ABSOLUTE = re.compile(r"\b(R_X86_64_(?:8|16|32|32S)|R_AARCH64_(?:ABS(?:16|32)|MOVW_UABS_\w+)|R_RISCV_HI20)\s")


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True,
                          text=True).stdout


def calls_guarded(*paths):
    """By the functions that are called: those of the stack protector, and those of FORTIFY_SOURCE."""
    names = set(re.findall(r"\bUND\s+(\w+)", readelf("-s", *paths)))
    if not names & {"__stack_chk_fail", "__stack_chk_fail_local", "__stack_chk_guard"}:
        yield "no stack protector"
    # musl has no such calls
    if "libc.musl" not in readelf("-d", *paths) and not any(re.fullmatch(r"__(?!stack)\w+_chk", n) for n in names):
        yield "no call that FORTIFY_SOURCE checks"


def linked(path):
    dynamic, segments = readelf("-d", path), readelf("-l", path)
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        yield "has a library search path of its own"
    if "DYN" not in readelf("-h", path).partition("Type:")[2].split("\n")[0]:
        yield "is not position independent"
    if "(TEXTREL)" in dynamic or re.search(r"\(FLAGS\).*TEXTREL", dynamic):
        yield "has text that is relocated"
    if "GNU_RELRO" not in segments:
        yield "has no part that is read-only after relocation"
    if not re.search(r"\(BIND_NOW\)|\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*\bNOW\b", dynamic):
        yield "is not bound at its start, so RELRO is not full"
    if not re.search(r"GNU_STACK\s.*\bRW\s", segments):
        yield "has an executable stack"
    if re.search(r"LOAD\s.*\bRWE\b", segments):
        yield "has memory that is writable and executable"


def command(path):
    if not stat.S_ISREG(os.lstat(path).st_mode):
        yield "is not a regular file"
    for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", path)):
        if not LIBC.match(needed):
            yield f"needs {needed}"
    yield from linked(path)


def members(text):
    """(object, what readelf says of it) of an archive, also of a thin one."""
    parts = re.split(r"^File: .*[\[(](.*)[\])]$", text, flags=re.M)
    return zip(parts[1::2], parts[2::2])


def archive(path):
    path = os.path.realpath(path)
    machines = set(re.findall(r"Machine:\s+(.*)", readelf("-h", path)))
    wanted = set().union(*(marks for name, marks in JUMPS_CHECKED.items()
                           if any(name in machine for machine in machines)))
    n = 0
    for name, text in members(readelf("-n", path)):
        n += 1
        found = set(re.findall(r"\w+", " ".join(re.findall(r"feature: (.*)", text))))
        if wanted - found:
            yield f"{name} is not marked with {', '.join(sorted(wanted - found))}"
    if n == 0:
        yield "has no objects"
    for name, text in members(readelf("-r", path)):
        for section in re.split(r"^Relocation section ", text, flags=re.M)[1:]:
            # debugging information has plain offsets into itself
            if not re.match(r"'\.rela?\.debug", section) and (bad := ABSOLUTE.search(section)):
                yield f"{name} is not position independent: {bad[1]}"
                break


def problems(path):
    if path.endswith(".a"):
        return archive(path)
    return linked(path) if ".so" in os.path.basename(path) else command(path)


def failures(paths):
    found = [f"{path}: {why}" for path in paths for why in problems(path)]
    # Small rooms call nothing that is checked, and a command has such calls from libraries of others.
    groups = [[p for p in paths if p.endswith(".a")], *([p] for p in paths if not p.endswith(".a"))]
    # One that has libc in it calls nothing by name.
    groups = [g for g in groups if g and (len(g) > 1 or g[0].endswith(".a") or "(NEEDED)" in readelf("-d", g[0]))]
    return found + [f"{' '.join(group)}: {why}" for group in groups for why in calls_guarded(*group)]


def main():
    found = failures(sys.argv[1:])
    print("\n".join(found))
    print(f"{len(sys.argv) - 1} files looked at")
    return 1 if found or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
