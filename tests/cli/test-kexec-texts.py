#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Words that scripts match: the first line on stderr, the exit status, and nothing on stdout."""
import errno
import json
import os

from kexec_machine import MachineTest, bzimage, elf64, main

NO_SUCH = "No such file or directory"


class Texts(MachineTest):
    def check(self, args, rc, first, last=None, out="", **kwargs):
        with self.subTest(args):
            r = self.assertRun(args, rc, kwargs.pop("calls", []), **kwargs)
            self.assertEqual(r.first, first)
            if last:
                self.assertEqual(r.err.splitlines()[-1], last)
            self.assertEqual(r.out, out)
            return r

    def test_kernel_file(self):
        for way in ([], ["-s"], ["-c"]):
            self.check(["-l", *way, "/nonexistent"], 1, f"Cannot open `/nonexistent': {NO_SUCH}")
            self.check(["-l", *way, self.kernel + "/x"], 1,
                       f"Cannot open `{self.kernel}/x': Not a directory")
            self.check(["-l", *way, str(self.dir)], 1,
                       f"Read on {self.dir} failed: Is a directory")
            empty = self.file("empty", b"")
            self.check(["-l", *way, empty], 1, f"Cannot read {empty}")
            text = self.file("text", b"once upon a time\n" * 100)
            self.check(["-l", *way, text], 255, f"Cannot determine the file type of {text}")

    def test_damaged(self):
        cut = self.file("cut", bzimage()[:3000])
        self.check(["-l", cut], 255, "BzImage truncated?", f"Cannot load {cut}")
        gz = self.file("damaged.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\xff" * 500)
        self.check(["-l", gz], 255, f"Failed to decompress file {gz}:Bad message")

    def test_types(self):
        self.check(["-l", "-t", "nonsense", "K"], 255, "Unsupported kernel type nonsense")
        self.check(["-l", "-t", "multiboot-x86", "K"], 255,
                   "Wrong file type multiboot-x86, file matches type bzImage64")
        self.check(["-l", "--type=bzImage64", "K"], 0, "", calls=["load"])

    def test_initrd(self):
        for way in ([], ["-s"], ["-a"]):
            self.check(["-l", *way, "--initrd=/nope", "K"], 255,
                       f"Could not open initrd file /nope:{NO_SUCH}",
                       f"Cannot load {self.kernel}")
        self.check(["-l", "-c", "--initrd=/nope", "K"], 1, f"Cannot open `/nope': {NO_SUCH}")
        self.check(["-l", "--initrd", self.initrd, "--initrd=/nope", "K"], 255,
                   f"Could not open initrd file /nope:{NO_SUCH}", f"Cannot load {self.kernel}")
        empty = self.file("empty", b"")
        r = self.run_kexec("-l", "--initrd", empty, "K")
        self.assertEqual((r.rc, r.calls), (255, []))
        self.assertIn(f"{empty}: the file is empty", r.err)

    def test_calls(self):
        for code in (errno.EPERM, errno.ENODATA):
            e = os.strerror(code)
            self.check(["-l", "K"], 255, f"kexec_file_load failed: {e}", calls=["file-load"],
                       errors={"file_load": code})
        self.check(["-l", "-s", "K"], 253, "syscall kexec_file_load not available.",
                   calls=["file-load"], errors={"file_load": errno.ENOSYS})
        self.check(["-l", "-c", "K"], 255, "kexec_load failed: Operation not permitted",
                   calls=["load"], errors={"load": errno.EPERM})

    def test_crash_region(self):
        r = self.check(["-p", "K"], 1, "Memory for crashkernel is not reserved")
        self.assertEqual(r.err.splitlines()[1:], [
            'Please reserve memory by passing"crashkernel=Y@X" parameter to kernel',
            "Then try to loading kdump kernel"])
        # before anything else is looked at or touched
        self.check(["-p", "/nonexistent"], 1, "Memory for crashkernel is not reserved")

    def test_memory(self):
        (self.root / "proc/iomem").unlink()
        self.check(["-l", "-c", "K"], 255, "Could not get memory layout")
        self.take_machine("qemu-unprivileged")
        r = self.check(["-l", "-c", "K"], 255, "Could not get memory layout")
        self.assertIn("root", r.err)

    def test_placement(self):
        r = self.check(["-l", "--mem-max=0x7fffff", "K"], 1,
                       "Could not find a free area of memory of 0x400000 bytes...")
        self.assertEqual(r.err.splitlines()[1], "locate_hole failed")
        elf = self.file("elf", elf64(paddr=0x7FFE0000))     # reserved by this machine's firmware
        self.check(["-l", elf], 1, "Invalid memory segment 0x7ffe0000 - 0x7ffe1000")

    def test_entry_points(self):
        for option in ("--real-mode", "--entry-32bit"):
            self.check(["-s", "-l", option, "K"], 255,
                       "Kexec2 syscall does not support 16bit or 32bit entry yet")

    def test_elf_arguments(self):
        elf = self.file("elf", elf64())
        for words in ([], ["--args-elf"], ["-c", "--args-elf"]):
            self.check(["-l", *words, "--initrd", self.initrd, elf], 1,
                       "Ramdisks not supported with generic elf arguments")

    def test_reuse_initrd(self):
        self.set("proc/cmdline", "root=/dev/vda1\n")
        self.check(["-l", "--reuseinitrd", "K"], 1,
                   "unrecoverable error: current boot didn't retain the initrd for reuse.")
        self.set("proc/cmdline", "root=/dev/vda1 retain_initrd\n")
        self.check(["-l", "--reuseinitrd", "K"], 1,
                   "--reuseinitrd not implemented on this architecture")

    def test_kexec_jump(self):
        for way in ([], ["-a"], ["-s"]):
            self.check([*way, "--load-preserve-context", "--mem-max=0x7fffffff", "K"], 1,
                       "--load-preserve-context not supported with kexec_file_load")
            self.check([*way, "--load-jump-back-helper", "--entry=1"], 1,
                       "--load-jump-back-helper not supported with kexec_file_load")
        r = self.assertRun(["-c", "--load-preserve-context", "K"], 1, [])
        self.assertIn("--mem-max", r.err)

    def test_xen(self):
        self.check(["--exec-live-update"], 1, "--exec-live-update only works under xen.")
        self.check(["--load-live-update", "K"], 1,
                   "--load-live-update can only be used with xen")

    def test_success_is_silent(self):
        for words in (["-l", "K"], ["-l", "-c", "K"], ["-u"], ["-l", "-s", "K"]):
            r = self.assertRun(words, 0)
            self.assertEqual(r.out + r.err, "")

    def test_hotplug(self):
        self.take_machine("qemu-uefi-6g-crash")
        for path in ("crash_elfcorehdr_size", "kexec/crash_elfcorehdr_size"):
            (self.root / "sys/kernel" / path).unlink(missing_ok=True)
        self.check(["-p", "--hotplug", "K"], 1,
                   "Path /sys/kernel/crash_elfcorehdr_size does not exist, the kernel needs "
                   "CONFIG_CRASH_HOTPLUG")


