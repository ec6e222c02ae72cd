#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel does between its first message and /init, in instructions: the dearest initcalls, and
the longest gaps between two messages outside of them.

One virtual machine for each suite, with the tiny initial ramdisk of bench/run.py and -icount. The
kernel measures its initcalls itself (initcall_debug); its clock advances one nanosecond an
instruction. What its messages cost is not in an initcall's figure, but in the gaps: there the console
prints nothing (quiet), and the messages are read from the log at the end.
"""

import argparse
import os
import re
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/vm"))
# pylint: disable=wrong-import-position
import dataclasses
import guest
import images
import run
import vm

TOP = 10
LINE = re.compile(r"(?m)^\[ *(\d+)\.(\d{6})\] (.*)$")
RETURNED = re.compile(r"initcall (\S+?)\+0x\S+(?: \[\w+\])? returned -?\d+ after (\d+) usecs")
CALLING = re.compile(r"(?:calling|entering initcall level|initcall |probe of )")
JOB = "section log dmesg\n"


def boot(suite, words):
    """The kernel's log of one start."""
    with tempfile.TemporaryDirectory(prefix="rapidreboot-bench.") as folder:
        first = guest.base(JOB).save(os.path.join(folder, "first"))
        machine = dataclasses.replace(run.MACHINE, extra=("-icount", "shift=0,sleep=off"))
        end = vm.run(machine, images.kernel(suite), first,
                     f"console=ttyS0 panic=-1 quiet nokaslr log_buf_len=4M initcall_debug {words}",
                     folder, run.LIMIT)
    log = guest.sections(end.log).get("log")
    if not log:
        raise RuntimeError(f"{suite}: no log ({end.reason})\n{end.log[-1500:]}")
    return log


def messages(log):
    return [(int(whole) * 10**6 + int(part), text) for whole, part, text in LINE.findall(log)]


def initcalls(lines):
    """[(microseconds, name)], the dearest first."""
    found = [(int(m[2]), m[1]) for _, text in lines for m in [RETURNED.match(text)] if m]
    return sorted(found, reverse=True)


def gaps(lines):
    """[(microseconds, message before, message after)] outside of initcalls, the longest first."""
    found = [(after[0] - before[0], before[1], after[1]) for before, after in zip(lines, lines[1:])
             if not CALLING.match(before[1])]
    return sorted(found, reverse=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", default=["sid"], help="of images.py: bookworm, trixie, sid")
    parser.add_argument("--words", default="", help="more words of the command line")
    args = parser.parse_args()
    for suite in args.suites:
        lines = messages(boot(suite, args.words))
        ends = [at for at, text in lines if "as init process" in text]
        print(f"Linux {images.release(suite)}: /init after {ends[0] / 1e6 if ends else 0:.3f}")
        calls = initcalls(lines)
        print(f"{len(calls)} initcalls, {sum(us for us, _ in calls) / 1e6:.3f} altogether")
        for us, name in calls[:TOP]:
            print(f"  {us / 1e6:6.3f}  {name}")
        print("gaps")
        for us, before, after in gaps(lines)[:TOP]:
            print(f"  {us / 1e6:6.3f}  {before[:50]} ... {after[:50]}")


if __name__ == "__main__":
    main()
