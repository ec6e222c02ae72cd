#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot crash: what is loaded by whose configuration, and that an armed machine stays armed."""
import errno
import json
import os
import re
import subprocess

from kexec_machine import bzimage, kcore, main
from reboot_machine import RebootTest

DEBIAN = "etc/default/kdump-tools"
NOTE = "run/rapidreboot/crash"


class CrashTest(RebootTest):
    machine = "qemu-uefi-6g-crash"

    def setUp(self):
        super().setUp()
        self.set(DEBIAN, f"USE_KDUMP=1\nKDUMP_KERNEL={self.kernel}\nKDUMP_INITRD={self.initrd}\n"
                         "KDUMP_CMDLINE=a\nKDUMP_CMDLINE_APPEND=b\n")
        (self.root / "proc/kcore").write_bytes(kcore())
        self.loaded("0")

    def loaded(self, text=None):
        path = "sys/kernel/kexec_crash_loaded"
        if text is not None:
            self.set(path, text + "\n")
        return self.read(path).strip()


class Load(CrashTest):
    def test_load(self):
        r = self.assertRuns(["crash", "load"], 0, ["file-load-crash"])
        self.assertIn('cmdline="a b"', r.call("kexec_file_load"))
        self.assertEqual(r.out, "")
        self.assertEqual(self.loaded(), "1")
        r = self.assertRuns(["crash", "load"], 0, [])
        self.assertIn("loaded already", r.err)
        self.assertRuns(["crash", "reload"], 0, ["file-load-crash"])

    def test_options(self):
        """Options go before every configuration."""
        r = self.assertRuns(["crash", "load", f"--kernel={self.kernel}", f"--initrd={self.initrd}",
                             "--cmdline=x", "--append=y", "--kexec-syscall"], 0, ["load-crash"])
        r = self.assertRuns(["crash", "reload", "--append=c"], 0, ["file-load-crash"])
        self.assertIn('cmdline="a b c"', r.call("kexec_file_load"))
        for words in (["--initrd=x"], ["--when=+1"], ["--kernel=a", "--initrd=b", "--initrd=c"], ["x"]):
            self.assertRuns(["crash", "load", *words], 2, [])
        self.assertRuns(["crash"], 2, [])
        self.assertIn("did you mean 'reload'", self.assertRuns(["crash", "relaod"], 2, []).err)

    def test_dry_run(self):
        before = self.tree()
        r = self.assertRuns(["crash", "load", "-n", "--json"], 0, [])
        told = json.loads(r.out)
        self.assertEqual((told["kernel"], told["initrd"], told["cmdline"], told["source"], told["loaded"]),
                         (self.kernel, self.initrd, "a b", "kdump-tools", False))
        self.assertEqual(before, self.tree())

    def test_signature(self):
        """Under Secure Boot kexec_load is never tried."""
        for name, value in (("SecureBoot", 1), ("SetupMode", 0)):
            path = self.root / f"sys/firmware/efi/efivars/{name}-8be4df61-93ca-11d2-aa0d-00e098032b8c"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes([6, 0, 0, 0, value]))
        self.assertRuns(["crash", "load", "--kexec-syscall"], 0, ["file-load-crash"])
        self.assertRuns(["crash", "reload"], 4, ["file-load-crash"], errors={"file_load": errno.EINVAL})
        self.assertRuns(["crash", "unload"], 0, ["file-unload-crash"])

    def test_fall_back(self):
        r = self.assertRuns(["crash", "load"], 0, ["file-load-crash", "load-crash"],
                            errors={"file_load": errno.ENOSYS})
        self.assertIn("trying kexec_load", r.err)


class Refused(CrashTest):
    def test_off(self):
        self.set(DEBIAN, f"USE_KDUMP=0\nKDUMP_KERNEL={self.kernel}\n")
        self.assertIn(f"/{DEBIAN}:1: no crash kernel is wanted",
                      self.assertRuns(["crash", "load"], 6, []).err)

    def test_no_reservation(self):
        self.set("sys/kernel/kexec_crash_size", "0\n")
        iomem = re.sub(r"(?m)^.*Crash kernel\n", "", self.read("proc/iomem"))
        self.set("proc/iomem", iomem)
        self.assertIn("no memory is reserved", self.assertRuns(["crash", "load"], 3, []).err)

    def test_no_support(self):
        (self.root / "sys/kernel/kexec_crash_loaded").unlink()
        self.assertIn("CONFIG_CRASH_DUMP", self.assertRuns(["crash", "load"], 3, []).err)

    def test_missing(self):
        self.set(DEBIAN, "USE_KDUMP=1\nKDUMP_KERNEL=/nowhere\n")
        self.assertIn("KDUMP_KERNEL does not exist: /nowhere",
                      self.assertRuns(["crash", "load"], 1, []).err)

    def test_unload(self):
        self.assertRuns(["crash", "load"], 0)
        self.assertIsNotNone(self.read(NOTE))
        self.assertRuns(["crash", "unload"], 4, errors={"file_unload": errno.EPERM})
        self.assertIsNotNone(self.read(NOTE))
        self.assertRuns(["crash", "unload"], 0, ["file-unload-crash"])
        self.assertIsNone(self.read(NOTE))
        self.assertEqual(self.loaded(), "0")


