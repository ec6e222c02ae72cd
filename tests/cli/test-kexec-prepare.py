#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kexec --fast where only kexec_file_load will do: the initial ramdisk is packed anew, or not."""
import bz2
import errno
import gzip
import json
import lzma
import re
import subprocess

from kexec_machine import MachineTest, main
from made_kernel import archive, packed_bzimage

CONFIG = "boot/config-6.1.0-test"
LZ4 = "# made up\nCONFIG_RD_GZIP=y\nCONFIG_RD_LZ4=y\n"


TEXT = archive("usr/share/text", b"".join(b"line %d\n" % (n * n) for n in range(40000)))
EARLY = archive("kernel/x86/microcode/none.bin", bytes(1000))


class Prepare(MachineTest):
    def load(self, *args, initrd=lzma.compress(TEXT)):
        self.initrd = self.file("initrd.img", initrd)
        r = self.run_kexec("-l", *args, "K", f"--initrd={self.initrd}")
        self.assertEqual(r.rc, 0, r.err)
        return r

    def size(self, r):
        return int(re.search(r"initrd=(-?\d+)", r.call("kexec_file_load"))[1])

    def assertLeft(self, r, why, size):
        self.assertEqual(self.size(r), size)
        self.assertRegex(r.err, f"kexec: kexec_file_load: .*; initial ramdisk left as it is: .*{why}")

    def assertPacked(self, r):
        """Smaller than it was unpacked, larger than xz made it."""
        self.assertRegex(r.err, "kexec: kexec_file_load: .*; initial ramdisk packed anew: as lz4")
        self.assertGreater(self.size(r), len(lzma.compress(TEXT)))
        self.assertLess(self.size(r), len(TEXT))

    def test_asked_for(self):
        self.set(CONFIG, LZ4)
        for packed in (lzma.compress(TEXT), gzip.compress(TEXT), bz2.compress(TEXT), TEXT,
                       EARLY + gzip.compress(TEXT)):
            with self.subTest(packed[:6]):
                self.assertPacked(self.load("-s", "--fast", initrd=packed))

    def test_not_asked_for(self):
        self.set(CONFIG, LZ4)
        r = self.load("-s")
        self.assertEqual(self.size(r), len(lzma.compress(TEXT)))
        self.assertNotIn("ramdisk", r.err)

    def test_config(self):
        packed = gzip.compress(TEXT)
        self.assertLeft(self.load("-s", "--fast", initrd=packed), "no config file", len(packed))
        for text in ("", "# CONFIG_RD_LZ4 is not set\n", "\nCONFIG_RD_LZ4=m\n",
                     "\nCONFIG_RD_LZ4=yes\n"):
            with self.subTest(text):
                self.set(CONFIG, text)
                self.assertLeft(self.load("-s", "--fast", initrd=packed), "does not unpack lz4",
                                len(packed))
        (self.root / CONFIG).unlink()
        self.set("usr/lib/modules/6.1.0-test/config", LZ4)
        self.assertPacked(self.load("-s", "--fast"))

    def test_without_lz4(self):
        """xz takes the kernel longer to unpack than to check what it unpacks to."""
        for text in (None, "# CONFIG_RD_LZ4 is not set\n"):
            if text:
                self.set(CONFIG, text)
            r = self.load("-s", "--fast")
            self.assertRegex(r.err, "kexec_file_load: .*; initial ramdisk unpacked: it has 1 MB")
            self.assertEqual(self.size(r), len(TEXT))

    def test_not_worth_it(self):
        """zstd is nearly as fast to unpack as lz4, and smaller."""
        self.set(CONFIG, LZ4)
        packed = subprocess.run(["zstd", "-q", "-19", "-c"], input=TEXT, stdout=subprocess.PIPE,
                                check=True).stdout
        self.assertLeft(self.load("-s", "--fast", initrd=packed), "less than half", len(packed))

    def test_beside_the_kernel(self):
        self.file("config-6.1.0-test", LZ4.encode())
        self.assertPacked(self.load("-s", "--fast"))

    def test_ima(self):
        self.set(CONFIG, LZ4)
        ima = "sys/kernel/security/ima/"
        size = len(lzma.compress(TEXT))
        self.set(ima + "runtime_measurements_count", "1\n")
        self.assertPacked(self.load("-s", "--fast"))
        self.set(ima + "runtime_measurements_count", "1044\n")
        self.assertLeft(self.load("-s", "--fast"), "IMA", size)
        self.set(ima + "policy", "measure func=MODULE_CHECK\n")
        self.assertPacked(self.load("-s", "--fast"))
        self.set(ima + "policy", "appraise func=KEXEC_INITRAMFS_CHECK appraise_type=imasig\n")
        self.assertLeft(self.load("-s", "--fast"), "IMA", size)
        (self.root / ima / "policy").unlink()
        self.set(ima + "runtime_measurements_count", "1\n")
        for word in ("ima_policy=tcb", "ima_appraise=enforce"):
            self.set("proc/cmdline", f"quiet {word}\n")
            self.assertLeft(self.load("-s", "--fast"), "IMA", size)
        self.set("proc/cmdline", "quiet xima_policy=tcb\n")
        self.assertPacked(self.load("-s", "--fast"))

    def test_damaged(self):
        self.set(CONFIG, LZ4)
        for packed, why in ((lzma.compress(TEXT)[:-9], "cut off"), (b"\x89LZO\0\r\n\x1a\n", "lzop"),
                            (gzip.compress(b"no archive" * 99), "cpio"), (b"text" * 9, "neither")):
            with self.subTest(why):
                self.assertLeft(self.load("-s", "--fast", initrd=packed), why, len(packed))

    def test_no_initrd(self):
        r = self.run_kexec("-l", "-s", "--fast", "K")
        self.assertEqual((r.rc, self.size(r)), (0, -1))
        self.assertNotIn("ramdisk", r.err)

    def test_two_files(self):
        self.set(CONFIG, LZ4)
        early = self.file("ucode.img", EARLY)
        self.assertPacked(self.load("-s", "--fast", f"--initrd={early}"))

    def test_passed_over(self):
        """Each rung above the one that is taken has its own reason, and nothing but that."""
        self.kernel = self.file("vmlinuz", packed_bzimage())

        def passed(*args):
            r = self.run_kexec("-l", "--dry-run", "--json", *args, "K", "--append=nokaslr",
                               f"--initrd={self.initrd}")
            self.assertEqual(r.rc, 0, r.err)
            plan = json.loads(r.out)["plan"]
            return plan["rung"], {one["rung"]: one["reason"] for one in plan["passed_over"]}

        self.set(CONFIG, LZ4)
        rung, why = passed("--fast")
        self.assertEqual((rung, list(why)), ("copy", ["zero-copy"]))
        self.assertIn("huge pages", why["zero-copy"])
        rung, why = passed("--fast", "--entry-32bit")
        self.assertEqual((rung, list(why)), ("bzImage", ["zero-copy", "copy"]))
        self.assertEqual(set(why.values()), {"another entry point was asked for"})
        self.set("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        rung, why = passed("--fast")
        self.assertEqual((rung, list(why)), ("kexec_file_load", ["zero-copy", "copy", "bzImage"]))
        self.assertEqual(set(why.values()), {"the kernel is locked down and permits nothing else"})
        r = self.run_kexec("-l", "--dry-run", "--fast", "K", f"--initrd={self.initrd}")
        self.assertIn("not zero-copy, copy, bzImage: the kernel is locked down", r.out)

    def test_ladder(self):
        """Without -s: what leaves nothing but kexec_file_load."""
        self.set(CONFIG, LZ4)
        self.assertEqual(self.load("--fast").calls, ["load"])
        self.set("sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
        self.assertEqual(self.load("--fast").calls, ["load"])
        for text in ("none [integrity] confidentiality\n", "none integrity [confidentiality]\n"):
            self.set("sys/kernel/security/lockdown", text)
            r = self.load("--fast")
            self.assertEqual(r.calls, ["file-load"])
            self.assertIn("locked down", r.err)
            self.assertPacked(r)
        (self.root / "sys/kernel/security/lockdown").unlink()
        for word in ("kho=on", "kho=1", "kho=y", "kho=off kho=t"):
            self.set("proc/cmdline", word + "\n")
            r = self.load("--fast")
            self.assertEqual(r.calls, ["file-load"], word)
            self.assertIn("KHO", r.err)
        # who asks for kexec_load gets it, or the kernel's answer
        r = self.load("-c", "--fast")
        self.assertEqual(r.calls, ["load"])
        self.assertIn("is lost", r.err)

    def test_handover_scratch(self):
        """Only the scratch areas are looked at, except for crash kernels."""
        self.set("proc/cmdline", "kho=y\n")
        r = self.run_kexec("-s", "-l", "K", errors={"file_load": errno.EADDRNOTAVAIL})
        self.assertNotEqual(r.rc, 0)
        self.assertIn("kho_scratch=", r.err)
        r = self.run_kexec("-s", "-p", "K", errors={"file_load": errno.EADDRNOTAVAIL})
        self.assertNotIn("kho_scratch=", r.err)
        self.set("proc/cmdline", "kho=0\n")
        r = self.run_kexec("-s", "-l", "K", errors={"file_load": errno.EADDRNOTAVAIL})
        self.assertNotIn("kho_scratch=", r.err)


if __name__ == "__main__":
    main()
