#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Public reports, one table each: what the commands say of a machine like the reporter's.

run.py RAPIDREBOOT KEXEC [TABLE…]. A table is a TOML file beside this one:

    authority = '''whose word the expected values are'''
    [files]                      # of every case of the table; tree.py has the words for contents
    "etc/crypttab" = "…"
    [[case]]
    name = "what it is"
    files = { … }                # beside those of the table
    run = ["check", "--json"]    # check, list, load, status … of rapidreboot; or ["kexec", …]
    exit = 0                     # exit status, or a list of those that are right
    found = ["F1"]               # check: ids of all findings, no other
    unknown = ["F1"]             # check: these could not be told
    json = { … }                 # members of the output that have these values
    null = ["default"]           # members that are null, which TOML cannot say
    says = ["…"]                 # both outputs together have these
    never = ["…"]                # and not these

Each case has a machine of its own in a temporary directory; nothing is loaded: --root reads only.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "golden"))
# pylint: disable=wrong-import-position
import tree
from differences import differences

KEYS = {"name", "files", "run", "exit", "found", "unknown", "json", "null", "says",
        "never", "authority"}


def judge(case, run):
    """What is wrong with @run."""
    exits = case.get("exit", 0)
    if run.returncode not in (exits if isinstance(exits, list) else [exits]):
        yield f"exit status {run.returncode}, not {exits}: {run.stdout[-600:]}{run.stderr[-600:]}"
        return
    said = run.stdout + run.stderr
    for text in case.get("says", []):
        if text not in said:
            yield f"does not say {text!r}: {said}"
    for text in case.get("never", []):
        if text in said:
            yield f"says {text!r}: {said}"
    if not {"json", "null", "found", "unknown"} & set(case):
        return
    data = json.loads(run.stdout)
    yield from differences(case.get("json", {}), data, "")
    for name in case.get("null", []):
        if data[name] is not None:
            yield f"{name} is {data[name]!r}"
    status = {check["id"]: check for check in data.get("checks", [])}
    if "found" in case:
        found = sorted(i for i, check in status.items() if check["status"] == "finding")
        if found != sorted(case["found"]):
            yield f"finds {found}, not {case['found']}: " + "; ".join(
                f"{i} {status[i]['evidence']}" for i in found)
    for name in case.get("unknown", []):
        if status[name]["status"] != "unknown":
            yield f"{name} is {status[name]['status']}, not unknown: {status[name]['evidence']}"


def run_case(programs, table, case):
    unknown = set(case) - KEYS
    if unknown or not set(case) - {"name", "files", "run", "authority"}:
        return [f"unknown keys {unknown}, or nothing expected"]
    with tempfile.TemporaryDirectory(prefix="rapidreboot-case.") as folder:
        root = pathlib.Path(folder) / "root"
        tree.make(root, tree.COMMON, table.get("files", {}), case.get("files", {}))
        name, *words = case["run"]
        command = ([programs["kexec"], "--dry-run", "--root", root, *words] if name == "kexec" else
                   [programs["rapidreboot"], name, "--root", root, *words])
        run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, errors="replace", timeout=60,
                             check=False)
    return list(judge(case, run))


def main():
    programs = {"rapidreboot": sys.argv[1], "kexec": sys.argv[2]}
    tables = [pathlib.Path(p) for p in sys.argv[3:]] or sorted(HERE.glob("*.toml"))
    lines, n, failed = [], 0, 0
    for path in tables:
        table = tomllib.loads(path.read_text())
        if not table["authority"].strip():
            sys.exit(f"{path}: whose word are these values?")
        for case in table["case"]:
            n += 1
            wrong = run_case(programs, table, case)
            failed += bool(wrong)
            lines.append(f"{'not ok' if wrong else 'ok'} {n} - {path.stem}: {case['name']}")
            lines += ["# " + line for text in wrong for line in text.splitlines()]
    print("TAP version 13", f"1..{n}", *lines, sep="\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
