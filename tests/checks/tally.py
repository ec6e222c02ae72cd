# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts what a check found, and says each fault when it is found."""

COUNT = {"passed": 0, "failed": 0}


def check(ok, what):
    COUNT["passed" if ok else "failed"] += 1
    if not ok:
        print(f"failed: {what}", flush=True)


def end():
    """Prints the sum. Returns the exit status."""
    print(f"{COUNT['passed']} passed, {COUNT['failed']} failed, 0 skipped")
    return 1 if COUNT["failed"] else 0
