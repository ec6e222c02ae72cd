# SPDX-License-Identifier: LGPL-2.1-or-later
"""One test on one machine: what it finds wrong, and the checks that are the same for every init."""

import json
import re

import machine
import recipes

MARKS = "cat /var/tmp/stopped"
# What the kernel says of a file system at its first mount, and what it or fsck adds when the system
# before had not unmounted it. The scenario crash_is_seen shows that they do.
MOUNTED = re.compile(r"EXT4-fs \(\S+\): mounted filesystem")
UNCLEAN = re.compile(r".*(?:recovering journal|recovery complete|orphan).*", re.I)


class Trial:
    """Collects what is not as it has to be."""

    def __init__(self, guest, ready):
        self.guest, self.ready = guest, ready
        self.problems = []

    @property
    def newest(self):
        """The release of the kernel that the boot loader starts when nobody chooses."""
        return self.ready.kernels[-1]

    @property
    def oldest(self):
        return self.ready.kernels[0]

    def equal(self, what, found, expected):
        if found != expected:
            self.problems.append(f"{what}: found {found!r}, expected {expected!r}")

    def true(self, what, holds):
        if not holds:
            self.problems.append(what)

    # ---- ways that end in a running system

    def _comes_up(self, command):
        """Give @command and wait for the next system: (start of its console, resets on the way)."""
        start, resets = self.guest.console_size(), self.guest.resets()
        self.guest.send(command)
        boot = self.guest.wait_boot()
        return boot, start, self.guest.resets() - resets

    def stopped_well(self, start):
        """The system before stopped its services and unmounted its file systems."""
        console, before = self.guest.console(start), self.guest.boots[-2].ident
        self.true("the kernel has not mounted a file system", MOUNTED.search(console))
        self.equal("file systems were not unmounted", UNCLEAN.findall(console), [])
        self.true("the service that leaves a mark was not stopped",
                  before in self.guest.run(MARKS).output.split())

    def fast(self, command, release=None):
        """After @command another kernel runs, and the firmware did not."""
        boot, start, resets = self._comes_up(command)
        self.equal("kernel", boot.release, release or self.newest)
        self.equal("the firmware's banners", self.guest.banners(start), 0)
        self.equal("resets of the machine", resets, 0)
        self.stopped_well(start)

    def cold(self, command, release=None):
        """After @command the system comes up through firmware and boot loader."""
        boot, start, resets = self._comes_up(command)
        self.equal("kernel", boot.release, release or self.newest)
        self.equal("the firmware's banners", self.guest.banners(start), 1)
        self.true("the machine was not reset", resets > 0)  # QEMU reports one reset several times
        self.stopped_well(start)

    def off(self, command):
        """After @command the machine is off."""
        self.guest.send(command)
        self.equal(f"after {command} the machine", self.guest.wait_off(), "poweroff")

    def again(self):
        """The saved machine once more, whatever became of this one."""
        self.guest.__exit__()
        self.guest = self.ready.start(self.guest.folder).__enter__()

    # ---- ways that end where they began

    def refused(self, command, status, *words):
        """@command says no with @status and all of @words, and leaves nothing loaded."""
        done = self.guest.run(command, machine.BOOT_SECONDS)
        self.equal(f"exit status of {command}", done.status, status)
        for word in words:
            self.true(f"{command} does not say {word!r}:\n{done.output}", word in done.output)
        self.equal("kexec_loaded", self.loaded(), "0")
        self.equal("a request for hooks", self.guest.run("ls /run/rapidreboot/request").status, 2)
        return done

    def loaded(self):
        return self.guest.run("cat /sys/kernel/kexec_loaded").output

    def attempts(self):
        """What `rapidreboot timeline` knows."""
        text = self.guest.must("rapidreboot timeline --json")
        try:
            return json.loads(text)
        except ValueError as error:
            raise machine.Trouble(f"rapidreboot timeline --json: {error}: {text}") from error

    def recorded(self, result="kexec"):
        """The system that came up has closed the record of how it came up."""
        self.guest.must(recipes.INITS[self.ready.system.init].closed, machine.BOOT_SECONDS)
        self.equal("the last attempt's result",
                   ([None] + [one["result"] for one in self.attempts()])[-1], result)
