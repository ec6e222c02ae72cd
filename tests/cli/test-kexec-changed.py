#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that somebody shortens while they are read or loaded: an error in words, and nothing stays."""
from kexec_machine import MachineTest, bzimage, main

PAGES = 64


class Shortened(MachineTest):
    def setUp(self):
        super().setUp()
        self.write()

    def write(self):
        self.file("vmlinuz", bzimage())
        self.initrd = self.file("initrd.img", b"070701" + b"x" * 4096 * PAGES)

    def shorten(self, call, path, *args):
        self.write()
        r = self.run_kexec(*args, env={"FAKE_SHORTENS": f"{call}={path}"})
        self.assertNotEqual(r.rc, 0)
        self.assertIn(f"{path} was changed while it was read", r.err)
        return r.calls

    def test_while_planned(self):
        """What lies behind the new end of the file is looked at afterwards: the segments' digest."""
        self.assertEqual(self.shorten("random", self.kernel, "-l", "-c", "K"), [])
        self.assertEqual(self.shorten("random", self.initrd, "-l", "-c", "K", "--initrd", self.initrd), [])

    def test_while_loaded(self):
        """The kernel has read half of it, perhaps: it is unloaded."""
        self.assertEqual(self.shorten("load", self.kernel, "-l", "-c", "K"), ["load", "unload"])
        self.assertEqual(self.shorten("file_load", self.kernel, "-l", "-s", "K"), ["file-load", "file-unload"])

    def test_refused(self):
        """The kernel's own error says less."""
        r = self.run_kexec("-l", "-c", "K", errors={"load": 14}, env={"FAKE_SHORTENS": f"load={self.kernel}"})
        self.assertIn(f"{self.kernel} was changed while it was read", r.err)
        self.assertEqual(r.calls, ["load"])

    def test_whole(self):
        self.assertEqual(self.run_kexec("-l", "-c", "K", "--initrd", self.initrd).rc, 0)


class NoCore(MachineTest):
    def test_load(self):
        """A dump would hold the initial ramdisk."""
        for way in ("-c", "-s"):
            r = self.run_kexec("-l", way, "K", "--initrd", self.initrd, env={"FAKE_TELLS_DUMP": "1"})
            self.assertEqual(r.rc, 0, r.err)
            self.assertEqual({line for line in r.log if line.startswith("dumpable")}, {"dumpable 0"})


if __name__ == "__main__":
    main()
