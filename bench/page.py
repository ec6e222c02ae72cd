#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the figures of bench/run.py into docs/speed.md, and draws docs/speed.svg.

The page keeps what stands outside of its two marks; the plot is one file without anything else in
need. Every row of build/bench.json appears, in its order.
"""

import argparse
import json
import os
import sys
import xml.sax.saxutils

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
START, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
PARTS = (("shutdown_and_copy", "old kernel stops, copies", "#d9822b"),
         ("digest", "check", "#8e5ea2"), ("kernel", "new kernel", "#3b78a8"))
WHOLE = ("blackout, not divided", "#9aa0a6")
LABEL, BAR, ROW, GAP, WIDTH, TOP_EDGE = 250, 13, 16, 10, 900, 44


def giga(count):
    return "–" if count is None else f"{count / 1e9:.3f}"


def mega(count):
    return "–" if count is None else f"{count / 1e6:.1f}"


def goal(value):
    return "" if value is None else f" (≤ {value:g})"


def mechanics(result):
    """The part of the blackout that depends on the loader: until the next kernel's first
    instruction."""
    if "kernel" not in result:
        return None
    return result["shutdown_and_copy"] + result["digest"]


def pairs(rows):
    """[(ours, theirs)] of each case; either may be None."""
    found = {}
    for row in rows:
        pair = found.setdefault((row["kernel"], row["case"]), [None, None])
        pair[row["by"] != "rapidreboot"] = row
    return list(found.values())


def cell(row, show):
    return "–" if row is None else show(row["result"])


def table(facts):
    yield ("| Linux, initrd, way | rung | load | kexec-tools | blackout | kexec-tools | "
           "of it before the next kernel | MB moved | kexec-tools | MB of memory beyond the image | "
           "kexec-tools |")
    yield "|" + "---|" * 11
    for ours, theirs in pairs(facts["rows"]):
        row = ours or theirs
        load, blackout = row["targets"]
        memory = [cell(one, lambda r: mega(r.get("peak_beyond_image"))) for one in (ours, theirs)]
        yield "| " + " | ".join((
            f"{row['kernel']}, {row['case']}", cell(ours, lambda r: r.get("rung") or "–"),
            cell(ours, lambda r: giga(r["load"])) + goal(load),
            cell(theirs, lambda r: giga(r["load"])),
            cell(ours, lambda r: giga(r["blackout"])) + goal(blackout),
            cell(theirs, lambda r: giga(r["blackout"])),
            cell(ours, lambda r: giga(mechanics(r))),
            cell(ours, lambda r: mega(r["segment_bytes"])),
            cell(theirs, lambda r: mega(r["segment_bytes"])), *memory)) + " |"


def wall(facts):
    """Rows that were run by the clock on the wall as well."""
    rows = [pair for pair in pairs(facts["rows"])
            if "wall_blackout" in (pair[0] or pair[1])["result"]]
    if not rows:
        yield "No seconds were measured with these figures (`bench/run.py --wall`)."
        return
    loads = [row["result"]["host_load"] for pair in rows for row in pair
             if row and "host_load" in row["result"]]
    busy = f", a load of {max(loads):.1f} for each processor" if loads else ""
    yield (f"Seconds on the wall, with every processor emulated by QEMU on {facts['host_cpu']}"
           f"{busy}:")
    yield ""
    yield "| Linux, initrd, way | load | kexec-tools | blackout | kexec-tools |"
    yield "|" + "---|" * 5
    for ours, theirs in rows:
        row = ours or theirs
        seconds = [cell(one, lambda r, k=key: f"{r[k]:.1f}" if k in r else "–")
                   for key in ("wall_load", "wall_blackout") for one in (ours, theirs)]
        yield f"| {row['kernel']}, {row['case']} | " + " | ".join(seconds) + " |"


def text(x, y, words, anchor="start", size=12):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}">'
            f"{xml.sax.saxutils.escape(words)}</text>")


def bar(y, row, scale):
    """One blackout as a bar, in its parts where they are known."""
    result, x = row["result"], float(LABEL)
    parts = [(result[key], colour) for key, _, colour in PARTS if key in result]
    for count, colour in parts or [(result["blackout"], WHOLE[1])]:
        yield (f'<rect x="{x:.1f}" y="{y}" width="{max(count * scale, 0.5):.1f}" height="{BAR}" '
               f'fill="{colour}"/>')
        x += count * scale
    yield text(x + 5, y + BAR - 2, f"{result['blackout'] / 1e9:.2f} {row['by']}", size=11)


def plot(facts):
    cases = pairs(facts["rows"])
    most = max(row["result"]["blackout"] for row in facts["rows"])
    scale = (WIDTH - LABEL - 130) / most
    body, y = [], TOP_EDGE
    for pair in cases:
        rows = [row for row in pair if row]
        body.append(text(LABEL - 8, y + BAR * len(rows) / 2 + 6,
                         f"{rows[0]['kernel']}, {rows[0]['case']}", "end"))
        for row in rows:
            body += bar(y, row, scale)
            y += ROW
        y += GAP
    x = LABEL
    for words, colour in [(words, colour) for _, words, colour in PARTS] + [WHOLE]:
        body.append(f'<rect x="{x}" y="22" width="11" height="11" fill="{colour}"/>')
        body.append(text(x + 15, 32, words, size=11))
        x += 30 + 6.2 * len(words)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{y}" fill="white"/>',
        text(LABEL, 14, "Blackout in thousand million instructions", size=13), *body, "</svg>", ""])


def with_figures(page, figures):
    before, rest = page.split(START, 1)
    return before + START + figures + END + rest.split(END, 1)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--figures", default=os.path.join(TOP, "build/bench.json"))
    parser.add_argument("--page", default=os.path.join(TOP, "docs/speed.md"))
    parser.add_argument("--plot", default=os.path.join(TOP, "docs/speed.svg"))
    args = parser.parse_args()
    with open(args.figures, encoding="utf-8") as file:
        facts = json.load(file)
    with open(args.page, encoding="utf-8") as file:
        page = file.read()
    releases = sorted({row["release"] for row in facts["rows"]})
    figures = "\n".join([f"Linux {', '.join(releases)}; {facts['qemu']}; -cpu "
                         f"{facts['cpu_model']}; {facts['memory']} of memory.", "", *table(facts),
                         "", *wall(facts), ""])
    with open(args.page, "w", encoding="utf-8") as file:
        file.write(with_figures(page, figures))
    with open(args.plot, "w", encoding="utf-8") as file:
        file.write(plot(facts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
