#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads and starts kernels in virtual machines and looks at what comes up.

One line for each scenario, the last line is "N passed, N failed, N skipped". Needs QEMU and the
images of tools/fetch-images, which it fetches; no root, no hardware virtualisation.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import re
import sys
import tempfile
import time

import checks
import compare
import guest
import images
import jobs
import own_kernels
import scenarios
import vm

REFERENCE_TRIES = 3  # of kexec-tools, whose second kernel does not always come up either
FIRST_KERNEL_TRIES = 3  # QEMU's emulation now and then breaks a kernel before its /init


def items_of(chosen):
    """The cache items that @chosen scenarios need."""
    items = {"busybox"}
    for scenario in chosen:
        items |= {f"linux-{suite}" for suite in (scenario.first, scenario.next)
                  if suite not in own_kernels.KERNELS}
        if scenario.machine.firmware == "uefi":
            items.add("ovmf")
        if scenario.kind == "xen":
            items |= {"xen", "linux-dom0"}
        if scenario.image == "uki":
            items.add("systemd-stub")
        if "strace" in scenario.job:
            items.add("strace")
        if scenario.compare or scenario.tool == "kexec-tools":
            items.add("kexec-tools")
    return sorted(items)


def suites_of(chosen, suites):
    """Those of @suites whose kernels @chosen scenarios start."""
    return [suite for suite in suites
            if any(suite in (scenario.first, scenario.next) for scenario in chosen)]


def run_machine(scenario, tools, log_folder, name):
    """Run @scenario once; the log stays in @log_folder."""
    firmware = images.firmware_dir() if scenario.machine.firmware == "uefi" else None
    with tempfile.TemporaryDirectory(prefix="rapidreboot-vm.") as folder:
        initrd = jobs.first_initrd(scenario, tools, folder)
        for _ in range(FIRST_KERNEL_TRIES):
            end = vm.run(scenario.machine, images.kernel(scenario.first), initrd,
                         jobs.first_cmdline(scenario), folder, scenario.limit, firmware)
            if re.search(r"^@@ kernel", end.log, re.M):
                break  # our part began: whatever happened later counts
    with open(os.path.join(log_folder, name.replace("/", "_") + ".log"), "w",
              encoding="utf-8") as file:
        file.write(end.log)
    return end


def differences(scenario, ours, log_folder):
    """What the second kernel lacks that it has when kexec-tools starts it in the same machine."""
    for _ in range(REFERENCE_TRIES):
        theirs = run_machine(scenario, jobs.Tools("kexec-tools"), log_folder,
                             scenario.name + ".kexec-tools")
        if "second.dmesg" in guest.sections(theirs.log):
            break
        # Nothing of ours runs in it. What it said last is told, since the next run overwrites its log.
        print(f"# {scenario.name}: the machine of kexec-tools ended by {theirs.reason} before its second kernel "
              "reported:", *theirs.log.splitlines()[-5:], sep="\n#   ", flush=True)
    return list(compare.differences(guest.sections(ours.log), guest.sections(theirs.log)))


def run_scenario(scenario, tools, log_folder):
    """Returns (seconds, problems)."""
    start = time.monotonic()
    if scenario.tool:
        tools = jobs.Tools(scenario.tool)
    end = run_machine(scenario, tools, log_folder, scenario.name)
    found = checks.problems(scenario, end, tools.kexec != "kexec-tools")
    if found and vm.broken_by_emulation(scenario.machine, end.log):
        print(f"# {scenario.name}: a kernel ran into QEMU's own fault; once more", flush=True)
        end = run_machine(scenario, tools, log_folder, scenario.name)
        found = checks.problems(scenario, end, tools.kexec != "kexec-tools")
    if scenario.compare and not found:
        found = differences(scenario, end, log_folder)
        if found:
            end = run_machine(scenario, tools, log_folder, scenario.name)
            found = compare.persistent(found, differences(scenario, end, log_folder))
    return time.monotonic() - start, found


def choose(args):
    chosen = list(scenarios.all_scenarios())
    if args.quick:
        chosen = [scenario for scenario in chosen if scenario.quick]
    if not args.long and not args.only:
        chosen = [scenario for scenario in chosen if not scenario.long]
    if args.only:
        chosen = [scenario for scenario in chosen
                  if any(fnmatch.fnmatch(scenario.name, f"*{word}*") for word in args.only)]
    return chosen


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--kexec", default=os.path.join(images.TOP, "build/bin/kexec"),
                        metavar="PATH", help="the kexec to test (default: build/bin/kexec); "
                        "the word kexec-tools stands for Debian's")
    parser.add_argument("--corrupt", metavar="PATH",
                        default=os.path.join(images.TOP, "build/work/tests/vm/load-corrupt"),
                        help="the program that loads a damaged image (tests/vm/load-corrupt.c)")
    parser.add_argument("--quick", action="store_true", help="the few scenarios of make check")
    parser.add_argument("--long", action="store_true",
                        help="every combination, and a hundred kexecs in a row")
    parser.add_argument("--only", action="append", metavar="PATTERN",
                        help="scenarios whose name contains PATTERN (*, ? and [] as in a shell)")
    parser.add_argument("--list", action="store_true", help="show the scenarios and stop")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="machines at a time (default: one for each processor)")
    parser.add_argument("--logs", default=os.path.join(images.TOP, "build/vm"), metavar="DIR",
                        help="where the serial logs go (default: build/vm)")
    return parser.parse_args()


def run_all(chosen, tools, args):
    """Run everything, print as it ends, return the names of what failed."""
    failed = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=args.jobs) as pool:
        running = {pool.submit(run_scenario, scenario, tools, args.logs): scenario
                   for scenario in chosen}
        for future in concurrent.futures.as_completed(running):
            scenario = running[future]
            try:
                seconds, found = future.result()
            except (images.Missing, OSError, ValueError) as trouble:
                seconds, found = 0, [f"could not be run: {trouble}"]
            print(f"{'FAIL' if found else 'ok  '} {scenario.name} ({seconds:.0f} s)", flush=True)
            for sentence in found:
                print("     " + sentence.replace("\n", "\n     "), flush=True)
            if found:
                failed.append(scenario.name)
    return failed


def prepare(chosen, args):
    """Images, folders and programs, or a sentence about what is missing."""
    if not vm.find_qemu():
        sys.exit("qemu-system-x86_64 is not here: install QEMU for x86 (tools/install-deps)")
    if args.kexec != "kexec-tools" and not os.access(args.kexec, os.X_OK):
        sys.exit(f"{args.kexec} is not a program: build it first (make), or name one (--kexec)")
    images.fetch(items_of(chosen) + (["kexec-tools"] if args.kexec == "kexec-tools" else []))
    own_kernels.ensure(suites_of(chosen, own_kernels.KERNELS))
    os.makedirs(args.logs, exist_ok=True)
    return jobs.Tools(args.kexec, args.corrupt)


def main():
    args = parse_arguments()
    chosen = choose(args)
    if args.list:
        print("\n".join(scenario.name for scenario in chosen))
        return 0
    if not chosen:
        sys.exit("no scenario has such a name; --list shows them all")
    tools = prepare(chosen, args)
    for suite in suites_of(chosen, (*images.SUITES, *own_kernels.KERNELS)):
        print(f"# {suite}: Linux {images.release(suite)}", flush=True)
    start = time.monotonic()
    failed = run_all(chosen, tools, args)
    print(f"# {time.monotonic() - start:.0f} s; serial logs are in {args.logs}")
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except images.Missing as missing:
        sys.exit(f"tests/vm: {missing}")
