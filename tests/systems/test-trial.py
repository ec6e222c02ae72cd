#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that the trials of whole systems can fail: what is well passes, each fault does not. Needs
neither QEMU nor images. Speaks TAP."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "vm")]
# pylint: disable=wrong-import-position
import catalogue
import machine
import recipes
import systemd_after
import systemd_volumes
import tap
import trial
import volumes

OLD, NEW = "6.1.0-old", "6.12.0-new"
MOUNTED = "EXT4-fs (vda3): mounted filesystem 7c1d ro with ordered data mode.\n"
BANNER = "SeaBIOS (version rel-1.16)\n"


class Guest:
    """Answers what a machine would."""

    def __init__(self, console=MOUNTED, release=NEW, resets=0, marks="first", answers=None,
                 end="poweroff"):
        self.boots = [machine.Boot("first", OLD)]
        self._console, self._release, self._resets = console, release, resets
        self._answers = {"cat /var/tmp/stopped": machine.Result(0, marks),
                         "cat /sys/kernel/kexec_loaded": machine.Result(0, "0"),
                         "ls /run/rapidreboot/request": machine.Result(2, ""), **(answers or {})}
        self._end, self._gone = end, False

    def console_size(self):
        return 0

    def console(self, _start=0):
        return self._console

    def banners(self, _start):
        return self._console.count(BANNER)

    def resets(self):
        return self._resets if self._gone else 0

    def send(self, _script):
        self._gone = True

    def wait_boot(self):
        self.boots.append(machine.Boot("second", self._release))
        return self.boots[-1]

    def wait_off(self):
        return self._end

    def run(self, script, _seconds=0):
        return self._answers.get(script, machine.Result(3, "G2: refused"))


class Ready:
    """Two kernels."""

    kernels = [OLD, NEW]
    system = recipes.SYSTEMS["bookworm-systemd"]


def problems(method, *arguments, **guest):
    this = trial.Trial(Guest(**guest), Ready())
    getattr(this, method)(*arguments)
    return this.problems


def fast(**guest):
    return lambda: problems("fast", "rapidreboot", **guest)


def cold(**guest):
    return lambda: problems("cold", "coldreboot", **guest)


def refused(status, *words, **guest):
    return lambda: problems("refused", "rapidreboot", status, *words, **guest)


def missing_systems():
    """Scenarios name systems that can be built, and no name is there twice."""
    names = [one.name for one in catalogue.scenarios()]
    return [name for name in names if names.count(name) > 1] + \
        [one.system for one in catalogue.scenarios() if one.system not in recipes.SYSTEMS]


def apart(console):
    def run():
        this = trial.Trial(Guest(console=console), Ready())
        systemd_volumes.taken_apart(this, 0)
        return this.problems
    return run


def agreed(seen):
    """Of a record that has a second between one moment and the next."""
    def run():
        this = trial.Trial(Guest(), Ready())
        points = {name: i * 1000000 for i, name in enumerate(systemd_after.POINTS)}
        systemd_after.agrees(this, points, seen)
        return this.problems
    return run


SEEN = {"loaded": 101.2, "initramfs": 108.1, "userspace": 109.3, "systemd": 109.7, "target": 110.0,
        "ready": 111.0}
APART = volumes.NOTHING_LEFT + "\n"
LOADED = {"cat /sys/kernel/kexec_loaded": machine.Result(0, "1")}
REQUEST = {"ls /run/rapidreboot/request": machine.Result(0, "")}
CASES = [
    ("a fast reboot", fast(), True),
    ("the same kernel again", fast(release=OLD), False),
    ("the firmware spoke", fast(console=BANNER + MOUNTED), False),
    ("the machine was reset", fast(resets=1), False),
    ("services were not stopped", fast(marks="other"), False),
    ("nothing was mounted", fast(console=""), False),
    ("the journal was replayed", fast(console=MOUNTED + "EXT4-fs (vda3): recovery complete\n"),
     False),
    ("fsck replayed the journal", fast(console="/dev/vda3: recovering journal\n" + MOUNTED), False),
    ("orphans were cleaned up", fast(console=MOUNTED + "EXT4-fs (vda3): orphan cleanup\n"), False),
    ("a cold reboot", cold(console=BANNER + MOUNTED, resets=1), True),
    ("a cold one that was fast", cold(), False),
    ("a cold one without a reset", cold(console=BANNER + MOUNTED), False),
    ("a cold one that ran twice", cold(console=BANNER * 2 + MOUNTED, resets=2), False),
    ("a cold one that lost data", cold(console=BANNER + MOUNTED + "recovery complete\n", resets=1),
     False),
    ("off", lambda: problems("off", "poweroff"), True),
    ("not off", lambda: problems("off", "poweroff", end="came up again"), False),
    ("refused", refused(3, "G2"), True),
    ("refused with another status", refused(5, "G2"), False),
    ("refused without the word", refused(3, "A5"), False),
    ("refused and still loaded", refused(3, "G2", answers=LOADED), False),
    ("refused and still armed", refused(3, "G2", answers=REQUEST), False),
    ("taken apart", apart(APART), True),
    ("not taken apart", apart(""), False),
    ("the volume is left", apart(APART.replace("No devices found", "system-root")), False),
    ("the root is left", apart(APART.replace(", 0 of", ", 1 of")), False),
    ("dracut could not jump", apart(APART + "dracut Warning: kexec failed!\n"), False),
    ("a record as it was seen", agreed(SEEN), True),
    ("a record two seconds off", agreed({**SEEN, "userspace": 111.3}), False),
    ("a record as it was seen, systemd spoke late", agreed({**SEEN, "userspace": 107.3}), True),
    ("systemd spoke before its record", agreed({**SEEN, "userspace": 104, "systemd": 107.3}), False),
    ("a moment that was not seen", agreed({name: SEEN[name] for name in SEEN if name != "userspace"}),
     False),
    ("systemd never spoke", agreed({name: SEEN[name] for name in SEEN if name != "systemd"}), False),
    ("the list of scenarios", missing_systems, True),
]


if __name__ == "__main__":
    sys.exit(tap.run(CASES))
