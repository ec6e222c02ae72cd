#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs in other languages make the plan that kexec makes of the same machine and kernel.

    bindings.py KEXEC LIBRARY PROGRAM...

What kexec says is checked against the machine's own files by tests/golden/plans.py.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import tally
from tally import check

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/golden"))
import plans    # noqa: E402 pylint: disable=wrong-import-position

MACHINES = ("qemu-bios-6g", "qemu-uefi-3g", "qemu-many-ranges")


def run(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False, **options)


def compare(kexec, library, program):
    env = {**os.environ, "LIBKEXEC": library}
    for machine in MACHINES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            plans.make_root(machine, root)
            wanted = run(kexec, "--root", root, "--dry-run", "--json", "-c", "-l", "/bzImage", "--initrd=/initrd",
                         "--append=quiet")
            got = run(program, "--root", root, "/bzImage", "/initrd", "quiet", env=env)
            segments = json.loads(wanted.stdout)["plan"]["segments"]
            lines = [f"{s['start']:#x} {s['end']:#x} {s['name']}" for s in segments]
            check(lines and got.returncode == 0 and got.stdout.splitlines()[1:] == lines,
                  f"{program} on {machine}: {got}, not {lines}")
            check(got.stdout.startswith("bzImage"), f"{program} on {machine}: {got.stdout}")
            got = run(program, "--root", root, "/nothing", env=env)
            check(got.returncode == 1 and "/nothing" in got.stderr, f"{program}, no such file: {got}")
    check(run(program, env=env).returncode == 2, f"{program} without words")


def main():
    for program in sys.argv[3:]:
        compare(sys.argv[1], sys.argv[2], program)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
