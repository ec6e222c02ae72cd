#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which system call: the fallback matrix, for loading and unloading, and the callers that every
distribution has."""
import errno
import os

from kexec_machine import MachineTest, bzimage, elf64, main

FALLS_BACK = ["ENOSYS", "EINVAL", "ENOEXEC", "EOPNOTSUPP"]
FINAL = ["EPERM", "EACCES", "ELIBBAD", "EKEYREJECTED", "ENOPKG", "ENOKEY", "EBADMSG", "EMSGSIZE",
         "ENODATA", "EADDRNOTAVAIL", "ENOMEM", "EBUSY", "EIO", "EFBIG", "ETXTBSY", "EFAULT"]


def once(calls):
    """EBUSY is tried again for a second: the same call in a row counts once."""
    return [c for i, c in enumerate(calls) if i == 0 or calls[i - 1] != c]


class Load(MachineTest):
    def run_failing(self, args, **errors):
        codes = {k: getattr(errno, v) for k, v in errors.items()}
        r = self.run_kexec("-l", *args, "K", errors=codes)
        r.calls = once(r.calls)
        return r

    def test_auto(self):
        for args in ([], ["-a"]):
            for name in FALLS_BACK:
                with self.subTest((args, name)):
                    r = self.run_failing(args, file_load=name)
                    self.assertEqual((r.rc, r.calls), (0, ["file-load", "load"]))
                    self.assertIn(os.strerror(getattr(errno, name)), r.err)
                    self.assertIn("kexec_file_load", r.err)
                    self.assertNotIn("failed", r.err)
            for name in FINAL:
                with self.subTest((args, name)):
                    r = self.run_failing(args, file_load=name)
                    self.assertEqual((r.rc, r.calls), (255, ["file-load"]))
                    text = os.strerror(getattr(errno, name))
                    self.assertEqual(r.first, f"kexec_file_load failed: {text}")
                    self.assertGreater(r.err.count("\n"), 1)    # and an explanation

    def test_file_only(self):
        for name in FALLS_BACK:
            with self.subTest(name):
                r = self.run_failing(["-s"], file_load=name)
                self.assertEqual((r.rc, r.calls), (253, ["file-load"]))
                self.assertEqual(r.first, "syscall kexec_file_load not available.")
                self.assertIn(os.strerror(getattr(errno, name)), r.err)
        for name in FINAL:
            with self.subTest(name):
                r = self.run_failing(["-s"], file_load=name)
                self.assertEqual((r.rc, r.calls), (255, ["file-load"]))
                text = os.strerror(getattr(errno, name))
                self.assertEqual(r.first, f"kexec_file_load failed: {text}")

    def test_classic_only(self):
        for name in FALLS_BACK + FINAL:
            with self.subTest(name):
                r = self.run_failing(["-c"], load=name)
                self.assertEqual((r.rc, r.calls), (255, ["load"]))
                self.check_listing(r, name)

    def check_listing(self, r, name):
        lines = r.err.splitlines()
        at = lines.index(f"kexec_load failed: {os.strerror(getattr(errno, name))}")
        self.assertRegex(lines[at + 1], r"^entry       = 0x[0-9a-f]+ flags = 0x[0-9a-f]+$")
        n = len([l for l in r.log if l.startswith("segment")]) // max(1, r.log.count(
            [l for l in r.log if l.startswith("kexec_load")][0]))
        self.assertEqual(lines[at + 2], f"nr_segments = {n}")
        for i in range(n):
            part = lines[at + 3 + 4 * i:at + 7 + 4 * i]
            for line, field in zip(part, ("buf   = ", "bufsz = ", "mem   = ", "memsz = ")):
                self.assertTrue(line.startswith(f"segment[{i}].{field}0x"), line)

    def test_both_fail(self):
        r = self.run_failing([], file_load="EINVAL", load="EPERM")
        self.assertEqual((r.rc, r.calls), (255, ["file-load", "load"]))
        self.assertLess(r.err.index("Invalid argument"), r.err.index("Operation not permitted"))
        self.check_listing(r, "EPERM")

    def test_optional_flags(self):
        """A kernel older than the flag refuses it: once more without, and never another call."""
        for option in ("-d", "--no-cma", "--force-dtb"):
            for way in ([], ["-s"]):
                with self.subTest((option, way)):
                    r = self.assertRun(["-l", option, *way, "K"], 0, ["file-load", "file-load"],
                                       env={"FAKE_FLAGS": "0x7"})
                    self.assertTrue(r.log[-1].endswith("flags=0x4"))
                    self.assertIn("again without", r.err)

    def test_cma(self):
        """Kernels that place segments in a CMA area are told not to, and never asked without."""
        cases = (("6.17.0-1", 262144, True), ("7.2.13", 16384, True), ("7.2.13", 0, False),
                 ("6.16.9", 262144, False), ("6.1.0-50-cloud-amd64", 262144, False))
        for release, size, wanted in cases:
            self.set("proc/sys/kernel/osrelease", release + "\n")
            self.set("proc/meminfo", f"MemTotal:  3060736 kB\nCmaTotal: {size:14} kB\n")
            for way in ([], ["-s"], ["-a"], ["-s", "--no-cma"]):
                with self.subTest((release, size, way)):
                    r = self.assertRun(["-l", *way, "K"], 0, ["file-load"])
                    flags = 4 | (0x10 if wanted or "--no-cma" in way else 0)
                    self.assertTrue(r.log[-1].endswith(f"flags={flags:#x}"), r.log)
        # a kernel that should know it and does not
        self.set("proc/sys/kernel/osrelease", "6.17.0-rc1\n")
        self.set("proc/meminfo", "CmaTotal:         262144 kB\n")
        self.assertRun(["-l", "-s", "K"], 253, ["file-load"], env={"FAKE_FLAGS": "0x7"})
        self.assertRun(["-l", "K"], 0, ["file-load", "load"], env={"FAKE_FLAGS": "0x7"})

    def test_images_only_classic_knows(self):
        elf = self.file("generic.elf", elf64())
        old = self.file("bzImage", bzimage(version=0x020B, xloadflags=0))
        r = self.assertRun(["-l", elf], 0, ["load"])
        for kernel in (elf, old):
            with self.subTest(kernel):
                r = self.assertRun(["-l", "-s", kernel], 253, [])
                self.assertEqual(r.first, "syscall kexec_file_load not available.")
                self.assertIn("-c", r.err)

    def test_long_command_lines(self):
        """The kernel's own loader keeps room for elfcorehdr=; the image takes 2047."""
        for n, calls in ((2016, ["file-load"]), (2017, ["load"]), (2047, ["load"])):
            r = self.assertRun(["-l", "--append=" + "x" * n, "K"], 0, calls)
        self.assertRun(["-l", "-s", "--append=" + "x" * 2016, "K"], 0, ["file-load"])
        r = self.assertRun(["-l", "-s", "--append=" + "x" * 2017, "K"], 255, [])
        self.assertIn("2017", r.err)
        self.assertIn("2016", r.err)
        for way in ([], ["-c"]):
            r = self.assertRun(["-l", *way, "--append=" + "x" * 2048, "K"], 255, [])
            self.assertIn("2048", r.err)
            self.assertIn("2047", r.err)


