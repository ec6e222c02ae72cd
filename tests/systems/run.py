#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reboots whole systems, in virtual machines, with what `make install` installs.

One line for each scenario, the last line is "N passed, N failed, N skipped". Systems that are not
in the cache yet are built first (build.py, needs root); the machines need no root, no hardware
virtualisation and no network.
"""

import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "vm"))
# pylint: disable=wrong-import-position
import build
import catalogue
import images
import inits
import machine
import ready
import recipes
import trial
import vm


def choose(args):
    chosen = [one for one in catalogue.scenarios() if one.quick or not args.quick]
    if args.only:
        chosen = [one for one in chosen
                  if any(fnmatch.fnmatch(one.name, f"*{word}*") for word in args.only)]
    return chosen


class Payloads:
    """What gets installed, made when the first system wants it."""

    def __init__(self, args, folder):
        self._args, self._folder, self._made = args, folder, {}

    def of(self, packaged):
        if packaged not in self._made:
            self._made[packaged] = (ready.package_payload(self._args.debs, self._folder) if packaged
                                    else ready.payload(self._args.build, self._folder))
        return self._made[packaged]


def run_scenario(one, machines, payloads, args):
    """Returns what is wrong."""
    key = one.machine
    folder = os.path.join(args.logs, one.name.replace("/", "_"))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        if key not in machines:
            system = recipes.SYSTEMS[one.system]
            packaged = one.packaged or system.init in inits.INITS
            machines[key] = ready.Ready(system, one.firmware, packaged, payloads.of(packaged),
                                        os.path.join(args.logs, "ready"))
        this = trial.Trial(machines[key].start(folder).__enter__(), machines[key])
        try:
            one.run(this)
        except machine.Trouble as trouble:
            this.problems.append(str(trouble))
        except (ValueError, LookupError):  # what the machine said is not what was to be read
            this.problems.append(traceback.format_exc())
        finally:
            this.guest.__exit__()
        return this.problems
    except (machine.Trouble, images.Missing, OSError, subprocess.SubprocessError) as trouble:
        return [f"could not be run: {trouble}"]
    finally:
        for name in ("disk", "disk.vars"):
            if os.path.exists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))


def run_all(chosen, payloads, args):
    """Run everything, one machine at a time; returns the names of what failed."""
    machines, failed = {}, []
    for one in chosen:
        start = time.monotonic()
        problems = run_scenario(one, machines, payloads, args)
        seconds = time.monotonic() - start
        print(f"{'FAIL' if problems else 'ok  '} {one.name} ({seconds:.0f} s)", flush=True)
        for sentence in problems:
            print("     " + sentence.replace("\n", "\n     "), flush=True)
        if problems:
            failed.append(one.name)
    return failed


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(images.TOP, "build/work"), metavar="DIR",
                        help="where meson has built what is tested (default: build/work)")
    parser.add_argument("--debs", default=os.path.join(images.TOP, "build/deb"), metavar="DIR",
                        help="the packages that systems without systemd get (default: build/deb)")
    parser.add_argument("--quick", action="store_true", help="the few scenarios of make check")
    parser.add_argument("--only", action="append", metavar="PATTERN",
                        help="scenarios whose name contains PATTERN (*, ? and [] as in a shell)")
    parser.add_argument("--list", action="store_true", help="show the scenarios and stop")
    parser.add_argument("--logs", default=os.path.join(images.TOP, "build/systems"), metavar="DIR",
                        help="where consoles and saved machines go (default: build/systems)")
    return parser.parse_args()


def main():
    args = parse_arguments()
    chosen = choose(args)
    if args.list:
        print("\n".join(one.name for one in chosen))
        return 0
    if not chosen:
        sys.exit("no scenario has such a name; --list shows them all")
    if not vm.find_qemu():
        sys.exit("qemu-system-x86_64 is not here: install QEMU for x86 (tools/install-deps)")
    if any(one.firmware == "uefi" for one in chosen):
        images.fetch(["ovmf"])
    for name in dict.fromkeys(one.system for one in chosen):
        kernels = build.ensure(recipes.SYSTEMS[name])["kernels"]
        print(f"# {name}: Linux {' and '.join(kernels)}", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rapidreboot-systems.") as folder:
        failed = run_all(chosen, Payloads(args, folder), args)
    print(f"# {time.monotonic() - start:.0f} s; consoles are in {args.logs}")
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (machine.Trouble, images.Missing, subprocess.SubprocessError) as trouble_:
        sys.exit(f"tests/systems: {trouble_}")
