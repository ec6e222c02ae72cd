#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that outlive a fast reboot: memory is set aside in the boot configuration of each family, and nothing is saved
or restored where nothing is wanted. What is kept, and when it is not believed: tests/unit/test-keep.c."""
from kexec_machine import main
from reboot_machine import RebootTest

IOMEM = """00001000-0009ffff : System RAM
00100000-7fffffff : System RAM
  20000000-200fffff : Kernel code
"""
WORD = "memmap=256M!640M"    # the section of the kernel is taken
GRUB_FILE = "etc/default/grub.d/rapidreboot-keep.cfg"


class Keep(RebootTest):
    def setUp(self):
        super().setUp()
        self.set("proc/iomem", IOMEM)
        self.set("proc/sys/kernel/arch", "x86_64\n")
        self.set("proc/cmdline", "root=/dev/vda1 quiet\n")

    def program(self, path):
        self.set(path, "#!/bin/sh\n")
        (self.root / path).chmod(0o755)

    def setup(self, *args, code=0, calls=()):
        return self.assertRuns(["keep", "setup", "256M", *args], code, list(calls))

    def test_debian(self):
        self.program("usr/sbin/update-grub")
        self.set("etc/default/grub", "GRUB_DEFAULT=0\n")
        before = self.tree()
        self.assertEqual(self.setup("--dry-run").out, WORD + "\n")
        self.assertEqual(self.tree(), before)
        r = self.setup()
        self.assertEqual(r.out, WORD + "\n")
        self.assertIn("update-grub", r.err)
        lines = (self.root / GRUB_FILE).read_text().splitlines()
        self.assertIn(f'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX {WORD}"', lines)

    def test_red_hat(self):
        self.program("usr/sbin/grubby")
        self.setup("--dry-run")
        self.assertEqual(self.setup(calls=[f"hook grubby --update-kernel=ALL --args={WORD} 60000ms"]).out, WORD + "\n")

    def test_others(self):
        before = self.tree()
        r = self.setup()
        self.assertEqual(r.out, WORD + "\n")
        self.assertIn("put this word on the kernel's command line", r.err)
        self.assertEqual(self.tree(), before)

    def test_refused(self):
        for path, text, sentence in (("proc/cmdline", "memmap=64M!1G\n", "memmap=64M!1024M is on the command line"),
                                     ("proc/iomem", "00000000-00000000 : System RAM\n", "only root"),
                                     ("proc/sys/kernel/arch", "aarch64\n", "x86_64 only")):
            with self.subTest(path):
                self.setUp()
                self.set(path, text)
                r = self.setup(code=1)
                self.assertEqual(r.out, "")
                self.assertIn(sentence, r.err)

    def test_nothing(self):
        """Without KEEP= nothing is looked at; with it nothing is saved without a loaded kernel."""
        for verb in ("save", "restore"):
            self.assertIn("KEEP=", self.assertRuns(["keep", verb], 6, []).err)
        self.set("etc/rapidreboot.conf", "KEEP=relative\n")
        self.assertIn("KEEP=", self.assertRuns(["keep", "save"], 6, []).err)
        self.set("etc/rapidreboot.conf", "KEEP=\"/run/cache /srv/dump\"\n")
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertIn("no kernel is loaded", self.assertRuns(["keep", "save"], 6, []).err)
        self.assertIn("saved nothing", self.assertRuns(["keep", "restore"], 6, []).err)


if __name__ == "__main__":
    main()
