#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot crash: what is loaded by whose configuration, and that an armed machine stays armed."""
import errno
import gzip
import json
import os
import random
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


class Own(CrashTest):
    """The capture initramfs of our own, on a machine whose disk is driven by a module."""
    chain = "sys/devices/pci0000:00/0000:00:03.0/virtio0"
    uuid = "01020304-0506-0708-090a-0b0c0d0e0f10"

    def setUp(self):
        super().setUp()
        self.modules = "lib/modules/6.1.0-test"    # of the kernel's file, whatever runs now
        self.set("etc/rapidreboot.conf", f"CRASH_KERNEL={self.kernel}\nCRASH_INITRD=own\n")
        self.set("proc/self/mountinfo", "21 1 254:1 / / rw - ext4 /dev/root rw\n"
                                        "22 21 0:9 / /tmp rw - tmpfs tmpfs rw\n")
        self.link("sys/dev/block/254:1", "../../" + self.chain[4:] + "/block/vda/vda1")
        self.link(self.chain + "/driver/module", "../../../../module/virtio_blk")
        self.set(self.chain + "/block/vda/vda1/uevent", "MAJOR=254\n")
        self.set(f"{self.modules}/modules.dep", "kernel/virtio_blk.ko: kernel/virtio.ko\nkernel/virtio.ko:\n")
        self.set(f"{self.modules}/modules.builtin", "kernel/fs/ext4/ext4.ko\n")
        for name in ("virtio", "virtio_blk"):
            self.set(f"{self.modules}/kernel/{name}.ko", name)
        disk = bytearray(1 << 18)    # a superblock: kernel, Documentation/filesystems/ext4/super.rst
        disk[1028], disk[1048], disk[1080:1082], disk[1100], disk[1120] = 64, 2, b"\x53\xef", 1, 0x42
        disk[1128:1144] = bytes(range(1, 17))
        (self.root / "dev").mkdir(exist_ok=True)
        (self.root / "dev/vda1").write_bytes(disk)

    def link(self, path, target):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).symlink_to(target)

    def test_load(self):
        before = self.tree()
        told = json.loads(self.assertRuns(["crash", "load", "-n", "--json"], 0, []).out)
        self.assertEqual(before, self.tree())
        self.assertIsNone(told["initrd"])
        self.assertEqual(told["own_initrd"]["modules"], ["virtio.ko", "virtio_blk.ko"])
        self.assertEqual(told["own_initrd"]["targets"],
                         [{"directory": "/var/crash", "type": "ext4", "uuid": self.uuid}])
        self.assertRuns(["crash", "load"], 0, ["file-load-crash"])
        archive = (self.root / "run/rapidreboot/capture.img").read_bytes()
        self.assertEqual(len(archive), told["own_initrd"]["bytes"])
        names = subprocess.run(["cpio", "-t"], input=archive, capture_output=True, check=True).stdout.split()
        self.assertEqual(set(names) & {b"init", b"capture.conf", b"modules/virtio.ko"},
                         {b"init", b"capture.conf", b"modules/virtio.ko"})
        self.assertIn("capture.img", self.assertRuns(["crash", "status"], 0).out)
        self.assertRuns(["crash", "unload"], 0)
        self.assertFalse((self.root / "run/rapidreboot/capture.img").exists())

    def test_settings(self):
        self.set("etc/rapidreboot.conf", f"CRASH_KERNEL={self.kernel}\nCRASH_INITRD=own\nCRASH_TARGET=/srv/a\n"
                 "CRASH_LEVEL=1\nCRASH_PACK=zstd\nCRASH_KEEP=3\nCRASH_KEEP_MIB=4\nCRASH_FAILURE=halt\n")
        self.assertRuns(["crash", "load"], 0, ["file-load-crash"])
        archive = (self.root / "run/rapidreboot/capture.img").read_bytes()
        for line in (b"directory=/srv/a", b"level=1", b"pack=zstd", b"keep=3", b"keep-mib=4", b"failure=halt"):
            self.assertIn(b"\n" + line + b"\n", archive)

    def test_last_good(self):
        """What was made before is loaded again out of its file."""
        self.assertRuns(["crash", "load"], 0)
        before = (self.root / "run/rapidreboot/capture.img").read_bytes()
        self.set("etc/rapidreboot.conf", f"CRASH_KERNEL={self.kernel}\nCRASH_INITRD=own\nCRASH_KEEP=7\n")
        r = self.assertRuns(["crash", "reload"], 4, ["file-load-crash", "file-load-crash"],
                            env={"FAKE_DROPS": f"file_load={errno.EADDRNOTAVAIL}"})
        self.assertIn("was loaded again", r.err)
        self.assertEqual((self.root / "run/rapidreboot/capture.img").read_bytes(), before)

    def test_refused(self):
        """Everything that would fail after the crash is said before, and leaves what is loaded."""
        self.assertRuns(["crash", "load"], 0)
        config = f"CRASH_KERNEL={self.kernel}\nCRASH_INITRD=own\n"
        disk = (self.root / "dev/vda1").read_bytes()
        for change, why in (
                (lambda: self.set("etc/rapidreboot.conf", config + "CRASH_TARGET=/tmp/x\n"), "CRASH_TARGET"),
                (lambda: (self.root / "dev/vda1").write_bytes(b"x" * 9000), "UUID"),
                (lambda: (self.root / self.modules / "modules.dep").write_text(""), "no module virtio_blk"),
                (lambda: (self.root / self.modules / "modules.dep").unlink(), "modules.dep")):
            change()
            self.assertIn(why, self.assertRuns(["crash", "reload"], 4, []).err)
            self.set("etc/rapidreboot.conf", config)
            (self.root / "dev/vda1").write_bytes(disk)
            self.assertEqual(self.loaded(), "1")


