#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures and pictures of the documents are those that something shows.

    figures.py ROOT

Rows of README.md and docs/comparison.md with figures of the bench have them from the row of docs/speed.md; docs/menu.svg is
the screen that tests/cli/test-rapidreboot-screens.py compares; each picture is XML, and nothing in it is fetched."""
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

import tally
from tally import check

FIGURE = re.compile(r"\b\d+\.\d{3}\b")
# What a row says -> the row of docs/speed.md.
WAYS = {"kexec -c": "-c", "kexec --fast": "--fast", "kexec-tools, kexec_load": "-c", "kexec-tools, kexec_file_load": "-s"}
RAMDISKS = {"initramfs with all modules": "modules, zstd, ", "initramfs with one program": "tiny, "}


def cells(line):
    return [re.sub(r"[`*]| \(.*?\)", "", cell).strip() for cell in line.strip().strip("|").split("|")]


def measured(root):
    """name of a row -> {column: figure}"""
    lines = (root / "docs/speed.md").read_text().splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("| Linux, initrd, way "))
    rows = {}
    for line in lines[head + 2:]:
        if not line.startswith("|"):
            return rows
        name, _, load, their_load, blackout, their_blackout, *_ = cells(line)
        rows[name] = {"load": load, "their load": their_load, "blackout": blackout, "their blackout": their_blackout}


def compare(rows, text, name):
    """Tables of two kinds: ways in the head, or ways in the first column."""
    n = 0
    lines = text.splitlines()
    for i, line in enumerate(lines[:-2]):
        if not line.startswith("|") or not lines[i + 1].startswith("|--"):
            continue
        head = cells(line)
        for row in lines[i + 2:]:
            if not row.startswith("|"):
                break
            first, *figures = cells(row)
            if not any(FIGURE.fullmatch(figure) for figure in figures):
                continue
            for column, figure in zip(head[1:], figures):
                if first in WAYS:   # a table of one initramfs, which its head names
                    ours = rows["7.2, modules, zstd, " + WAYS[first]]
                    want = ours[("their " if first.startswith("kexec-tools") else "") + column]
                else:
                    kind = next(RAMDISKS[word] for word in RAMDISKS if word in first)
                    want = rows[f"7.2, {kind}-c"]["their blackout"] if column == "kexec-tools" else \
                        rows[f"7.2, {kind}{WAYS[column]}"]["blackout"]
                check(figure == want, f"{name}: {first}, {column}: {figure}, measured was {want}")
                n += 1
    check(n > 0, f"{name}: no figures were found")


def main():
    root = pathlib.Path(sys.argv[1])
    rows = measured(root)
    for name in ("README.md", "docs/comparison.md"):
        compare(rows, (root / name).read_text(), name)
    drawn = subprocess.run([root / "tools/draw-screen.py", root / "tests/cli/screens/menu-80.txt", "rapidreboot menu"],
                           capture_output=True, text=True, check=True, timeout=60).stdout
    check((root / "docs/menu.svg").read_text() == drawn, "docs/menu.svg: tools/draw-screen.py draws another one of menu-80.txt")
    pictures = sorted((root / "docs").glob("*.svg"))
    for picture in pictures:
        text = picture.read_text()
        xml.etree.ElementTree.fromstring(text)
        check(not re.search(r"<script|href=|url\(|<image", text), f"{picture.name} fetches something")
    pages = "".join(page.read_text() for page in [root / "README.md", *(root / "docs").glob("*.md")])
    for picture in pictures:
        check(f"{picture.name})" in pages, f"{picture.name} is in no page")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
