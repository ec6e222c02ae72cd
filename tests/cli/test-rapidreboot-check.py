#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`rapidreboot check` on small trees: its words, its JSON, and the exit statuses of rapidreboot(8)."""
import gzip
import json
import os
import pathlib

from kexec_machine import main
from made_kernel import packed_bzimage
from reboot_machine import RebootTest, cpio

CLEAR, FAILED, USAGE, REFUSED, COLD, WARNINGS = 0, 1, 2, 3, 7, 8


class Check(RebootTest):
    def setUp(self):
        super().setUp()
        self.take_menu()
        self.set("proc/cpuinfo", "processor\t: 0\nmodel name\t: Test\n")

    def expect(self, status, *arguments):
        return self.assertRuns(["check", *arguments], status, [])

    def test_clear(self):
        out = self.expect(CLEAR).out
        self.assertEqual(len(out.splitlines()), 1)
        self.assertRegex(out, "^Test: clear; ")

    def test_fills_cache(self):
        """Hooks of kernel packages check what was made: with CACHE= the load after that finds it unpacked."""
        cache = self.dir / "cache"
        self.kernel = self.file("vmlinuz", packed_bzimage())
        pathlib.Path(self.initrd).write_bytes(gzip.compress(cpio("init", "etc/x")))
        self.take_files()
        self.take_menu()
        self.set("etc/rapidreboot.conf", f"CACHE={cache}\n")
        self.expect(CLEAR, "-v")
        kept = sorted(cache.glob("*.prepared"))
        self.assertEqual(len(kept), 1, list(cache.glob("*")) if cache.exists() else "no cache")
        self.assertEqual((cache.stat().st_mode & 0o7777, kept[0].stat().st_mode & 0o7777), (0o700, 0o600))
        before = kept[0].stat().st_mtime_ns
        r = self.assertRuns(["load", "-v"], 0, ["load"])
        self.assertEqual([file.stat().st_mtime_ns for file in cache.glob("*")], [before], r.err)

    def test_no_entry(self):
        """What cannot be started is not clear, whatever the checks say."""
        out = self.expect(FAILED, "no such entry").out
        self.assertRegex(out, '(?m)^no boot entry \\(.*no such entry.*\\): refused; ')
        self.assertEqual(json.loads(self.expect(FAILED, "--json", "x").out)["reason"], "no-entry")
        (self.root / "boot/grub/grub.cfg").unlink()
        data = json.loads(self.expect(FAILED, "--json").out)
        self.assertEqual((data["outcome"], data["reason"], data["entry"]),
                         ("refused", "no-entry", None))

    def test_missing_files(self):
        self.assertIn("Gone", self.expect(REFUSED, "Gone").out)

    def test_nothing_to_start(self):
        """Where `rapidreboot` cannot go on nothing is clear."""
        (self.root / "boot/grub/grub.cfg").unlink()
        self.assertRegex(self.expect(FAILED).out, r"(?m)^B17\s+refuse ")

    def test_other_system(self):
        """Only the firmware starts it, whether its file can be read or not."""
        self.take_menu("menuentry 'Other' {\n chainloader /EFI/o.efi\n}\n")
        out = self.expect(COLD).out
        self.assertRegex(out, r"(?m)^B12\s+cold ")
        self.assertNotRegex(out, r"(?m)^B1\s")
        self.set("EFI/o.efi", "MZ")
        self.assertNotRegex(self.expect(COLD).out, r"(?m)^B1\s")

    def test_warning(self):
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRegex(self.expect(WARNINGS).out, r"(?m)^B11\s+warning ")

    def test_cold(self):
        self.set("run/systemd/reboot-to-firmware-setup", "")
        self.set("sys/kernel/kexec_loaded", "1\n")
        out = self.expect(COLD).out
        self.assertRegex(out, r"(?m)^W1\s+cold ")
        self.assertIn("/run/systemd/reboot-to-firmware-setup", out)
        self.expect(WARNINGS, "--force", "W1")

    def test_refused(self):
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        self.set("run/systemd/reboot-to-firmware-setup", "")
        out = self.expect(REFUSED).out
        self.assertIn("/proc/sys/kernel/kexec_load_disabled: 1", out)
        self.expect(REFUSED, "--force", "A5")   # the system call would fail all the same

    def test_json(self):
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        data = json.loads(self.expect(REFUSED, "--json").out)
        self.assertEqual(data["outcome"], "refused")
        self.assertEqual(data["exit_status"], REFUSED)
        self.assertEqual(data["entry"], "Test")
        checks = {check["id"]: check for check in data["checks"]}
        self.assertEqual(len(checks), len(data["checks"]))
        self.assertEqual(checks["A5"]["severity"], "refuse")
        self.assertEqual(checks["A5"]["status"], "finding")
        self.assertFalse(checks["A5"]["can_force"])
        self.assertEqual(checks["B3"]["status"], "ok")
        self.assertEqual(checks["B1"]["status"], "ok")
        self.assertIsNone(checks["B1"]["severity"])

    def test_verbose_shows_all(self):
        data = json.loads(self.expect(CLEAR, "--json").out)
        out = self.expect(CLEAR, "-v").out
        for check in data["checks"]:
            self.assertRegex(out, rf"(?m)^{check['id']}\s")

    def test_configuration(self):
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.set("etc/rapidreboot.conf", "CHECKS_REFUSE=B11\nFOO=1\n")
        result = self.expect(REFUSED)
        self.assertIn("/etc/rapidreboot.conf:2: there is no setting FOO", result.err)
        self.expect(WARNINGS, "--force", "B11")

    def test_another_system(self):
        """Its settings choose words of the kernel; what asks and permits is this machine's."""
        self.set("etc/rapidreboot.conf", "CHECKS_REFUSE=B11\n")
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.expect(REFUSED)
        other = self.dir / "other"
        for path, text in (("etc/rapidreboot.conf", "CHECKS_IGNORE=A5\nAPPEND=words\n"),
                           ("proc/sys/kernel/kexec_load_disabled", "1\n")):
            (other / path).parent.mkdir(parents=True, exist_ok=True)
            (other / path).write_text(text)
        data = json.loads(self.run_it("check", "--json", "--root", str(other)).out)
        self.assertEqual([c["severity"] for c in data["checks"] if c["id"] == "A5"], ["refuse"])

    def test_options(self):
        """It takes what chooses an entry."""
        self.set("etc/grub.cfg", f"menuentry 'Elsewhere' {{\n linux {self.kernel}\n}}\n")
        self.assertRegex(self.run_it("check", "--config", "/etc/grub.cfg").out, "(?m)^Elsewhere: ")
        self.expect(USAGE, "--firmware", "coreboot")
        self.expect(USAGE, "--fs", "foo")
        self.expect(USAGE, "--var", "X")

    def test_failures(self):
        self.assertIn("Z9", self.expect(USAGE, "--force", "Z9").err)
        self.expect(USAGE, "--no-such-option")
        self.expect(USAGE, "one", "two")
        (self.root / "etc/rapidreboot.conf").mkdir(parents=True)
        self.assertIn("/etc/rapidreboot.conf", self.expect(FAILED).out)