class Architectures(MachineTest):
    """Chosen by the files of the machine that is read, not by the one that this was built for."""
    # What arch/riscv/kernel/cpu.c and arch/loongarch/kernel/proc.c write.
    OTHERS = {
        "loongarch64": "processor\t\t: 0\nISA\t\t\t: loongarch32 loongarch64\n",
        "riscv64": "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdch\nmmu\t\t: sv57\n",
    }

    def plan(self, *way):
        return self.run_kexec("--dry-run", *way, "-l", "K")

    def test_refused(self):
        for name, cpuinfo in self.OTHERS.items():
            self.set("proc/cpuinfo", cpuinfo)
            for way in ([], ["-a"], ["-c"], ["-s"]):
                with self.subTest((name, way)):
                    r = self.plan(*way)
                    self.assertEqual((r.rc, r.out, r.calls), (255, "", []))
                    self.assertIn(f"architecture is {name} (/proc/cpuinfo)", r.err)

    def test_kernel_says(self):
        """/proc/sys/kernel/arch, of Linux 6.1 and newer, is surer than /proc/cpuinfo."""
        self.set("proc/sys/kernel/arch", "riscv64\n")
        self.assertIn("riscv64 (/proc/sys/kernel/arch)", self.plan("-c").err)
        self.set("proc/sys/kernel/arch", "x86_64\n")
        self.assertEqual(self.plan("-c").rc, 0)

    def test_kernel_of_another(self):
        """A machine with an arm64 processor, by what arch/arm64/kernel/cpuinfo.c writes, starts no bzImage."""
        self.set("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n")
        for way in ([], ["-a"], ["-c"], ["-s"]):
            r = self.plan(*way)
            self.assertEqual((r.rc, r.out, r.calls), (255, "", []), way)
            self.assertIn("not a kernel for arm64", r.err)

    def test_guessed(self):
        """Nothing tells: the architecture of the running kernel is taken, and that is said."""
        self.assertEqual(self.plan("-c").err, "")
        (self.root / "proc/cpuinfo").unlink()
        r = self.plan("-c")
        self.assertEqual(r.rc, 0)
        self.assertIn("no file tells this machine's architecture", r.err)
        self.assertIn(f"taken to be {os.uname().machine}", r.err)


