# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a table of cases and says how they went in TAP, for meson."""


def run(cases):
    """
    Each case is (name, function that returns sentences, whether there should be none); returns the
    exit status.
    """
    print(f"1..{len(cases)}")
    failed = 0
    for number, (name, function, passes) in enumerate(cases, 1):
        found = function()
        good = passes == (not found)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        for sentence in found if not good else []:
            print(f"# {sentence}")
    return 1 if failed else 0
