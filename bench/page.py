#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes figures into docs/speed.md, and draws docs/speed.svg and docs/systems.svg from its tables.

    bench/page.py            # of build/bench.json and build/systems.json, where they are there
    bench/page.py --check    # do the pictures show what the tables say?

Rows that were not measured again stay as they are, as long as they come from the same machine and QEMU. What
stands outside of the marks is kept.
"""

import argparse
import json
import os
import re
import sys

import picture

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MARKS = ("<!-- figures -->\n", "<!-- end of figures -->\n")
SYSTEMS_MARKS = ("<!-- whole reboots -->\n", "<!-- end of whole reboots -->\n")
HEAD = ("| Linux, initrd, way | rung | load | kexec-tools | blackout | kexec-tools | of it before the next kernel | "
        "MB moved | kexec-tools | MB of memory beyond the image | kexec-tools |")
SYSTEMS_HEAD = "| way | first service stops | reboot(2) | next systemd | multi-user again | services away |"
POINTS = ("first-stop", "reboot", "systemd", "multi-user")
FIRMWARE = {"bios": "SeaBIOS", "uefi": "OVMF"}


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


# ---- tables


def cells(line):
    return [word.strip() for word in line.strip().strip("|").split(" | ")]


def line_of(row):
    return "| " + " | ".join(row) + " |"


def read_tables(text):
    """[(the line above the table, rows of cells)] of @text."""
    found, above = [], ""
    for line in text.splitlines():
        if line.startswith("|---"):
            found.append((above, []))
        elif line.startswith("| ") and found and not line.startswith(("| way |", "| Linux, ")):
            found[-1][1].append(cells(line))
        elif line and not line.startswith("|"):
            above = line
    return found


def joined(known, measured, group):
    """@known rows, with those of @measured instead of older ones, new ones at the end of their group."""
    rows, fresh = list(known), {row[0]: row for row in measured}
    rows = [fresh.pop(row[0], row) for row in rows]
    for name, row in fresh.items():
        ends = [at + 1 for at, one in enumerate(rows) if group(one[0]) == group(name)]
        rows.insert(ends[-1] if ends else len(rows), row)
    return rows


def between(page, marks):
    return page.split(marks[0], 1)[1].split(marks[1], 1)[0]


def with_text(page, text, marks):
    before, rest = page.split(marks[0], 1)
    return before + marks[0] + text + marks[1] + rest.split(marks[1], 1)[1]


# ---- rungs


def rows_of_rungs(facts):
    for ours, theirs in pairs(facts["rows"]):
        row = ours or theirs
        load, blackout = row["targets"]
        memory = [cell(one, lambda r: mega(r.get("peak_beyond_image"))) for one in (ours, theirs)]
        yield [f"{row['kernel']}, {row['case']}", cell(ours, lambda r: r.get("rung") or "–"),
               cell(ours, lambda r: giga(r["load"])) + goal(load), cell(theirs, lambda r: giga(r["load"])),
               cell(ours, lambda r: giga(r["blackout"])) + goal(blackout),
               cell(theirs, lambda r: giga(r["blackout"])), cell(ours, lambda r: giga(mechanics(r))),
               cell(ours, lambda r: mega(r["segment_bytes"])), cell(theirs, lambda r: mega(r["segment_bytes"])),
               *memory]


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
        yield line_of([f"{row['kernel']}, {row['case']}", *seconds])


def with_rungs(page, facts):
    machine = f"; {facts['qemu']}; -cpu {facts['cpu_model']}; {facts['memory']} of memory."
    tables, releases = read_tables(between(page, MARKS)), {row["release"] for row in facts["rows"]}
    known = []
    if tables and tables[0][0].endswith(machine):
        known = tables[0][1]
        releases |= set(re.findall(r"\d[^ ,;]+", tables[0][0][:-len(machine)]))
    rows = joined(known, rows_of_rungs(facts), lambda name: name.split(",")[0])
    head = f"Linux {', '.join(sorted(releases))}{machine}"
    return with_text(page, "\n".join([head, "", HEAD, "|" + "---|" * 11, *map(line_of, rows), "", *wall(facts), ""]),
                     MARKS)


# ---- whole systems


def second(figures, point):
    """A cell: seconds, in bold where they miss their goal."""
    if point not in figures:
        return "–"
    seconds, most = f"{figures[point]:.2f}", figures.get("targets", {}).get(point)
    return (f"**{seconds}**" if most and figures[point] > most else seconds) + goal(most)


def rows_of_systems(ways):
    for way, figures in ways.items():
        if "multi-user" in figures:
            away = figures["multi-user"] - figures["first-stop"]
            yield [way, *[second(figures, point) for point in POINTS], f"{away:.2f}"]


def with_systems(page, facts):
    known = dict(read_tables(between(page, SYSTEMS_MARKS)))
    for name, ways in facts.items():
        suite, firmware = name.split()
        title = f"Debian {suite}, {FIRMWARE[firmware]}:"
        known[title] = joined(known.get(title, []), rows_of_systems(ways), lambda _: "")
    lines = []
    for title, rows in known.items():
        lines += [title, "", SYSTEMS_HEAD, "|" + "---|" * 6, *map(line_of, rows), ""]
    return with_text(page, "\n".join(lines), SYSTEMS_MARKS)


# ---- the page


def pictures(page):
    """{path: SVG}."""
    machines = [(title.rstrip(":"), rows) for title, rows in read_tables(between(page, SYSTEMS_MARKS))]
    return {"docs/speed.svg": picture.rungs(read_tables(between(page, MARKS))[0][1]),
            "docs/systems.svg": picture.systems(machines)}


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check(top, page):
    """Exit status: 1 when a picture is not the one of the tables."""
    stale = [path for path, svg in pictures(page).items() if read(os.path.join(top, path)) != svg]
    for path in stale:
        print(f"{path} does not show what the tables of docs/speed.md say: run bench/page.py")
    return bool(stale)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--figures", default=os.path.join(TOP, "build/bench.json"))
    parser.add_argument("--systems", default=os.path.join(TOP, "build/systems.json"))
    parser.add_argument("--top", default=TOP, help="the tree whose docs it is about")
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    place = os.path.join(args.top, "docs/speed.md")
    page = read(place)
    if args.check:
        return check(args.top, page)
    for path, put in ((args.figures, with_rungs), (args.systems, with_systems)):
        facts = load(path)
        page = put(page, facts) if facts else page
    for path, text in {"docs/speed.md": page, **pictures(page)}.items():
        with open(os.path.join(args.top, path), "w", encoding="utf-8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
