#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kexec --diet: modules that the machine does not use are left out of what is loaded, or, where that
cannot be told, nothing is."""
import gzip
import json
import re

from kexec_machine import MachineTest, main
from made_kernel import archive, archive_of, packed_bzimage, uki

V = "usr/lib/modules/6.1.0-test/"
MODULES = {"virtio_blk": "kernel/drivers/block/virtio_blk.ko",
           "ahci": "kernel/drivers/ata/ahci.ko", "libata": "kernel/drivers/ata/libata.ko",
           "ext4": "kernel/fs/ext4/ext4.ko", "xfs": "kernel/fs/xfs/xfs.ko",
           "dm_mod": "kernel/drivers/md/dm-mod.ko"}
DEP = ("kernel/drivers/block/virtio_blk.ko:\nkernel/drivers/ata/libata.ko:\n"
       "kernel/drivers/ata/ahci.ko: kernel/drivers/ata/libata.ko\nkernel/fs/ext4/ext4.ko:\n"
       "kernel/fs/xfs/xfs.ko:\nkernel/drivers/md/dm-mod.ko:\n")
ALIAS = ("alias virtio:d00000002v* virtio_blk\nalias pci:v*d*sv*sd*bc01sc06i01* ahci\n"
         "alias fs-ext4 ext4\nalias fs-xfs xfs\n")
SIZE = 10000    # of a module


def ramdisk(names, **changes):
    files = {"init": b"#!/bin/sh\n", V + "modules.dep": DEP.encode(),
             V + "modules.alias": ALIAS.encode()}
    files |= {V + MODULES[name]: name.encode() * (SIZE // len(name)) for name in names}
    files |= {name: data for name, data in changes.items() if data is not None}
    return archive_of({name: data for name, data in files.items() if name not in changes or
                       changes[name] is not None})


class Diet(MachineTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.file("vmlinuz", packed_bzimage())
        self.full = ramdisk(MODULES)
        self.take(gzip.compress(self.full))
        self.set("proc/modules", "virtio_blk 20480 2 - Live 0x0000000000000000\n")
        self.set("proc/mounts", "/dev/vda1 / ext4 rw 0 0\n")
        self.set("proc/cmdline", "root=/dev/vda1 quiet\n")
        self.set("sys/class/block/vda/uevent", "DEVTYPE=disk\n")
        self.set("sys/bus/virtio/devices/virtio0/uevent",
                 "DRIVER=virtio_blk\nMODALIAS=virtio:d00000002v00001AF4\n")

    def take(self, data):
        self.initrd = self.file("initrd.img", data)

    def load(self, *args, cmdline="root=/dev/vda1 nokaslr"):
        r = self.run_kexec("-l", "--diet", "K", f"--append={cmdline}", f"--initrd={self.initrd}",
                           *args)
        self.assertEqual(r.rc, 0, r.err)
        return r

    def assertLeft(self, names, left, *args, **kwargs):
        """Of the modules called @names those called @left are loaded, and all else."""
        r = self.load(*args, **kwargs)
        sizes = [int(size, 16) for size in re.findall(r"bufsz=0x([0-9a-f]+)", "\n".join(r.log))]
        self.assertIn(len(ramdisk(left)), sizes, r.err)
        self.assertIn(f"kexec: initial ramdisk: {len(names) - len(left)} of {len(names)} kernel "
                      "modules", r.err)
        return r

    def assertKept(self, why, *args, **kwargs):
        r = self.load(*args, **kwargs)
        self.assertRegex(r.err, f"kexec: initial ramdisk: all of it is kept: .*{why}")
        return r

    def test_left_out(self):
        r = self.assertLeft(MODULES, ["virtio_blk", "ext4"])
        self.assertIn("kexec: copy: ", r.err)

    def test_not_packed(self):
        self.take(self.full)
        self.assertLeft(MODULES, ["virtio_blk", "ext4"])

    def test_several_files(self):
        early = self.file("ucode.img", archive("kernel/x86/microcode/none.bin", bytes(96)))
        r = self.run_kexec("-l", "--diet", "K", "--append=root=/dev/vda1 nokaslr",
                           f"--initrd={early}", f"--initrd={self.initrd}")
        self.assertIn("4 of 6 kernel modules", r.err)

    def test_device_that_has_no_driver_yet(self):
        """What the new kernel's lists say of the devices that there are."""
        self.set("sys/bus/pci/devices/0000:00:1f.2/uevent",
                 "MODALIAS=pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01\n")
        self.assertLeft(MODULES, ["virtio_blk", "ext4", "ahci", "libata"])

    def test_loaded(self):
        self.set("proc/modules", "ahci 1 0 - Live 0x0\nxfs 1 0 - Live 0x0\n")
        self.assertLeft(MODULES, ["virtio_blk", "ext4", "ahci", "libata", "xfs"])

    def test_stacked(self):
        self.set("sys/class/block/dm-0/uevent", "DEVTYPE=disk\n")
        self.assertLeft(MODULES, ["virtio_blk", "ext4", "dm_mod"])

    def test_another_root(self):
        """File systems and stacked devices that this machine does not use now."""
        for cmdline in ("root=/dev/vda2 nokaslr", "root=/dev/vda1 rootfstype=xfs nokaslr",
                        "root=/dev/vda1 rd.luks.uuid=1 nokaslr", "nokaslr"):
            with self.subTest(cmdline):
                self.assertLeft(MODULES, ["virtio_blk", "ext4", "xfs", "dm_mod"], cmdline=cmdline)

    def test_named(self):
        self.assertLeft(MODULES, ["virtio_blk", "ext4", "ahci", "libata"],
                        cmdline="root=/dev/vda1 modules=ahci nokaslr")

    def test_all_is_kept(self):
        for why, changes in (("modules.alias", {V + "modules.alias": None}),
                             ("modules.dep", {V + "modules.dep": None}),
                             ("several kernels", {"lib/modules/6.2/kernel/a.ko": b""})):
            with self.subTest(why):
                self.take(gzip.compress(ramdisk(MODULES, **changes)))
                self.assertKept(why)
        self.take(gzip.compress(self.full.replace(b"6.1.0-test", b"6.1.0-rest")))
        self.assertKept("another kernel")
        self.take(gzip.compress(archive("init", b"")))
        self.assertKept("no modules")
        self.take(gzip.compress(self.full) + b"\x89LZO\0\r\n\x1a\n")
        self.assertKept("not all of it unpacks")
        self.take(gzip.compress(ramdisk(["virtio_blk", "ext4"])))
        self.assertKept("may need all")

    def test_unknown_machine(self):
        (self.root / "proc/modules").unlink()
        self.assertKept("/proc/modules")
        self.set("proc/modules", "")
        (self.root / "sys/bus/virtio/devices/virtio0/uevent").write_text("DRIVER=virtio_blk\n")
        self.assertKept("/sys/bus")

    def test_no_initrd(self):
        r = self.run_kexec("-l", "--diet", "K", "--append=nokaslr")
        self.assertIn("all of it is kept: there is none", r.err)

    def given_to_file_call(self, r):
        """The initial ramdisk, unpacked, that kexec_file_load(2) got."""
        self.assertEqual(r.calls, ["file-load"], r.err)
        return int(re.search(r"initrd=(-?\d+)", r.call("kexec_file_load"))[1])

    def test_file_call(self):
        """It gets one made anew, as plain archives or, where its kernel unpacks that, with lz4."""
        left = ["virtio_blk", "ext4"]
        for args in (["-s"], []):
            with self.subTest(args):
                r = self.load(*args)
                self.assertIn("4 of 6 kernel modules", r.err)
                self.assertIn("initial ramdisk unpacked: ", r.err)
                self.assertEqual(self.given_to_file_call(r), len(ramdisk(left)))
            self.set("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        self.set("boot/config-6.1.0-test", "\nCONFIG_RD_LZ4=y\n")
        r = self.load()
        self.assertIn("initial ramdisk packed anew: as lz4", r.err)
        self.assertLess(self.given_to_file_call(r), SIZE)
        # what is read early stays in front and whole, the modules behind it do not
        self.take(archive("kernel/x86/microcode/none.bin", bytes(96)) + self.full)
        (self.root / "boot/config-6.1.0-test").unlink()
        r = self.load()
        self.assertIn("4 of 6 kernel modules", r.err)
        self.assertEqual(self.given_to_file_call(r),
                         len(archive("kernel/x86/microcode/none.bin", bytes(96)) + ramdisk(left)))

    def test_file_call_all_is_kept(self):
        packed = gzip.compress(self.full)
        for why, data in (("not all of it unpacks", packed[:-9]),
                          ("may need all", gzip.compress(ramdisk(["virtio_blk", "ext4"]))),
                          ("modules.dep", gzip.compress(ramdisk(MODULES, **{V + "modules.dep": None})))):
            with self.subTest(why):
                self.take(data)
                self.assertKept(why, "-s")
        self.take(packed)
        self.set("sys/kernel/security/ima/policy", "measure func=KEXEC_INITRAMFS_CHECK\n")
        self.assertEqual(self.given_to_file_call(self.assertKept("IMA", "-s")), len(packed))
        (self.root / "proc/modules").unlink()
        self.set("sys/kernel/security/ima/policy", "measure func=MODULE_CHECK\n")
        self.assertKept("/proc/modules", "-s")
        r = self.run_kexec("-l", "-s", "--diet", "K")
        self.assertIn("all of it is kept: there is none", r.err)

    def test_file_call_unified(self):
        """Of a unified kernel image that is not signed the ramdisk may be made anew, too."""
        packed = gzip.compress(self.full)
        for signed, wanted in ((False, len(ramdisk(["virtio_blk", "ext4"]))), (True, len(packed))):
            with self.subTest(signed):
                image = self.file("unified.efi", uki(packed_bzimage(), packed, signed))
                r = self.run_kexec("-l", "-s", "--diet", image, "--append=root=/dev/vda1 nokaslr")
                self.assertEqual(r.rc, 0, r.err)
                self.assertEqual(self.given_to_file_call(r), wanted, r.err)
                self.assertIn("signed as a whole" if signed else "4 of 6 kernel modules", r.err)
        # files that were named instead of the ramdisk inside are nobody's part
        r = self.run_kexec("-l", "-s", "--diet", image, "--append=root=/dev/vda1 nokaslr", f"--initrd={self.initrd}")
        self.assertIn("4 of 6 kernel modules", r.err)

    def test_file_call_rules_of_secure_boot(self):
        """What Debian's kernels measure under Secure Boot is nothing of the ramdisk: sb_arch_rules of
        security/integrity/ima/ima_efi.c. They do not show their rules, but whether there are others."""
        self.set("proc/sys/kernel/osrelease", "6.1.0-first\n")
        self.set("sys/kernel/security/ima/runtime_measurements_count", "44\n")
        self.set("sys/kernel/security/ima/policy", "")
        debian = "CONFIG_IMA=y\n# CONFIG_IMA_WRITE_POLICY is not set\n# CONFIG_IMA_READ_POLICY is not set\n"
        self.assertKept("IMA", "-s")  # built in an unknown way
        self.set("boot/config-6.1.0-first", debian)
        self.assertIn("4 of 6 kernel modules", self.load("-s").err)
        self.set("proc/cmdline", "root=/dev/vda1 quiet ima_policy=tcb\n")
        self.assertKept("IMA", "-s")
        self.set("proc/cmdline", "root=/dev/vda1 quiet\n")
        for config in ("CONFIG_IMA=y\nCONFIG_IMA_WRITE_POLICY=y\n", "CONFIG_IMA=y\nCONFIG_IMA_READ_POLICY=y\n",
                       "CONFIG_MODULES=y\n"):
            self.set("boot/config-6.1.0-first", config)
            self.assertKept("IMA", "-s")
        self.set("boot/config-6.1.0-first", debian)
        (self.root / "sys/kernel/security/ima/policy").unlink()  # somebody loaded rules
        self.assertKept("IMA", "-s")

    def test_plan(self):
        r = self.load("--dry-run", "--json")
        plan = json.loads(r.out)["plan"]
        self.assertTrue(plan["is_diet"])
        self.assertIn("4 of 6 kernel modules", plan["diet"])
        self.assertEqual(plan["initrd_size"], len(ramdisk(["virtio_blk", "ext4"])))
        (self.root / "proc/modules").unlink()
        plan = json.loads(self.load("--dry-run", "--json").out)["plan"]
        self.assertEqual((plan["is_diet"], plan["initrd_size"]), (False, len(self.full)))
        r = self.run_kexec("-l", "--fast", "K", "--dry-run", "--json", f"--initrd={self.initrd}")
        self.assertIsNone(json.loads(r.out)["plan"]["diet"])

    def test_cached(self):
        """What is kept is used while the machine has the same devices and modules."""
        cache = f"--cache={self.dir / 'cache'}"
        self.assertLeft(MODULES, ["virtio_blk", "ext4"], cache)
        r = self.load(cache, "-d")
        self.assertIn("is used", r.err)
        self.assertIn("modules are left out, as the time before", r.err)
        self.set("proc/modules", "ahci 1 0 - Live 0x0\n")
        self.assertLeft(MODULES, ["virtio_blk", "ext4", "ahci", "libata"], cache)
        r = self.run_kexec("-l", "--fast", cache, "K", "-d", "--append=root=/dev/vda1 nokaslr",
                           f"--initrd={self.initrd}")
        self.assertNotIn("is used", r.err)


if __name__ == "__main__":
    main()
