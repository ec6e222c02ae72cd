# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the pictures of docs/speed.md from its own tables, each as one SVG without anything else in need."""

import re
import xml.sax.saxutils

LABEL, BAR, ROW, GAP, WIDTH, TOP_EDGE = 270, 13, 16, 10, 900, 44
PARTS = (("until the next kernel's first instruction", "#d9822b"), ("next kernel", "#3b78a8"))
WHOLE = ("not divided", "#9aa0a6")
STEPS = (("services still run", "#7aa874"), ("they stop", "#d9822b"), ("reboot(2) to the next systemd", "#3b78a8"),
         ("services start", "#8e5ea2"))


def number(cell):
    """The figure of a cell of a table, without its goal; None where there is none."""
    found = re.match(r"\**(-?\d+(?:\.\d+)?)", cell)
    return float(found[1]) if found else None


def text(x, y, words, anchor="start", size=12):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}">'
            f"{xml.sax.saxutils.escape(words)}</text>")


def drawing(title, legend, body, height):
    """The whole SVG."""
    x, head = 20.0, []
    for words, colour in legend:
        head.append(f'<rect x="{x:.0f}" y="22" width="11" height="11" fill="{colour}"/>')
        head.append(text(x + 15, 32, words, size=11))
        x += 36 + 6.2 * len(words)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        text(20, 14, title, size=13), *head, *body, "</svg>", ""])


def bar(y, parts, scale, words):
    """@parts: (length, colour) one after the other."""
    x = float(LABEL)
    for length, colour in parts:
        yield f'<rect x="{x:.1f}" y="{y}" width="{max(length * scale, 0.5):.1f}" height="{BAR}" fill="{colour}"/>'
        x += length * scale
    yield text(x + 5, y + BAR - 2, words, size=11)


def rungs(rows):
    """@rows: the cells of the table of rungs. Two bars each: ours, and kexec-tools' below."""
    scale = (WIDTH - LABEL - 130) / max(number(cell) or 0 for row in rows for cell in row[4:6])
    body, y = [], TOP_EDGE
    for name, _, _, _, ours, theirs, before, *_ in rows:
        blackout, other, first = number(ours), number(theirs), number(before)
        bars = []
        if blackout is not None:
            parts = ([(blackout, WHOLE[1])] if first is None else
                     [(first, PARTS[0][1]), (blackout - first, PARTS[1][1])])
            bars.append((parts, f"{blackout:.2f} rapidreboot"))
        if other is not None:
            bars.append(([(other, WHOLE[1])], f"{other:.2f} kexec-tools"))
        body.append(text(LABEL - 8, y + BAR * len(bars) / 2 + 6, name, "end"))
        for parts, words in bars:
            body += bar(y, parts, scale, words)
            y += ROW
        y += GAP
    return drawing("Blackout in thousand million instructions", [*PARTS, WHOLE], body, y)


def steps(cells):
    """(length, colour) of what lies between the points of a reboot. Around one that is not known it is one length."""
    before, whole = 0.0, False
    for cell, (_, colour) in zip(cells, STEPS):
        at = number(cell)
        if at is not None:
            yield at - before, WHOLE[1] if whole else colour
            before = at
        whole = at is None


def systems(tables):
    """@tables: (title, rows of cells) of each machine."""
    scale = (WIDTH - LABEL - 60) / max(number(row[4]) for _, rows in tables for row in rows)
    body, y = [], TOP_EDGE
    for title, rows in tables:
        body.append(text(LABEL, y + BAR - 2, title))
        y += ROW
        for name, *cells in rows:
            body.append(text(LABEL - 8, y + BAR - 2, name, "end", 11))
            body += bar(y, list(steps(cells)), scale, f"{number(cells[3]):.2f}")
            y += ROW
        y += GAP
    return drawing("From the command to multi-user.target, in seconds of 10^9 instructions", [*STEPS, WHOLE], body, y)
