# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the second kernel that we start with the one that kexec-tools starts.

The same machine, the same first and second kernel, the same files. Memory maps have to be the
same; no line of the kernel log may be missing. Log lines are compared by shape: time stamps,
numbers and addresses differ from one boot to the next and say nothing.
"""

import re

import checks

# What comes and goes between two boots of one and the same loader: measured timings, timing races
# on a busy host, where KASLR and the loader put things.
VOLATILE = re.compile(
    r"random: crng|clocksource|tsc:|rcu:|sched_clock|Calibrating|RAMDISK|Freeing |Memory: |deferred pages|calibrate_delay|PM-Timer|"
    r"long platform interrupts|APIC delta|timer|IRQ|works\.|failed\.|\.\.\.|"
    r"input: |Spurious|hrtimer|perf: |Switched to|Write protecting|kauditd|audit: |Console: |"
    r"printk: |Key type|Trying to unpack|raid6|xor: |Unpacking|workqueue: |Spectre|"
    r"BIOS-e820|reserve setup_data|e820: (update|reserve|remove)|extended physical RAM map|"
    r"modified physical RAM map|user-defined physical RAM map|\[mem |"
    # We hand on what the first kernel knew about Secure Boot; kexec-tools does not, so that its
    # second kernel says it does not know and asks the firmware again.
    r"secureboot: |(integrity|ima): secureboot mode")
E820 = re.compile(r"BIOS-e820: \[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\] (.*)$")


def shape(line):
    """A log line without what changes from boot to boot."""
    line = re.sub(r"\[ *[\d.]+\] ", "", line, count=1)
    line = re.sub(r"\bmem\d+:", "mem#:", line)  # efi: position in the runtime map
    line = re.sub(r"\b(0x)?[0-9a-f]*\d[0-9a-f]*\b", "#", line)
    return re.sub(r"\s+", " ", line).strip()


def shapes(log):
    return {shape(line): line for line in log.splitlines() if not VOLATILE.search(line)}


def e820(log):
    """The table that the kernel was given, touching ranges of one type joined."""
    table = []
    for line in log.splitlines():
        match = E820.search(line)
        if not match:
            continue
        start, end, kind = int(match[1], 16), int(match[2], 16) + 1, match[3]
        if table and table[-1][1] == start and table[-1][2] == kind:
            table[-1] = (table[-1][0], end, kind)
        else:
            table.append((start, end, kind))
    return table


def _above_first_page(table):
    """Without the first page: kexec-tools leaves out 1 KiB of it, and no kernel ever uses it."""
    return [(max(entry[0], 0x1000), *entry[1:]) for entry in table if entry[1] > 0x1000]


def _show(table):
    return "; ".join(f"{start:#x}-{end:#x} {kind}" for start, end, kind in table)


def differences(ours, theirs):
    """Sentences about what the kernel started by kexec-tools has and ours has not."""
    for name, facts in (("our", ours), ("kexec-tools'", theirs)):
        if "second.dmesg" not in facts:
            yield f"{name} second kernel did not report"
            return
    for kind in ("System RAM", "Reserved", "ACPI Tables", "ACPI Non-volatile Storage"):
        mine = _above_first_page(checks.iomem_ranges(ours["second.iomem"], kind))
        reference = _above_first_page(checks.iomem_ranges(theirs["second.iomem"], kind))
        if mine != reference:
            yield f"/proc/iomem, {kind}: {_pairs(mine)}; with kexec-tools {_pairs(reference)}"
    mine, reference = e820(ours["second.dmesg"]), e820(theirs["second.dmesg"])
    if _above_first_page(mine) != _above_first_page(reference):
        yield f"e820 table: {_show(mine)}; with kexec-tools {_show(reference)}"
    have = shapes(ours["second.dmesg"])
    for form, line in shapes(theirs["second.dmesg"]).items():
        if form not in have:
            yield f"log line lost: {line}"


def persistent(first, second):
    """Those differences of two runs that are in both: a race shows in one of them only."""
    again = {shape(sentence) for sentence in second}
    return [sentence for sentence in first if shape(sentence) in again]


def _pairs(ranges):
    return ", ".join(f"{start:#x}-{end:#x}" for start, end in ranges)
