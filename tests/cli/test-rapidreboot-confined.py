#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot with readers that somebody has broken into (tests/fake/hostile-readers.c): whatever they do, nothing is
loaded, nobody is asked for a reboot, a sentence says so, and the exit status is the documented one."""
import gzip
import pathlib
import shutil

from kexec_machine import bzimage, main
from reboot_machine import RebootTest

OTHER = "tried to do something else: the file was made to break into it"
MISDEEDS = {
    "crash": "crashed (Segmentation fault)", "abort": "crashed (Aborted)", "leave": "gave an answer that cannot be",
    "open": OTHER, "exec": OTHER, "ptrace": OTHER, "socket": OTHER, "kill": OTHER, "fork": OTHER, "mmap": OTHER,
    "mprotect": OTHER, "kexec_load": OTHER,
}
NOT_CONFINED = "is not confined to a process of its own: the kernel filters no system calls"
READING = "reading the boot loader's configuration "


class Confined(RebootTest):
    def setUp(self):
        super().setUp()
        self.take_menu()

    def take_packed(self):
        """The default entry's kernel is packed as a whole, as distributions for other architectures have it."""
        pathlib.Path(self.kernel).write_bytes(gzip.compress(bzimage()))
        self.take_files()

    def test_entries(self):
        for name, says in MISDEEDS.items():
            for args in (["list"], ["load"], ["-y"]):
                with self.subTest((name, args)):
                    before = self.tree()
                    r = self.assertRuns(args, 1, [], env={"FAKE_ENTRIES": name})
                    self.assertIn(f"rapidreboot: {READING}", r.err)
                    self.assertIn(says, r.err)
                    self.assertEqual((r.out, self.tree()), ("", before))

    def take_target(self, config):
        """A system that somebody else wrote, with its settings in the file @config."""
        target = self.dir / "target"
        for name in ("boot/grub", "etc/default", "sbin"):
            (target / name).mkdir(parents=True, exist_ok=True)
        (target / "boot/vmlinuz").write_bytes(bzimage())
        (target / "boot/grub/grub.cfg").write_text("menuentry 'New' {\n linux /boot/vmlinuz root=/dev/sda5\n}\n")
        (target / "sbin/init").touch()
        (target / "etc/inittab").touch()
        self.set(f"{target}/lib/modules/6.1.0-test/modules.dep".lstrip("/"), "")
        for path in ("etc/rapidreboot.conf", "etc/default/kexec"):
            (target / path).unlink(missing_ok=True)
        (target / config).write_text("# FAKE\nAPPEND=theirs\n")
        return str(target)

    def test_settings(self):
        """Below --root: what breaks into their reader reaches nothing; the same text in this system's is not met."""
        self.set("etc/rapidreboot.conf", "APPEND=ours\n")
        for config, commands in (("etc/rapidreboot.conf", (["load", "-n"], ["-y"])),
                                 ("etc/default/kexec", (["load"],))):
            target = self.take_target(config)
            for name, says in MISDEEDS.items():
                for args in commands:
                    with self.subTest((config, name, args)):
                        before = self.tree()
                        r = self.assertRuns([*args, "--root", target], 1, [], env={"FAKE_SETTINGS": name})
                        self.assertIn(f"rapidreboot: /{config}: reading it ", r.err)
                        self.assertIn(says, r.err)
                        self.assertEqual((r.out, self.tree()), ("", before))

    def test_settings_not_confined(self):
        target = self.take_target("etc/rapidreboot.conf")
        args = ["load", "-n", "-v", "--root", target]
        self.assertNotIn("not confined", self.assertRuns(args, 0, []).err)
        told = self.assertRuns(args, 0, [], env={"FAKE_NO_FILTERS": "1"})
        self.assertIn(f"rapidreboot: reading it {NOT_CONFINED}", told.err)

    def test_kernel(self):
        """B1: the entry's kernel cannot be used."""
        self.take_packed()
        for name, says in MISDEEDS.items():
            for args in (["load"], ["-y"]):
                with self.subTest((name, args)):
                    r = self.assertRuns(args, 3, [], env={"FAKE_GZIP": name})
                    self.assertIn("B1  refuse   The kernel of this entry cannot be used.", r.err)
                    self.assertIn(f"{self.kernel}: unpacking it ", r.err)
                    self.assertIn(says, r.err)

    def test_headers(self):
        for name, says in MISDEEDS.items():
            r = self.assertRuns(["-y"], 3, [], env={"FAKE_HEADERS": name})
            self.assertIn(f"{self.kernel}: reading its headers ", r.err)
            self.assertIn(says, r.err)

    def test_not_confined(self):
        """It goes on, with the same result; -v tells."""
        self.take_packed()
        for args in (["list"], ["show"], ["check"], ["load"], ["-n"]):
            with self.subTest(args):
                usual = self.run_it(*args)
                quiet = self.run_it(*args, env={"FAKE_NO_FILTERS": "1"})
                told = self.run_it(*args, "-v", env={"FAKE_NO_FILTERS": "1"})
                self.assertEqual((quiet.rc, quiet.out, quiet.err), (usual.rc, usual.out, usual.err))
                self.assertEqual(told.rc, usual.rc)
                self.assertIn(f"rapidreboot: {READING}{NOT_CONFINED}", told.err)
                self.assertNotIn("not confined", self.run_it(*args, "-v").err)


main()
