#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pictures of docs/speed.md show what its tables say: pictures.py ROOT

bench/page.py --check says so of the tree, and has to say no of copies in which a figure is another one, a row is
missing, or a picture is an older one.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FILES = ("docs/speed.md", "docs/speed.svg", "docs/systems.svg")


def figure(tree):
    page = tree / "docs/speed.md"
    page.write_text(re.sub(r"(zero-copy \| \S+ .*?\| )1\.", r"\g<1>2.", page.read_text(), count=1))


def row(tree):
    page = tree / "docs/speed.md"
    page.write_text(re.sub(r"(?m)^\| systemctl reboot \|.*\n", "", page.read_text(), count=1))


def old(tree):
    picture = tree / "docs/systems.svg"
    picture.write_text(picture.read_text().replace("rapidreboot", "rapid", 1))


def status(root, tree):
    command = [sys.executable, root / "bench/page.py", "--check", "--top", tree]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
    print("# " + done.stdout.strip().replace("\n", "\n# "))
    return done.returncode, done.stdout


def main():
    root = pathlib.Path(sys.argv[1])
    failed = 0
    print("1..4")
    for number, (name, change, wanted) in enumerate((
            ("as they are", None, ()), ("another figure", figure, ("docs/speed.svg",)),
            ("a row less", row, ("docs/systems.svg",)), ("an older picture", old, ("docs/systems.svg",))), 1):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            (tree / "docs").mkdir()
            for file in FILES:
                shutil.copyfile(root / file, tree / file)
            if change:
                change(tree)
            code, said = status(root, tree)
        good = code == bool(wanted) and all(file in said for file in wanted)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
