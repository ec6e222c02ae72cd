#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files of the project by kind: C, other code, documents.

    tools/tree.py c|code|all    print the paths, one a line
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

C_SUFFIXES = {".c", ".h"}
CODE_SUFFIXES = C_SUFFIXES | {".S", ".lds", ".py", ".sh", ".scd", ".sym", ".bats", ".opts", ".in"}
CODE_NAMES = {"Makefile", "meson.build", "meson.options", "meson_options.txt"}
# Inputs of tests: their bytes are what they are.
DATA_DIRS = ("tests/golden/", "fuzz/corpus/", "tests/data/", "tests/cli/machines/")


def files(root=ROOT):
    """Every file that belongs to the project, as paths relative to its root."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
                            capture_output=True)
    if listed.returncode == 0:
        names = [n for n in listed.stdout.decode().split("\0") if n]
    else:   # an unpacked archive, or git refuses a folder of another user
        names = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
        names = [n for n in names if not n.startswith(("build/", ".git/")) and "__pycache__" not in n]
    return sorted(n for n in names if (root / n).is_file() and not (root / n).is_symlink())


def is_data(name):
    return name.startswith(DATA_DIRS)


def is_c(name):
    return pathlib.Path(name).suffix in C_SUFFIXES and not is_data(name)


def is_script(name, root=ROOT):
    with open(root / name, "rb") as f:
        return f.read(2) == b"#!"


def is_code(name, root=ROOT):
    path = pathlib.Path(name)
    return not is_data(name) and (path.suffix in CODE_SUFFIXES or path.name in CODE_NAMES
                                  or is_script(name, root))


KINDS = {"c": is_c, "code": is_code, "all": lambda name: True}

if __name__ == "__main__":
    for name in files():
        if KINDS[sys.argv[1]](name):
            print(name)
