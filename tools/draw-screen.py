#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A picture of a terminal for documents: the text of a file of tests/cli/screens as SVG, on standard output.

    draw-screen.py SCREEN TITLE

Lines that begin with "> " are what is chosen, and are shown reversed, as the menu does. Several empty lines become one."""
import re
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT, BORDER = 8.4, 19, 14     # of a character of 14 pixels, of a line, around all
BACK, FORE = "#1b1f24", "#e6e8ea"


def draw(text, title):
    lines = re.sub(r"\n{3,}", "\n\n", text.rstrip("\n")).split("\n")
    columns = max(len(line) for line in lines)
    width, height = round(columns * WIDTH + 2 * BORDER), len(lines) * HEIGHT + 2 * BORDER
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
           'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" role="img">')
    yield f"<title>{escape(title)}</title>"
    yield f'<rect width="{width}" height="{height}" rx="6" fill="{BACK}"/>'
    for number, line in enumerate(lines):
        top = BORDER + number * HEIGHT
        chosen = line.startswith("> ")
        if chosen:
            yield f'<rect x="{BORDER}" y="{top}" width="{width - 2 * BORDER}" height="{HEIGHT}" fill="{FORE}"/>'
        if line:
            length = round(len(line) * WIDTH, 1)
            yield (f'<text x="{BORDER}" y="{top + 14}" textLength="{length}" lengthAdjust="spacingAndGlyphs" '
                   f'xml:space="preserve" fill="{BACK if chosen else FORE}">{escape(line)}</text>')
    yield "</svg>"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as screen:
        print("\n".join(draw(screen.read(), sys.argv[2])))
