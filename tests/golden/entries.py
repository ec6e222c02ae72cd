#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compare `rapidreboot list --json` on trees of files with what the loaders' documents say.

entries.py RAPIDREBOOT [CASE…]: for each directory entries/CASE, the tree is root/, further options
are the lines of arguments, and every member of expected.json must be there with this value; lists
must be as long. {"contains": TEXT} stands for a string with TEXT in it.
"""
import json, pathlib, subprocess, sys

sys.dont_write_bytecode = True
from differences import differences  # noqa: E402


def check(program, case):
    arguments = case / "arguments"
    extra = arguments.read_text().splitlines() if arguments.exists() else []
    run = subprocess.run([program, "list", "--json", "--root", case / "root", *extra],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    if run.returncode != 0:
        return [f"exit status {run.returncode}: {run.stderr.strip()}"]
    expected = json.loads((case / "expected.json").read_text())
    return list(differences(expected, json.loads(run.stdout), ""))


here = pathlib.Path(__file__).parent / "entries"
cases = [here / name for name in sys.argv[2:]] or sorted(p for p in here.iterdir() if p.is_dir())
bad = 0
for case in cases:
    for line in check(sys.argv[1], case):
        print(f"{case.name}: {line}")
        bad += 1
print(f"{len(cases)} cases, {bad} differences")
sys.exit(bad > 0 or not cases)
