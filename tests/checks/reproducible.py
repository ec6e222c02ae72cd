#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds what is installed twice, in places, at times and under settings that differ, and compares it byte
by byte.

    reproducible.py ROOT [TARGET...]

With targets of ninja these are built and compared, and nothing is installed.
"""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

import clean_tree

# What a build could pick up: its path, time zone, language, permissions, number of jobs, name of the user, time.
# A cache of the compiler would give the second build the first one's objects.
WAYS = ({"TZ": "UTC", "LC_ALL": "C", "USER": "one"},
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "USER": "another"})
PLACES = ("tree", "a-longer/path/to/the/tree")
UMASKS = (0o022, 0o002)


def build(root, scratch, number, targets):
    """Digests of what is made: name -> digest and, of what is installed, whether it may be executed."""
    place, out = scratch / PLACES[number], scratch / f"out{number}"
    clean_tree.copy(root, place)
    env = {"PATH": os.environ["PATH"], "HOME": str(scratch), "CC": "gcc", "CCACHE_DISABLE": "1", **WAYS[number]}
    commands = [["meson", "setup", "build", "--werror", "-Dtests=false"],
                ["ninja", "-C", "build", "--quiet", "-j", str(number + 1), *targets]]
    if not targets:
        commands += [["meson", "install", "-C", "build", "--quiet", "--destdir", out]]
    before = os.umask(UMASKS[number])
    try:
        for command in commands:
            subprocess.run(command, cwd=place, env=env, check=True, stdout=subprocess.DEVNULL, timeout=3600)
    finally:
        os.umask(before)
    top = place / "build" if targets else out
    paths = [top / t for t in targets] or [p for p in sorted(out.rglob("*")) if p.is_file() and not p.is_symlink()]
    return {str(p.relative_to(top)): (hashlib.sha256(p.read_bytes()).hexdigest(), bool(p.stat().st_mode & 0o111))
            for p in paths}


def main():
    root, targets = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="reproducible.") as folder:
        first, second = (build(root, pathlib.Path(folder), number, targets) for number in range(2))
    differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    for name in differing:
        print(f"{name}: {'differs' if name in first and name in second else 'is there once only'}")
    if not targets and not any(name.endswith("/rapidreboot") for name in first):
        sys.exit("reproducible: nothing was installed")
    print(f"{len(first.keys() | second.keys()) - len(differing)} passed, {len(differing)} failed, 0 skipped")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
