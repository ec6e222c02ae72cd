# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs virtual machines one after the other, keeps what each said, and tells what was wrong."""
import os
import tempfile


def run(kind, names, logs, start):
    """
    start(name, folder) returns how the machine ended (vm.End) and sentences about what is wrong; its serial log
    is kept in @logs. Prints a line for each, and the sum. Returns the exit
    status; none at all is a mistake.
    """
    if not names:
        print(f"{kind}: no case has such a name", flush=True)
        return 2
    os.makedirs(logs, exist_ok=True)
    failed = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="rapidreboot-vm.") as folder:
            end, found = start(name, folder)
        with open(os.path.join(logs, f"{kind}_{name.replace('/', '_')}.log"), "w", encoding="utf-8") as log:
            log.write(end.log)
        print(f"{'FAIL' if found else 'ok  '} {kind}/{name} ({end.seconds:.0f} s, {end.reason})", flush=True)
        for sentence in found:
            print("     " + sentence, flush=True)
        failed += bool(found)
    print(f"{len(names) - failed} passed, {failed} failed, 0 skipped")
    return bool(failed)
