#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`rapidreboot check` on small trees: its words, its JSON, and the exit statuses of rapidreboot(8)."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from kexec_machine import bzimage
from made_kernel import archive_of

CLEAR, FAILED, USAGE, REFUSED, COLD, WARNINGS = 0, 1, 2, 3, 7, 8

QUIET = {
    "/proc/self/status": "CapEff:\t000001ffffffffff\n",
    "/proc/sys/kernel/kexec_load_disabled": "0\n",
    "/sys/kernel/kexec_loaded": "0\n",
    "/run/utmp": "",
    "/boot/grub/grub.cfg": "menuentry 'Test' {\n linux /boot/vmlinuz quiet\n initrd /boot/initrd\n}\n",
    "/boot/vmlinuz": bzimage(),
    "/boot/initrd": archive_of({"init": b"#!/bin/sh\n"}),
    "/lib/modules/6.1.0-test/modules.dep": "",
}


class Check(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.directory.name)
        for path, text in QUIET.items():
            self.put(path, text)
        for name, number in ("pid", 4026531836), ("user", 4026531837):
            link = self.root / "proc/self/ns" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(f"{name}:[{number}]")

    def tearDown(self):
        self.directory.cleanup()

    def put(self, path, text):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def run_check(self, *arguments):
        return subprocess.run([os.environ["RAPIDREBOOT"], "check", "--root", self.root, *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def expect(self, status, *arguments):
        result = self.run_check(*arguments)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result

    def test_clear(self):
        out = self.expect(CLEAR).stdout
        self.assertEqual(len(out.splitlines()), 1)
        self.assertIn("clear", out)

    def test_nothing_to_start(self):
        """Where `rapidreboot` cannot go on nothing is clear."""
        for name in ("grub/grub.cfg", "vmlinuz", "initrd"):
            (self.root / "boot" / name).unlink()
        self.assertRegex(self.expect(REFUSED).stdout, r"(?m)^B17\s+refuse ")
        data = json.loads(self.expect(REFUSED, "--json", "--force", "B17").stdout)
        self.assertIsNone(data["entry"])
        checks = {check["id"]: check for check in data["checks"]}
        self.assertEqual(checks["B1"]["status"], "unknown")     # the tree has no kernel
        self.assertIsNone(checks["B1"]["severity"])

    def test_other_system(self):
        """Only the firmware starts it, whether its file can be read or not."""
        self.put("/boot/grub/grub.cfg", "menuentry 'Other' {\n chainloader /EFI/o.efi\n}\n")
        out = self.expect(COLD).stdout
        self.assertRegex(out, r"(?m)^B12\s+cold ")
        self.assertNotRegex(out, r"(?m)^B1\s")
        self.put("/EFI/o.efi", "MZ")
        self.assertNotRegex(self.expect(COLD).stdout, r"(?m)^B1\s")

    def test_warning(self):
        self.put("/sys/kernel/kexec_loaded", "1\n")
        self.assertRegex(self.expect(WARNINGS).stdout, r"(?m)^B11\s+warning ")

    def test_cold(self):
        self.put("/run/systemd/reboot-to-firmware-setup", "")
        self.put("/sys/kernel/kexec_loaded", "1\n")
        out = self.expect(COLD).stdout
        self.assertRegex(out, r"(?m)^W1\s+cold ")
        self.assertIn("/run/systemd/reboot-to-firmware-setup", out)
        self.expect(WARNINGS, "--force", "W1")

    def test_refused(self):
        self.put("/proc/sys/kernel/kexec_load_disabled", "1\n")
        self.put("/run/systemd/reboot-to-firmware-setup", "")
        out = self.expect(REFUSED).stdout
        self.assertIn("/proc/sys/kernel/kexec_load_disabled: 1", out)
        self.expect(REFUSED, "--force", "A5")   # the system call would fail all the same

    def test_json(self):
        self.put("/proc/sys/kernel/kexec_load_disabled", "1\n")
        data = json.loads(self.expect(REFUSED, "--json").stdout)
        self.assertEqual(data["outcome"], "refused")
        self.assertEqual(data["exit_status"], REFUSED)
        self.assertEqual(data["entry"], "Test")
        checks = {check["id"]: check for check in data["checks"]}
        self.assertEqual(len(checks), len(data["checks"]))
        self.assertEqual(checks["A5"]["severity"], "refuse")
        self.assertEqual(checks["A5"]["status"], "finding")
        self.assertFalse(checks["A5"]["can_force"])
        self.assertEqual(checks["A1"]["status"], "ok")

    def test_verbose_shows_all(self):
        data = json.loads(self.expect(CLEAR, "--json").stdout)
        out = self.expect(CLEAR, "-v").stdout
        for check in data["checks"]:
            self.assertRegex(out, rf"(?m)^{check['id']}\s")

    def test_configuration(self):
        self.put("/sys/kernel/kexec_loaded", "1\n")
        self.put("/etc/rapidreboot.conf", "CHECKS_REFUSE=B11\nFOO=1\n")
        result = self.expect(REFUSED)
        self.assertIn("/etc/rapidreboot.conf:2: there is no setting FOO", result.stderr)
        self.expect(WARNINGS, "--force", "B11")

    def test_failures(self):
        self.assertIn("Z9", self.expect(FAILED, "--force", "Z9").stderr)
        self.expect(USAGE, "--no-such-option")
        self.expect(USAGE, "one", "two")
        self.put("/etc/rapidreboot.conf/x", "")
        self.assertIn("/etc/rapidreboot.conf", self.expect(FAILED).stderr)


if __name__ == "__main__":
    unittest.main()