class Look(RebootTest):
    def test_dry_run_unpacks_nothing(self):
        """What only unpacking shows is not looked at, which is said; the load looks, and so does its dry run."""
        packed = gzip.compress(cpio("init") + os.urandom(4096) * 4)
        for path in (self.root / self.initrd.lstrip("/"), pathlib.Path(self.initrd)):
            path.write_bytes(packed[:len(packed) // 2])
        args = ["--kernel", self.kernel, "--initrd", self.initrd]
        r = self.assertRuns(["-n", *args], 0, [])
        self.assertIn("Speed:        bzImage, or faster: ", r.out)
        self.assertIn("Unknown:      whether kernel and initial ramdisk can be unpacked", r.out)
        got = json.loads(self.assertRuns(["-n", "--json", *args], 0, []).out)
        self.assertEqual((got["rung"], got["passed_over"]), (None, []))
        self.assertIn("can be unpacked", got["not_looked_at"])
        for words in (["check"], ["load", "-n"], ["load"], ["-y"]):
            r = self.assertRuns([*words, *args], 3, [])
            self.assertIn("B2", r.out if words == ["check"] else r.err)
        # what is not unpacked by the load either leaves nothing open
        got = json.loads(self.assertRuns(["-n", "--json", "--safe", *args], 0, []).out)
        self.assertEqual((got["rung"], got["not_looked_at"]), ("kexec_file_load", None))
        # a reason that is known without unpacking is told
        got = json.loads(self.assertRuns(["-n", "--json", *args, "--append", "mem=2G"], 0, []).out)
        self.assertEqual(got["rung"], "bzImage")
        self.assertIn("mem=", got["rung_reason"])

    def test_known(self):
        """What was unpacked once is known again by its contents, and not when it has changed since."""
        note = self.root / "var/lib/rapidreboot/unpacked"
        self.kernel = self.file("vmlinuz", packed_bzimage())
        self.take_files()
        files = (self.root / self.initrd.lstrip("/"), pathlib.Path(self.initrd))
        packed = gzip.compress(cpio("init", *(f"etc/{i * i:x}" for i in range(99))))
        args = ["check", "--json", "--kernel", self.kernel, "--initrd", self.initrd]

        def b2():
            found = json.loads(self.run_it(*args).out)
            return next(c["status"] for c in found["checks"] if c["id"] == "B2")

        for path in files:
            path.write_bytes(packed)
        self.assertRuns(["-n", *args[2:]], 0, [])
        self.assertFalse(note.exists())  # a look unpacks nothing
        self.assertEqual(b2(), "ok")
        line = note.read_text()
        self.assertRegex(line, r"\A[0-9a-f]{16} [0-9a-f]{16}\n\Z")
        note.write_text(line[:17] + "0" * 16 + "\n")
        self.assertEqual((b2(), note.read_text()), ("ok", line))
        for path in files:
            when = path.stat().st_mtime_ns
            path.write_bytes(packed[:100] + bytes([packed[100] ^ 1]) + packed[101:])
            os.utime(path, ns=(when, when))
        self.assertEqual((b2(), note.read_text()), ("finding", line))
        note.unlink()
        # handed over as it is
        args.append("--safe")
        self.assertEqual((b2(), note.exists()), ("unknown", False))


if __name__ == "__main__":
    main()