class Trial(CrashTest):
    sysrq = "proc/sysrq-trigger"
    record = "var/lib/rapidreboot/crash-test"

    def setUp(self):
        super().setUp()
        self.set(self.sysrq, "")

    def test_refused(self):
        """Without a crash kernel, and without anybody who was asked, nothing happens."""
        self.assertRuns(["crash", "test", "--yes"], 3, [])
        self.assertRuns(["crash", "load"], 0)
        self.assertIn("needs --yes", self.assertRuns(["crash", "test"], 3, []).err)
        told = json.loads(self.assertRuns(["crash", "test", "-n", "--json"], 0, []).out)
        self.assertEqual((told["kernel"], told["directory"]), (self.kernel, "/var/crash"))
        self.assertEqual(self.read(self.sysrq), "")
        self.assertIsNone(self.read(self.record))

    def test_no_crash(self):
        """The trigger is written; this machine does not crash of it, so that there was no test."""
        self.assertRuns(["crash", "load"], 0)
        self.assertIn("did not crash", self.assertRuns(["crash", "test", "--yes"], 1, []).err)
        self.assertEqual(self.read(self.sysrq), "c")
        self.assertIsNone(self.read(self.record))

    def test_told(self):
        """The next boot tells what came of it, once; status tells it always."""
        self.assertRuns(["crash", "load"], 0)
        self.assertIsNone(json.loads(self.assertRuns(["crash", "status", "--json"], 0).out)["test"])
        self.set(self.record, "result=open\nboot=another\ndirectory=/var/crash\nstarted-at=1000\n"
                              "good-at=500\nbefore=/var/crash/202601010000/dump.202601010000\n")
        self.set("var/crash/202601010000/dump.202601010000", "old")
        self.set("var/crash/202601020000/dump.202601020000", "x" * (3 << 20))
        self.set("var/crash/202601020000/rapidreboot.txt", "started-ms=1500\ndump-ms=4200\n")
        r = self.assertRuns(["hook", "boot"], 0)
        self.assertIn("a dump of 3 MiB came, /var/crash/202601020000/dump.202601020000", r.out)
        self.assertIn("started 1.5 s, dump 4.2 s", r.out)
        self.assertNotIn("dump of", self.assertRuns(["hook", "boot"], 0).out)
        self.assertIn("started 1.5 s, dump 4.2 s", self.assertRuns(["crash", "status"], 0).out)
        told = json.loads(self.assertRuns(["crash", "status", "--json"], 0).out)["test"]
        self.assertEqual((told["result"], told["steps_ms"]), ("saved", {"started": 1500, "dump": 4200}))
        self.assertEqual(told["age_s"], told["last_good_age_s"])

    def test_none_came(self):
        self.set(self.record, "result=open\nboot=another\ndirectory=/var/crash\nstarted-at=1000\ngood-at=500\n")
        out = self.assertRuns(["crash", "status"], 6).out
        self.assertIn("no dump came to /var/crash", out)
        self.assertIn("the last good one was", out)


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