class DryRun(MachineTest):
    def test_text(self):
        r = self.assertRun(["-f", "-c", "--dry-run", "--initrd", self.initrd, "--append=quiet",
                            "K"], 0, [])
        for word in (self.kernel, "bzImage64", "6.1.0-test", "1006 bytes", "quiet", "kexec_load",
                     "System RAM", "purgatory", "sync, take the network interfaces down, jump"):
            self.assertIn(word, r.out)

    def test_json_agrees_with_the_call(self):
        """What is printed is what is then done."""
        words = ["-l", "-c", "--initrd", self.initrd, "--append=quiet", "K"]
        plan = json.loads(self.assertRun(["--dry-run", "--json", *words], 0, []).out)
        self.assertEqual(plan["actions"], ["load"])
        self.assertEqual(plan["plan"]["command_line"], "quiet")
        r = self.assertRun(words, 0, ["load"])
        done = [(int(w["mem"], 16), int(w["memsz"], 16), int(w["bufsz"], 16)) for w in
                (dict(p.split("=") for p in line.split()[1:]) for line in r.log
                 if line.startswith("segment"))]
        said = [(s["start"], s["end"] - s["start"], s["data_size"])
                for s in plan["plan"]["segments"]]
        self.assertEqual(sorted(done), sorted(said))
        self.assertIn(f"entry=0x{plan['plan']['entry']:x}", r.log)

    def test_json_is_one_document(self):
        for words in (["-e"], ["-u"], ["-l", "K"], ["-f", "K"], ["-d", "-l", "K"],
                      ["-l", "--append=\xff", "K"]):
            with self.subTest(words):
                json.loads(self.assertRun(["--dry-run", "--json", *words], 0, []).out)

    def test_controls(self):
        """Names of files, what is in a kernel and words for the next one do not command the terminal."""
        evil = "\x1b]0;x\x07\x1b[31m\x7f\u009b2J"
        kernel = bytearray(bzimage())
        kernel[0x300:0x310] = b"6.1\x1b[5m\xc2\x9b\x7f\0\0\0\0\0"
        named, bad = self.file("k" + evil, bytes(kernel)), self.file("bad" + evil, b"no kernel")
        for words in (["--dry-run", "-c", f"--append={evil}", named], ["--dry-run", "-s", f"--append={evil}", named],
                      ["--dry-run", "--json", "-c", f"--append={evil}", named], ["-d", "-c", named],
                      ["-l", bad], ["-l", "-s", bad], ["-l", "-t", evil, "K"], ["-l", named + "?"],
                      ["-l", f"--initrd={evil}", "K"], ["-l", "-c", f"--initrd={self.dir}/{evil}", "K"],
                      ["-l", "--cache=" + evil, "--fast", "K"], ["--dry-run", f"--root={evil}", "K"],
                      ["--" + evil], ["-l", f"--mem-min={evil}", "K"], ["-l", f"--module={evil}", "K"]):
            for errors in (None, {"load": 12, "file_load": 22}):
                with self.subTest(words):
                    r = self.run_kexec(*words, errors=errors)
                    self.assertTrue(r.out + r.err)
                    self.assertNotRegex(r.out + r.err, r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


if __name__ == "__main__":
    main()
