#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library exports what its header declares and its version script lists, and nothing else.

    symbols.py LIBKEXEC.SO LIBKEXEC.SYM LIBKEXEC.H

Also: it never exits, prints, reads the environment, or calls what cannot be called safely.
"""
import pathlib
import re
import subprocess
import sys

EXPORTED_MAX = 40
FORBIDDEN = set("""
    exit _exit _Exit quick_exit abort atexit
    printf vprintf fprintf vfprintf dprintf puts fputs putchar perror stdout stderr
    __printf_chk __vprintf_chk __fprintf_chk __vfprintf_chk __dprintf_chk
    syslog err errx warn warnx error
    getenv secure_getenv setenv putenv unsetenv environ setlocale
    strcpy strcat sprintf vsprintf __sprintf_chk __strcpy_chk __strcat_chk strtok gets alloca
    strtol strtoul strtoll strtoull atoi atol atoll fscanf scanf
    system popen execve execvp execl fork vfork signal sigaction
""".split())
# What only src/confined/reader.c may call: it starts the child that unpacks, and sets signals there.
IN_CHILD = {"fork", "sigaction"}
READER = "confined_reader.c.o"


def nm(*arguments):
    lines = subprocess.run(["nm", "-D", *arguments], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    # "0000 T name@@VERSION", "U name@GLIBC_2.2.5"; the version node itself is of type A
    fields = [line.split() for line in lines]
    return {f[-1].partition("@")[0] for f in fields if f[-2] != "A"}


def names_of_sym(path):
    """The names in the global: sections of a version script."""
    text = re.sub(r"/\*.*?\*/|#[^\n]*", "", open(path).read(), flags=re.S)
    names = set()
    for section in re.findall(r"global:(.*?)(?:local:|\})", text, re.S):
        names |= {n.strip() for n in section.split(";") if n.strip()}
    return names


def names_of_header(path):
    """Functions that the header declares: kx_ names before a bracket, outside comments."""
    text = re.sub(r"/\*.*?\*/", "", open(path).read(), flags=re.S)
    text = re.sub(r"^\s*#.*(?:\\\n.*)*", "", text, flags=re.M)
    return set(re.findall(r"(?<!\(\*)\b(kx_\w+)\s*\(", text))


def undefined(path):
    lines = subprocess.run(["nm", "--undefined-only", path], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return {line.split()[-1] for line in lines if line.strip()}


def outside_of_reader(build):
    objects = [*build.glob("libkexec-core.a.p/*.o"), *build.glob("sys/libsys-linux.a.p/*.o")]
    if READER not in {path.name for path in objects}:
        yield f"{READER} is not among the objects in {build}"
    for path in objects:
        if path.name != READER:
            yield from (f"{n} must not be used by {path.name}" for n in sorted(undefined(path) & IN_CHILD))


def main():
    library, sym, header = sys.argv[1:4]
    exported, listed, declared = nm("--defined-only", library), names_of_sym(sym), names_of_header(header)
    failures = []
    for a, name_a, b, name_b in ((exported, "exported", listed, "in the version script"),
                                 (listed, "in the version script", exported, "exported"),
                                 (exported, "exported", declared, "declared in the header"),
                                 (declared, "declared in the header", exported, "exported")):
        failures += [f"{n} is {name_a} but not {name_b}" for n in sorted(a - b)]
    failures += [f"{n} does not begin with kx_" for n in sorted(exported) if not n.startswith("kx_")]
    if len(exported) > EXPORTED_MAX:
        failures.append(f"{len(exported)} symbols are exported, more than {EXPORTED_MAX}")
    called = nm("--undefined-only", library)
    failures += [f"{n} must not be used by library code" for n in sorted(called & FORBIDDEN - IN_CHILD)]
    if called & IN_CHILD:
        failures += outside_of_reader(pathlib.Path(library).parent)
    for failure in failures:
        print(f"{library}: {failure}")
    print(f"{len(exported)} symbols exported")
    return 1 if failures or not exported else 0


if __name__ == "__main__":
    sys.exit(main())