class NotFollowed(CrashTest):
    """With the initial ramdisk of the other tool nothing is said: it does these things itself."""

    def test_load(self):
        self.set(DEBIAN, self.read(DEBIAN) + "FTP=server:/dumps\n")
        r = self.assertRuns(["crash", "load"], 0)
        self.assertNotIn("not followed", r.err)
        self.assertNotIn("not followed", self.assertRuns(["crash", "status"], 0).out)

    def test_status(self):
        """Our own is loaded, as its note says."""
        self.set(DEBIAN, self.read(DEBIAN) + "FTP=server:/dumps\nKDUMP_FAIL_CMD=poweroff\n")
        self.set(NOTE, f"kernel {self.kernel}\ninitrd /run/rapidreboot/capture.img\nway 0\nflags 0\ncmdline a\n")
        self.loaded("1")
        r = self.assertRuns(["crash", "status"], 0)
        self.assertIn(f"not followed: /{DEBIAN}:6: FTP server:/dumps is not followed by", r.out)
        self.assertIn(f"not followed: /{DEBIAN}:7: KDUMP_FAIL_CMD poweroff is not followed by", r.out)
        told = json.loads(self.assertRuns(["crash", "status", "--json"], 0).out)["not_followed"]
        self.assertEqual(len(told), 2)
        told = json.loads(self.assertRuns(["crash", "test", "-n", "--json"], 0, []).out)
        self.assertIsNone(told["place"])

    def test_place_of_another_tool(self):
        self.set(DEBIAN, self.read(DEBIAN) + "FTP=server:/dumps\n")
        self.assertRuns(["crash", "load"], 0)
        told = json.loads(self.assertRuns(["crash", "test", "-n", "--json"], 0, []).out)
        self.assertEqual(told["place"], "FTP server:/dumps")
        self.set(DEBIAN, self.read(DEBIAN).replace("FTP=", "NFS="))
        told = json.loads(self.assertRuns(["crash", "test", "-n", "--json"], 0, []).out)
        self.assertEqual(told["place"], "server:/dumps")


class Estimate(CrashTest):
    def estimate(self, packed, kernel=None):
        r = self.assertRuns(["crash", "estimate", "--json", f"--kernel={kernel or self.kernel}",
                             f"--initrd={self.file('packed', packed)}"], 0, [])
        return json.loads(r.out)

    def test_estimate(self):
        """init_size of the made-up kernel is 4 MiB; 12 MiB besides; the ramdisk, and three times that."""
        told = self.estimate(b"\xfd7zXZ\0".ljust(10 << 20, b"\1"))
        self.assertEqual((told["needs"], told["crashkernel"], told["reserved"], told["enough"]),
                         ((4 + 12 + 40) << 20, 64 << 20, 256 << 20, True))
        self.assertEqual((told["initrd_bytes"], told["unpacked"], told["unpacked_is_guess"]),
                         (10 << 20, 30 << 20, True))

    def test_unpacked_is_known(self):
        """gzip says at its end what it packed; what lies plain in front counts as it is."""
        packed = gzip.compress(random.Random(1).randbytes(1 << 19).hex().encode(), 1)
        early = b"\0" * 4096
        for front in (b"", early):
            told = self.estimate(front + packed)
            self.assertEqual((told["unpacked"], told["unpacked_is_guess"]), (len(front) + (1 << 20), False))
            self.assertEqual(told["needs"], (17 << 20) + 2 * len(front) + len(packed))
        # zeros behind it: then its end is not where the size is
        self.assertTrue(self.estimate(packed + bytes(512))["unpacked_is_guess"])

    def test_later_kernels_need_more(self):
        image = bzimage()
        for release, besides in ((b"6.12.9", 12), (b"6.13.0", 22), (b"7.2.13", 22), (b"5.99.1", 12),
                                 (b"x.y.zz", 22)):
            kernel = self.file("other", image[:0x300] + release + image[0x306:])
            self.assertEqual(self.estimate(b"070701".ljust(1 << 20, b"\1"), kernel)["needs"],
                             (4 + besides + 2) << 20, release)

    def test_not_enough(self):
        self.set("proc/iomem", re.sub(r"(?m)^.*Crash kernel\n", "", self.read("proc/iomem")))
        self.take_menu()
        r = self.assertRuns(["crash", "estimate"], 3, [])
        self.assertIn("crashkernel=32M in GRUB_CMDLINE_LINUX_DEFAULT", r.out)


if __name__ == "__main__":
    main()