class KeptArmed(CrashTest):
    def test_last_good(self):
        """The kernel frees the old image, then refuses the new one."""
        self.assertRuns(["crash", "load"], 0)
        other = self.file("other", bzimage())
        for code in (errno.EADDRNOTAVAIL, errno.EKEYREJECTED):
            r = self.assertRuns(["crash", "reload", f"--kernel={other}", "--cmdline=new"], 4,
                                ["file-load-crash", "file-load-crash"],
                                env={"FAKE_DROPS": f"file_load={code}"})
            self.assertIn(f"What was loaded before, {self.kernel}, was loaded again", r.err)
            self.assertIn('cmdline="a b"', r.log[-1])
            self.assertEqual(self.loaded(), "1")

    def test_too_long(self):
        """With elfcorehdr= the line is longer than the image takes: known before the old one is freed."""
        self.assertRuns(["crash", "load"], 0)
        r = self.assertRuns(["crash", "reload", "--append=" + "x" * 2040], 4, [])
        self.assertIn("is still loaded", r.err)

    def test_not_ours(self):
        """Nothing is remembered of what another tool loaded."""
        self.loaded("1")
        r = self.assertRuns(["crash", "reload"], 4, ["file-load-crash"],
                            env={"FAKE_DROPS": f"file_load={errno.EADDRNOTAVAIL}"})
        self.assertIn("none is loaded now", r.err)

    def test_other_load_since(self):
        """What kexec has loaded or unloaded in between is not taken for ours."""
        self.assertRuns(["crash", "load"], 0)
        kexec = os.environ["KEXEC_ITSELF"]
        for words in (["-p", "-s", self.kernel], ["-p", "-u"]):
            subprocess.run([kexec, *words], env=self.environ(), check=True, capture_output=True)
            self.assertIsNone(self.read(NOTE))
        self.loaded("1")
        self.assertIn("another tool", self.assertRuns(["crash", "status"], 0).out)

    def test_torn_note(self):
        for text in ("", "kernel /x\n", "kernel\ncmdline\nway x\n", "way 9\nkernel /x\ncmdline y\n"):
            self.set(NOTE, text)
            self.loaded("1")
            self.assertRuns(["crash", "reload"], 4, ["file-load-crash"],
                            env={"FAKE_DROPS": f"file_load={errno.EADDRNOTAVAIL}"})


class Status(CrashTest):
    def test_status(self):
        self.assertIn("not loaded", self.assertRuns(["crash", "status"], 6).out)
        self.assertRuns(["crash", "load"], 0)
        r = self.assertRuns(["crash", "status"], 0)
        self.assertIn(f"kernel:       {self.kernel}\n", r.out)
        self.assertIn("command line: a b\n", r.out)
        self.assertEqual(json.loads(self.assertRuns(["crash", "status", "--json"], 0).out)["cmdline"], "a b")
        os.unlink(self.root / NOTE)
        self.assertIn("another tool", self.assertRuns(["crash", "status"], 0).out)


class Estimate(CrashTest):
    def test_estimate(self):
        """init_size of the made-up kernel is 4 MiB; 12 MiB besides; a packed ramdisk three times."""
        initrd = self.file("packed", b"\x1f\x8b".ljust(10 << 20, b"\1"))
        r = self.assertRuns(["crash", "estimate", "--json", f"--kernel={self.kernel}",
                             f"--initrd={initrd}"], 0, [])
        told = json.loads(r.out)
        self.assertEqual((told["needs"], told["crashkernel"], told["reserved"], told["enough"]),
                         ((4 + 12 + 30) << 20, 48 << 20, 256 << 20, True))

    def test_not_enough(self):
        self.set("proc/iomem", re.sub(r"(?m)^.*Crash kernel\n", "", self.read("proc/iomem")))
        self.take_menu()
        r = self.assertRuns(["crash", "estimate"], 3, [])
        self.assertIn("crashkernel=32M in GRUB_CMDLINE_LINUX_DEFAULT", r.out)


if __name__ == "__main__":
    main()