class Unload(MachineTest):
    machine = "qemu-uefi-6g-crash"

    def test_matrix(self):
        for crash in ([], ["-p"]):
            suffix = "-crash" if crash else ""
            file, classic = "file-unload" + suffix, "unload" + suffix
            for name in FALLS_BACK + FINAL:
                text = os.strerror(getattr(errno, name))
                code = getattr(errno, name)
                with self.subTest((crash, name)):
                    r = self.run_kexec("-u", *crash, errors={"file_unload": code})
                    if name == "ENOSYS":
                        self.assertEqual((r.rc, once(r.calls)), (0, [file, classic]))
                    else:
                        self.assertEqual((r.rc, once(r.calls)), (255, [file]))
                        self.assertEqual(r.first, f"kexec_file_load(unload) failed: {text}")
                    r = self.run_kexec("-s", "-u", *crash, errors={"file_unload": code})
                    self.assertEqual((r.rc, once(r.calls)),
                                     (253 if name == "ENOSYS" else 255, [file]))
                    r = self.run_kexec("-c", "-u", *crash, errors={"unload": code})
                    self.assertEqual((r.rc, once(r.calls)), (255, [classic]))
                    self.assertEqual(r.first, f"kexec unload failed: {text}")

    def test_nothing_loaded_is_fine(self):
        r = self.assertRun(["-u"], 0, ["file-unload"])
        self.assertEqual(r.out + r.err, "")
        self.assertRun(["-c", "-u"], 0, ["unload"])

    def test_without_reservation(self):
        self.take_machine("qemu-bios-6g")
        self.assertRun(["-p", "-u"], 0, ["file-unload-crash"])
        self.assertRun(["-u", "-p"], 0, ["file-unload-crash"])


class Callers(MachineTest):
    """Command lines that others have in their code, word by word."""
    machine = "qemu-uefi-6g-crash"

    def test_systemd(self):
        r = self.assertRun(["--load", "K", "--append", "root=/dev/vda1 ro", "--initrd",
                            self.initrd], 0, ["file-load"])
        self.assertIn(' cmdline="root=/dev/vda1 ro" ', r.log[0])
        self.assertEqual(r.out + r.err, "")
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertIn("reboot", self.assertRun(["-e"], 0).calls)

    def test_dracut(self):
        """Its exit initramfs may have no /sys."""
        (self.dir / "bare").mkdir()
        self.assertRun(["-e"], 0, ["sync", "reboot"],
                       env={"FAKE_ROOT": str(self.dir / "bare")})

    def test_kdump(self):
        for way in ([], ["-s"]):
            for debug in ([], ["-d"]):
                with self.subTest((way, debug)):
                    line = "root=/dev/vda1 irqpoll nr_cpus=1 reset_devices"
                    r = self.assertRun([*way, *debug, "-p", f"--command-line={line}",
                                        f"--initrd={self.initrd}", "K"], 0, ["file-load-crash"])
                    self.assertIn(f' cmdline="{line}" ', r.log[0])
                    self.assertEqual(r.out, "")
                    self.assertRun(["-S"], 1, [])
            self.assertRun([*way, "-p", "-u"], 0, ["file-unload-crash"])
            self.assertRun(["-S"], 0, [])

    def test_sysv_and_others(self):
        r = self.assertRun(["-l", "K", f"--initrd={self.initrd}", "--append=quiet"], 0,
                           ["file-load"])
        self.assertRun(["-l", "-S"], 1, [])
        self.assertRun(["-l", "K", f"--initrd={self.initrd}", "--reuse-cmdline"], 0,
                       ["file-load"])
        self.assertRun(["-u"], 0, ["file-unload"])
        self.assertRun(["-l", "-S"], 0, [])

    def test_recipes(self):
        for words in (["-l", "-a", "-x", "-y"], ["-x", "-y", "-c", "-i", "-l"],
                      ["-s", "-l", "-x"], ["-d", "-c", "-y", "-l"]):
            with self.subTest(words):
                r = self.assertRun([*words, "K"], 0)
                self.assertEqual((len(r.calls), r.out), (1, ""))


if __name__ == "__main__":
    main()
