#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the command line is read: every option of kexec-tools 2.0.32 for x86, its spellings,
its abbreviations, and what it turns into."""
import json

from kexec_machine import MachineTest, main, multiboot

ON_CRASH, NO_INITRAMFS, DEBUG, NO_CMA, FORCE_DTB = 2, 4, 8, 0x10, 0x20

# Options that take no value: long name, letter or None. The names are an independent copy of
# kexec-tools' kexec/kexec.h and kexec/arch/{i386,x86_64}/include/arch/options.h.
PLAIN = {
    "help": "h", "version": "v", "debug": "d", "force": "f", "no-ifdown": "x", "no-sync": "y",
    "load": "l", "unload": "u", "exec": "e", "load-preserve-context": None,
    "load-jump-back-helper": None, "load-panic": "p", "reuseinitrd": None,
    "kexec-file-syscall": "s", "kexec-syscall": "c", "kexec-syscall-auto": "a",
    "no-checks": "i", "status": "S", "print-ckr-size": None, "hotplug": None,
    "load-live-update": None, "exec-live-update": None,
    "reset-vga": None, "console-vga": None, "console-serial": None,
    "elf32-core-headers": None, "elf64-core-headers": None, "pass-memmap-cmdline": None,
    "noefi": None, "reuse-video-type": None, "reuse-cmdline": None, "real-mode": None,
    "entry-32bit": None, "args-elf": None, "args-linux": None, "args-none": None,
}
VALUED = {
    "type": "t", "entry": None, "mem-min": None, "mem-max": None, "serial": None,
    "serial-baud": None, "append": None, "command-line": None, "initrd": None, "ramdisk": None,
    "dtb": None, "module": None,
}
OLD = {**PLAIN, **VALUED}
# Later than 2.0.32, or ours.
NEW = {"no-cma", "force-dtb", "dry-run", "json", "root"}


class Reading(MachineTest):
    def unknown(self, r):
        return any(w in r.err for w in ("unrecognized option", "is ambiguous", "invalid option"))

    def test_every_name_is_known(self):
        values = {"type": "bzImage64", "serial": "ttyS0", "serial-baud": "9600", "entry": "1",
                  "mem-min": "0", "mem-max": "0xffffffff"}
        for name in OLD:
            words = [f"--{name}"] + ([values.get(name, "x")] if name in VALUED else [])
            with self.subTest(name):
                r = self.run_kexec("-S", *words)
                self.assertFalse(self.unknown(r), r.err)
                self.assertIn(r.rc, (0,))

    def test_unique_abbreviations_keep_their_meaning(self):
        """What was unique among the old names is accepted, and --help is the witness that the
        meaning stays: an error would show in the status, another option in its effect."""
        for name in OLD:
            for n in range(1, len(name)):
                short = name[:n]
                if short in OLD or [o for o in OLD if o.startswith(short)] != [name]:
                    continue
                with self.subTest(short):
                    words = [f"--{short}"] + (["1"] if name in VALUED else [])
                    full = [f"--{name}"] + words[1:]
                    a, b = (self.run_kexec("--dry-run", "--json", *w, "K") for w in (words, full))
                    self.assertFalse(self.unknown(a), (short, a.err))
                    self.assertEqual((a.rc, a.out, a.err), (b.rc, b.out, b.err))

    def test_shared_beginnings_of_old_and_new(self):
        r = self.assertRun(["--forc", "K"], 0)
        self.assertIn("reboot", r.calls)
        r = self.assertRun(["-l", "--no-c", "K"], 0, ["file-load"])
        self.assertRun(["-l", "--force-dtb", "K"], 0, ["file-load"])
        self.assertRun(["-l", "--force-d", "K"], 0, ["file-load"])

    def test_ambiguous(self):
        for short in ("--re", "--load-", "--e", "--kexec-sy", "--mem", "--no", "--d"):
            with self.subTest(short):
                r = self.assertRun(["-l", short, "K"], 1, [])
                self.assertIn(f"'{short}' is ambiguous", r.err)

    def test_values_both_ways(self):
        for words in (["--append=a b", "K"], ["--append", "a b", "K"], ["K", "--append", "a b"],
                      ["--command-line=a b", "K"], ["--appe=a b", "K"], ["--comm", "a b", "K"]):
            with self.subTest(words):
                r = self.assertRun(["-l", *words], 0, ["file-load"])
                self.assertIn(' cmdline="a b" ', r.log[0])

    def test_last_one_wins(self):
        r = self.assertRun(["-l", "--append=a", "--command-line=b", "K"], 0)
        self.assertIn('cmdline="b"', r.log[0])
        r = self.assertRun(["-l", "--command-line=b", "--append=a", "K"], 0)
        self.assertIn('cmdline="a"', r.log[0])
        self.assertRun(["-l", "-s", "-c", "K"], 0, ["load"])
        self.assertRun(["-l", "-c", "-s", "K"], 0, ["file-load"])
        self.assertRun(["-l", "-c", "-a", "K"], 0, ["file-load"])

    def test_bundled_letters(self):
        self.assertRun(["-lc", "K"], 0, ["load"])
        self.assertRun(["-ctbzImage64", "-l", "K"], 0, ["load"])
        self.assertRun(["-fxy", "K"], 0, ["file-load", "reboot"])

    def test_double_dash_ends_options(self):
        r = self.run_kexec("-l", "--", "-nonexistent")
        self.assertEqual(r.first, "Cannot open `-nonexistent': No such file or directory")

    def test_mistakes(self):
        for words, rc, wanted in (
                (["--bogus"], 1, "unrecognized option '--bogus'"),
                (["--bogus=x"], 1, "unrecognized option '--bogus=x'"),
                (["-z"], 1, "invalid option -- 'z'"),
                (["-?"], 1, "invalid option -- '?'"),
                (["--append"], 1, "option '--append' requires an argument"),
                (["-t"], 1, "option requires an argument -- 't'"),
                (["--force=x"], 1, "option '--force' doesn't allow an argument")):
            with self.subTest(words):
                r = self.assertRun(["-l", "K", *words], rc, [])
                self.assertIn(wanted, r.err)
                self.assertIn("try --help", r.err)
                self.assertEqual((r.out, r.err.count("\n")), ("", 1))

    def test_immediate(self):
        r = self.assertRun(["-v", "--bogus"], 0, [])
        self.assertEqual((r.out, r.err), ("kexec-tools 2.0.32\n", ""))
        self.assertEqual(self.assertRun(["--version", "-f", "K"], 0, []).out, r.out)
        r = self.assertRun(["-h", "--bogus"], 0, [])
        self.assertTrue(r.out.startswith("kexec-tools 2.0.32\n"))
        self.assertRun(["--bogus", "-h"], 1, [])
        for name in list(OLD) + list(NEW):
            self.assertIn(f"--{name}", r.out)

    def test_nothing_to_load(self):
        """Scripts pass everything they know to every action."""
        for action in ("-e", "-u"):
            for option in (["--append=x"], ["--initrd", "/nonexistent"], ["--reuse-cmdline"],
                           ["--noefi"], ["--module=x"], ["--ramdisk=x"]):
                with self.subTest((action, option)):
                    self.set("sys/kernel/kexec_loaded", "1\n")
                    r = self.assertRun([action, *option], 0)
                    self.assertTrue(r.calls)


class Numbers(MachineTest):
    def test_addresses(self):
        for name in ("mem-min", "mem-max", "entry"):
            for value in ("12q", "0x", "x", "0x1g", "1 "):
                with self.subTest((name, value)):
                    r = self.assertRun(["-l", f"--{name}={value}", "K"], 1, [])
                    self.assertEqual(r.first, f"Bad option value in --{name}={value}")
                    self.assertEqual(r.out, "")
        for value in ("0", "0x0", "00", " 0"):
            self.assertRun(["-l", f"--mem-min={value}", "K"], 0, ["load"])

    def test_serial(self):
        for value in ("ttyS0", "ttyS1", "0x3e8", "0xffff"):
            self.assertRun(["-l", f"--serial={value}", "K"], 0, ["file-load"])
        for value in ("ttyS2", "0x10000", "3f8", "", "0x3f8z"):
            with self.subTest(value):
                r = self.assertRun(["-l", f"--serial={value}", "K"], 255, [])
                self.assertEqual((r.first, r.out), (f"Bad serial port base '{value}'", ""))

    def test_baud(self):
        for value in ("9600", "19200", "38400", "57600", "115200"):
            self.assertRun(["-l", f"--serial-baud={value}", "K"], 0, ["file-load"])
        for value in ("0", "300", "9601", "230400", "x", "-9600", ""):
            with self.subTest(value):
                r = self.assertRun(["-l", f"--serial-baud={value}", "K"], 255, [])
                self.assertEqual((r.first, r.out), (f"Bad serial port baud rate '{value}'", ""))


class Effects(MachineTest):
    def flags(self, *words):
        return int(self.assertRun([*words, "K"], 0).log[0].split("flags=")[1], 16)

    def test_file_flags(self):
        self.assertEqual(self.flags("-l"), NO_INITRAMFS)
        self.assertEqual(self.flags("-l", "-d"), NO_INITRAMFS | DEBUG)
        self.assertEqual(self.flags("-l", "--no-cma"), NO_INITRAMFS | NO_CMA)
        self.assertEqual(self.flags("-l", "--force-dtb"), NO_INITRAMFS | FORCE_DTB)
        self.assertEqual(self.flags("-l", "--initrd", self.initrd), 0)

    def test_classic_only_options_select_classic(self):
        for words in (["-t", "bzImage64"], ["--mem-min=0x2000000"], ["--mem-max=0xffffffff"],
                      ["--entry=0x1000200"]):
            with self.subTest(words):
                self.assertRun(["-l", *words, "K"], 0, ["load"])
                self.assertRun(["-l", "-c", *words, "K"], 0, ["load"])
                r = self.assertRun(["-l", "-s", *words, "K"], 1, [])
                self.assertIn("--kexec-file-syscall", r.err)
        self.assertRun(["-l", "--entry=0", "K"], 0, ["load"])

    def test_no_checks_does_nothing_in_file_mode(self):
        """kexec-tools 2.0.25 on Linux 6.1 makes the file call for -a -i and for -s -i."""
        for words in (["-i"], ["--no-checks"], ["-a", "-i"], ["-s", "-i"]):
            with self.subTest(words):
                self.assertRun(["-l", *words, "K"], 0, ["file-load"])
        self.assertRun(["-l", "-c", "-i", "K"], 0, ["load"])

    def test_entry(self):
        r = self.assertRun(["-l", "-c", "--entry=0x1234000", "K"], 0, ["load"])
        plan = json.loads(self.assertRun(["-l", "-c", "--entry=0x1234000", "--dry-run", "--json",
                                          "K"], 0, []).out)["plan"]
        self.assertIn(0x1234000, (plan["entry"], plan["kernel_entry"]))
        self.assertIn(f"entry=0x{plan['entry']:x}", r.log)

    def test_bounds(self):
        low, high = 0x4000000, 0x7ffffff
        r = self.assertRun(["-l", f"--mem-min={low}", f"--mem-max={high:#x}", "K"], 0, ["load"])
        segments = [l for l in r.log if l.startswith("segment")]
        self.assertTrue(segments)
        for line in segments:
            words = dict(w.split("=") for w in line.split()[1:])
            start, size = int(words["mem"], 16), int(words["memsz"], 16)
            self.assertTrue(low <= start and start + size <= high + 1, line)

    def test_cmdline(self):
        running = "BOOT_IMAGE=/boot/x root=/dev/vda1 quiet initrd=/x crashkernel=256M"
        self.set("proc/cmdline", running + "\n")
        for words, wanted in (
                ([], ""),
                (["--append=a"], "a"),
                (["--reuse-cmdline"], "root=/dev/vda1 quiet crashkernel=256M"),
                (["--reuse-cmdline", "--append=a"], "root=/dev/vda1 quiet crashkernel=256M a"),
                (["--append=a", "--reuse-cmdline"], "root=/dev/vda1 quiet crashkernel=256M a"),
                (["--append=a", "--noefi"], "a"),
                (["--append=a", "--pass-memmap-cmdline", "--reuse-video-type"], "a")):
            with self.subTest(words):
                r = self.assertRun(["-l", *words, "K"], 0, ["file-load"])
                self.assertIn(f' cmdline="{wanted}" ', r.log[0])
        self.take_machine("qemu-uefi-6g-crash")
        self.set("proc/cmdline", running + "\n")
        r = self.assertRun(["-p", "--reuse-cmdline", "K"], 0, ["file-load-crash"])
        self.assertIn(' cmdline="root=/dev/vda1 quiet" ', r.log[0])

    def test_initrds(self):
        r = self.assertRun(["-l", "--initrd", self.initrd, "K"], 0, ["file-load"])
        self.assertIn(" initrd=1006 ", r.log[0])
        self.assertEqual(r.err, "")
        other = self.file("other", b"070701" + b"\1" * 7)
        r = self.assertRun(["-l", "--initrd", self.initrd, "--ramdisk", other, "K"], 0,
                           ["file-load"])
        self.assertIn(" initrd=1021 ", r.log[0])   # 1006, two to the next multiple of 4, 13
        self.assertEqual(r.err.count("\n"), 1)

    def test_options_of_other_images(self):
        for words in (["--module=x"], ["--args-linux"], ["--dtb=/nonexistent"]):
            with self.subTest(words):
                r = self.assertRun(["-l", *words, "K"], 0, ["file-load"])
                self.assertEqual(r.err.count("\n"), 1)
                self.assertIn("bzImage64", r.err)

    def test_multiboot(self):
        """Such a kernel finds its own name before its arguments, and knows modules."""
        kernel = self.file("xen", multiboot())
        one = self.file("one", b"1" * 5000)
        self.set("proc/cmdline", "root=/dev/vda1\n")
        for words, line in (([], ""), (["--append=a b"], " a b"),
                            (["--reuse-cmdline", "--append=a"], " root=/dev/vda1 a")):
            with self.subTest(words):
                r = self.assertRun(["-l", "--dry-run", "--json", *words,
                                    f"--module={one} x=y", "--module", one, kernel], 0, [])
                plan = json.loads(r.out)["plan"]
                self.assertEqual(plan["command_line"], kernel + line)
                self.assertEqual(plan["system_call"], "kexec_load")
                sizes = [s["data_size"] for s in plan["segments"]]
                self.assertEqual(sizes.count(5000), 2)
        r = self.assertRun(["-l", "--initrd=/nonexistent", kernel], 0, ["load"])
        self.assertIn("--initrd", r.err)
        self.assertRun(["-l", "-s", kernel], 253, [])
        r = self.assertRun(["-l", "--module=/nonexistent x=y", kernel], 1, [])
        self.assertEqual(r.first, "Cannot open `/nonexistent': No such file or directory")

    def test_looking_options(self):
        self.assertRun(["-l", "--json", "K"], 1, [])
        self.assertRun(["-l", "--root", str(self.root), "K"], 1, [])
        self.assertRun(["-e", "--root", str(self.root)], 1, [])
        self.assertRun(["-f", "--dry-run", "K"], 0, [])
        self.assertRun(["-e", "--dry-run"], 0, [])
        self.assertRun(["-u", "--dry-run"], 0, [])
        (self.root / "boot").mkdir()
        (self.root / "boot/k").write_bytes(open(self.kernel, "rb").read())
        r = self.assertRun(["-l", "-c", "--dry-run", "--json", "--root", str(self.root),
                            "/boot/k"], 0, [])
        plan = json.loads(r.out)["plan"]
        self.assertEqual(plan["system_call"], "kexec_load")
        self.assertTrue(plan["segments"] and plan["memory"])


if __name__ == "__main__":
    main()
