#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kexec with a decoder of gzip, or a parser of headers, that somebody has broken into (tests/fake/hostile-readers.c): whatever it does, nothing
is loaded, a sentence says so, and the exit status is the documented one. On a kernel without filters it goes on."""
import gzip

from kexec_machine import MachineTest, bzimage, main, multiboot

# What it does (tests/fake/misdeeds.c), and what a person is told.
MISDEEDS = {
    "crash": "crashed (Segmentation fault)", "abort": "crashed (Aborted)", "leave": "gave an answer that cannot be",
    "open": "tried to do something else", "exec": "tried to do something else", "ptrace": "tried to do something else",
    "socket": "tried to do something else", "kill": "tried to do something else", "fork": "tried to do something else",
    "mmap": "tried to do something else", "mprotect": "tried to do something else",
    "kexec_load": "tried to do something else",
}
NOT_CONFINED = "is not confined to a process of its own: the kernel filters no system calls"


class Confined(MachineTest):
    def setUp(self):
        super().setUp()
        self.packed = self.file("vmlinuz.gz", gzip.compress(bzimage()))

    def refused(self, name, says, args, rc, reader="GZIP", doing="unpacking it"):
        r = self.assertRun(args, rc, [], env={f"FAKE_{reader}": name})
        self.assertIn(says, r.err)
        self.assertIn(doing, r.err)

    def test_kernel(self):
        for name, says in MISDEEDS.items():
            with self.subTest(name):
                self.refused(name, says, ["-l", self.packed, "--reuse-cmdline"], 255)

    def test_headers(self):
        for name, says in MISDEEDS.items():
            with self.subTest(name):
                self.refused(name, says, ["-l", "K", "--reuse-cmdline"], 255, "HEADERS", "reading its headers")

    def test_dry_run(self):
        self.refused("exec", MISDEEDS["exec"], ["-l", self.packed, "--reuse-cmdline", "--dry-run"], 255)

    def test_module(self):
        """A module that cannot be unpacked is one that cannot be read."""
        module, kernel = self.file("module.gz", gzip.compress(b"m" * 5000)), self.file("multiboot", multiboot())
        self.assertRun(["-l", kernel, "--module", module], 0)
        for name in ("crash", "exec", "leave"):
            self.refused(name, MISDEEDS[name], ["-l", kernel, "--module", module], 1)

    def test_not_confined(self):
        """It is loaded all the same, and only who asks is told."""
        plain = self.assertRun(["-l", self.packed, "--reuse-cmdline"], 0, env={"FAKE_NO_FILTERS": "1"})
        self.assertNotIn("confined", plain.err)
        told = self.assertRun(["-l", self.packed, "--reuse-cmdline", "-d"], 0, env={"FAKE_NO_FILTERS": "1"})
        self.assertEqual(told.calls, plain.calls)
        self.assertIn("unpacking it " + NOT_CONFINED, told.err)
        confined = self.assertRun(["-l", self.packed, "--reuse-cmdline", "-d"], 0, plain.calls)
        self.assertNotIn("not confined", confined.err)


main()
