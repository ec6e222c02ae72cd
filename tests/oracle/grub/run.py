#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares our evaluation of GRUB configurations with what grub-emu prints and boots.

  run.py GRUB-EVAL [--suite bookworm|sid] [--every N] [--random N] [--from SEED] [--case PATTERN] [--verbose]
  run.py GRUB-EVAL --fuzz SECONDS [--from SEED] [--suite S]

Prints TAP. A disagreement that is listed in known.txt with its reason does not fail. With --fuzz,
scripts that nobody has seen are compared until the time is over; one that differs is written to
found/, which every later run without --fuzz includes: see it fail there, mend it, keep it.
"""
import argparse
import fnmatch
import itertools
import pathlib
import re
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import bls    # noqa: E402
import cases  # noqa: E402
import emu    # noqa: E402
import ours   # noqa: E402


def known(suite):
    """Case name to the reason for which it may differ."""
    lines = (pathlib.Path(__file__).parent / "known.txt").read_text().splitlines()
    rows = (line.split(" ", 2) for line in lines if line and not line.startswith("#"))
    return {name.rstrip(":"): reason for where, name, reason in rows if where == suite}


def unquoted(lines):
    """`set` without arguments quotes values since 2.12, for reading only."""
    return [re.sub(r"^(\S+)='(.*)'$", r"\1=\2", line) for line in lines]


def booted(lines):
    return next((line.removeprefix("@@boot ") for line in lines if line.startswith("@@boot ")), None)


def localize(files, work):
    """Files below @host@ on this machine too, for what grub-emu reads there."""
    host = work / "host"
    shutil.rmtree(host, ignore_errors=True)
    if not any("@host@" in name for name in files):
        return files
    files = {name.replace("@host@", str(host)): data.replace(b"@host@", str(host).encode())
             for name, data in files.items()}
    for name, data in files.items():
        if name.startswith(str(host)):
            pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(name).write_bytes(data)
    return files


def blanks_apart(text, mine):
    """Whether all that differs are blanks that went with a progress report behind them."""
    parts = "".join(emu.printed(text, "\0")).split("\0")
    return re.fullmatch(" *".join(re.escape(part) for part in parts), "".join(mine)) is not None


class Uncompared(Exception):
    """GRUB itself crashed: there is no answer, and ours came to an end without a crash."""


def compare(grub, grub_eval, files, work, ours_files=None, *options):
    """Lines that tell the difference, or an empty list; we read @ours_files where there are some."""
    files = localize(files, work)
    crash = text = None
    try:
        text = grub.run(files)
    except emu.Crash as signal:
        crash = signal
    result = ours.evaluate(grub_eval, ours_files or files, work, *options)
    if crash:
        if isinstance(result, str):
            return [result]
        raise Uncompared(f"grub-emu was ended by signal {crash}")
    if text is None:
        # GRUB hangs: then we should have said so.
        said = result if isinstance(result, str) else " ".join(w for e in result["entries"] for w in e["warnings"])
        return [] if "come to an end" in said else ["GRUB did not come to an end"]
    theirs = emu.printed(text)
    if theirs is None:
        return ["GRUB printed nothing"]
    if isinstance(result, str):
        return [result]
    mine = ours.printed(result, waits=emu.MENU in text)
    if grub.suite != "bookworm":
        theirs, mine = unquoted(theirs), unquoted(mine)
    # GRUB starts a new line where it announces an entry; a line left open there is ours to join.
    if "".join(theirs) != "".join(mine) and not blanks_apart(text, mine):
        at = next((i for i, (a, b) in enumerate(zip(theirs, mine)) if a != b), min(len(theirs), len(mine)))
        return [f"line {at}: GRUB {theirs[at:at + 3]}", f"line {at}: ours {mine[at:at + 3]}"]
    if booted(theirs) is not None and booted(theirs) != ours.chosen(result):
        # The first thing started may be a fallback, which we do not call the default.
        if booted(theirs) not in [e["id"] for e in result["entries"]]:
            return [f"GRUB boots {booted(theirs)!r}, which we do not list"]
        if "falling back" not in " ".join(result["warnings"]):
            return [f"GRUB boots {booted(theirs)!r}, we say {ours.chosen(result)!r}"]
    return []


def fuzz(options, grub, work):
    """Compares new scripts until the time is over; writes down those that differ."""
    end, n, bad, skipped = time.monotonic() + options.fuzz, 0, 0, 0
    first = time.time_ns() // 1000 if options.first is None else options.first
    for seed in itertools.count(first):
        if time.monotonic() > end:
            break
        (name, files), = cases.random_cases([seed])
        n += 1
        try:
            lines = compare(grub, options.grub_eval, files, work)
        except Uncompared:
            skipped += 1
            continue
        if lines:
            bad += 1
            print("\n".join([f"{name}: kept in {cases.keep(seed)}", *lines]), flush=True)
    print(f"oracle-grub {options.suite}: seeds {first} to {first + n - 1}")
    print(f"{n - bad - skipped} passed, {bad} failed, {skipped} skipped")
    return 1 if bad else 0


def run_table(options, grub, work):
    excused, bad, n = known(options.suite), 0, 0
    chosen = (cases.random_cases(range(options.first, options.first + options.random))
              if options.first is not None else cases.all_cases(options.random))
    if options.suite == "sid" and options.first is None:
        chosen = itertools.chain(bls.bls_cases(), chosen)
    for i, (name, files) in enumerate(chosen):
        if (options.case and not fnmatch.fnmatchcase(name, options.case)) or i % options.every:
            continue
        n += 1
        label = name.replace("#", "%23").replace("\n", "%0A")
        try:
            lines = compare(grub, options.grub_eval, files, work)
        except Uncompared as why:
            print(f"ok {n} - {label} # SKIP {why}", flush=True)
            continue
        if lines and name in excused:
            # TAP's mark for a failure that is expected.
            print(f"not ok {n} - {label} # {'TO' + 'DO'} {excused[name]}")
        else:
            print(f"{'not ok' if lines else 'ok'} {n} - {label}", flush=True)
            bad += bool(lines)
        for line in lines:
            print(f"# {line}")
        if lines and options.verbose:
            print(files["/boot/grub/grub.cfg"].decode("latin-1"))
    print(f"1..{n}")
    print(f"# {bad} disagreements in {n} cases")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("grub_eval")
    parser.add_argument("--suite", choices=["bookworm", "sid"], default="bookworm")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--random", type=int, default=600)
    parser.add_argument("--from", type=int, default=None, dest="first")
    parser.add_argument("--case", metavar="PATTERN")
    parser.add_argument("--fuzz", type=int, metavar="SECONDS")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if not emu.fetch(options.suite):
        print("1..0 # SKIP grub-emu is not to be had here")
        return 0
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        grub = emu.Grub(options.suite, work)
        return (fuzz if options.fuzz else run_table)(options, grub, work)


if __name__ == "__main__":
    sys.exit(main())
