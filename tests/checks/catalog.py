#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The catalogue of messages explains each event that the program enters into systemd's journal, and no other; and
journalctl reads it.

    catalog.py LIST-EVENTS CATALOG

LIST-EVENTS prints "ID FIELD…" for each event. systemd.io/CATALOG has the form of the file. Exit 77 without journalctl,
after everything else was compared.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HEADERS = {"Subject", "Defined-By", "Documentation"}


def events(program):
    """[(ID, names of fields)]"""
    lines = [line.split() for line in subprocess.run([program], check=True, text=True,
                                                     stdout=subprocess.PIPE).stdout.splitlines()]
    return [(words[0], set(words[1:])) for words in lines]


def entries(text):
    """[ID, headers, what is explained]"""
    parts = re.split(r"(?m)^-- (.*)\n", text)[1:]
    for name, body in zip(parts[::2], parts[1::2]):
        head, _, explained = body.partition("\n\n")
        yield name, dict(line.split(": ", 1) for line in head.splitlines()), explained.strip()


def faults_of(known, explained):
    ids = [name for name, _ in known]
    names = [name for name, _, _ in explained]
    for name in ids + names:
        if not re.fullmatch("[0-9a-f]{32}", name):
            yield f"{name}: not an id of 32 hexadecimal digits"
    for what, each in (("the table", ids), ("the catalogue", names)):
        for name in sorted({name for name in each if each.count(name) > 1}):
            yield f"{name}: twice in {what}"
    for name in sorted(set(ids) ^ set(names)):
        yield f"{name}: only in {'the table' if name in ids else 'the catalogue'}"
    fields = dict(known)
    for name, head, text in explained:
        if set(head) != HEADERS or not all(head.values()) or not text:
            yield f"{name}: needs {', '.join(sorted(HEADERS))} and a text"
        for field in re.findall("@([A-Z_]+)@", text):
            if field not in fields.get(name, ()):
                yield f"{name}: {field} is no field of this event"


def faults_of_journalctl(program, catalog, explained):
    """What it has of the file in a database of its own."""
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root, "usr/lib/systemd/catalog")
        folder.mkdir(parents=True)
        pathlib.Path(root, "var/lib/systemd/catalog").mkdir(parents=True)
        shutil.copy(catalog, folder)
        command = [program, f"--root={root}"]
        done = subprocess.run(command + ["--update-catalog"], text=True, capture_output=True)
        if done.returncode or done.stderr:
            yield f"journalctl --update-catalog: {done.returncode}: {done.stderr}"
            return
        for name, head, text in explained:
            done = subprocess.run(command + ["--dump-catalog", name], text=True, capture_output=True)
            if done.returncode or f"Subject: {head['Subject']}\n" not in done.stdout or text not in done.stdout:
                yield f"journalctl has not {name}: {done.stdout}{done.stderr}"
        done = subprocess.run(command + ["--list-catalog"], text=True, capture_output=True)
        if len(done.stdout.splitlines()) != len(explained):
            yield f"journalctl --list-catalog: {done.stdout}{done.stderr}"


def main():
    known = events(sys.argv[1])
    explained = list(entries(pathlib.Path(sys.argv[2]).read_text()))
    faults = list(faults_of(known, explained))
    if not known:
        faults.append("the table is empty")
    program = shutil.which("journalctl")
    if program:
        faults += faults_of_journalctl(program, sys.argv[2], explained)
    for fault in faults:
        print(fault)
    if faults:
        return 1
    print(f"{len(known)} events" if program else "skipped: no journalctl to read the catalogue with")
    return 0 if program else 77


if __name__ == "__main__":
    sys.exit(main())
