#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crash kernels: which lines load one by which call, and what is said when one cannot be loaded."""
import errno
import json
import os
import re
import struct

from kexec_machine import MachineTest, bzimage, kcore, main

RESERVED = range(0x6B000000, 0x7B000000)


class CrashTest(MachineTest):
    machine = "qemu-uefi-6g-crash"

    def setUp(self):
        super().setUp()
        (self.root / "proc/kcore").write_bytes(kcore())

    def loaded(self, text):
        self.set("sys/kernel/kexec_crash_loaded", text + "\n")


class Lines(CrashTest):
    def test_segments(self):
        """What kexec-tools loads with kexec_load."""
        for words in (["-i"], ["-t", "bzImage64"], ["-t", "bzImage"], ["--noefi"],
                      ["--elf32-core-headers"], ["--elf64-core-headers"], ["--pass-memmap-cmdline"],
                      ["--mem-min=0x6c000000"], ["--mem-max=0x7affffff"], ["--console-serial"],
                      ["--console-vga"], ["--reset-vga"], ["--entry-32bit"], []):
            with self.subTest(words):
                r = self.assertRun(["-c", "-p", *words, f"--initrd={self.initrd}", "K"], 0,
                                   ["load-crash"])
                places = [int(m, 16) for m in re.findall(r" mem=(0x[0-9a-f]+)", "\n".join(r.log))]
                self.assertEqual(len(places), 5)
                self.assertTrue(all(p in RESERVED for p in places), r.log)

    def test_either(self):
        """Without -c: options of kexec_load alone select it, all others leave the first choice."""
        for words, call in ((["-i"], "file-load-crash"), (["--no-checks"], "file-load-crash"),
                            (["-t", "bzImage64"], "load-crash"),
                            (["--mem-min=0x6c000000"], "load-crash"),
                            (["--append=" + "x" * 2020], "load-crash"), ([], "file-load-crash")):
            with self.subTest(words):
                self.assertRun(["-p", *words, "K"], 0, [call])

    def test_fall_back(self):
        self.assertRun(["-p", "K"], 0, ["file-load-crash", "load-crash"],
                       errors={"file_load": errno.EINVAL})

    def test_hotplug(self):
        self.set("sys/kernel/crash_elfcorehdr_size", "917616\n")
        r = self.assertRun(["-c", "-p", "--hotplug", "K"], 0, ["load-crash"])
        self.assertTrue(r.call("kexec_load").endswith("flags=0x5"))
        self.assertIn(" memsz=0xe1000", "\n".join(r.log))

    def test_header(self):
        """Registers of four processors, VMCOREINFO, text, and RAM without the reservation."""
        r = self.assertRun(["--dry-run", "--json", "-c", "-p", "--append=quiet", "K"], 0, [])
        plan = json.loads(r.out)["plan"]
        header, = (s for s in plan["segments"] if s["name"] == "elfcorehdr")
        lines = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM$",
                           (self.root / "proc/iomem").read_text(), re.M)
        ends = {int(b, 16) + 1 for _, b in lines}
        joined = sum(int(a, 16) >= 1 << 20 and int(a, 16) not in ends for a, _ in lines)
        self.assertEqual(header["data_size"], 64 + 56 * (4 + 1 + 1 + joined + 1))
        self.assertEqual(plan["command_line"], f"quiet elfcorehdr={header['start'] // 1024}K")


    def test_text_by_notes(self):
        """arch/arm64/kernel/vmcore_info.c; with a line that is cut off, or none, it is not known."""
        word = b"PAGESIZE=4096\nNUMBER(kimage_voffset)=0xffff7fffc8000000"
        for notes, status in ((word + b"\nSYMBOL(x)=1\n", 0), (word, 255), (b"PAGESIZE=4096\n", 255)):
            with self.subTest(notes):
                (self.root / "proc/kcore").write_bytes(kcore(notes))
                self.assertRun(["--dry-run", "-c", "-p", "K"], status, [])


class Refused(CrashTest):
    def test_texts(self):
        for way in ([], ["-c"], ["-s"]):
            r = self.assertRun([*way, "-p", "--append=" + "x" * 2047, "K"], 1, [])
            self.assertEqual(r.first, "Command line overflow")
        (self.root / "proc/kcore").unlink()
        r = self.assertRun(["-c", "-p", "K"], 255, [])
        self.assertEqual(r.first, "Could not get memory layout")
        self.assertIn("kexec_file_load (-s)", r.err)

    def test_no_room(self):
        """Known before the call, by which the kernel would drop what is loaded."""
        large = self.file("large", b"x")
        os.truncate(large, 300 << 20)
        for way in ([], ["-c"], ["-s"], ["-a"]):
            with self.subTest(way):
                self.loaded("1")
                r = self.assertRun([*way, "-p", f"--initrd={large}", "K"], 1, [])
                self.assertEqual(r.first.split(" of 0x")[0], "Could not find a free area of memory")
                self.assertEqual(r.err.splitlines()[1], "locate_hole failed")
                self.assertIn("is still loaded", r.err)
                self.loaded("0")
                self.assertNotIn("still loaded", self.run_kexec(*way, "-p", f"--initrd={large}",
                                                                "K").err)

    def test_doubt(self):
        """The kernel's init_size, the ramdisk beside its files, and 12 MiB: 256 MiB are reserved."""
        init_size, = struct.unpack_from("<I", bzimage(), 0x260)
        rest = (256 << 20) - init_size - (12 << 20)
        for magic, size, is_doubtful in ((b"070701", rest // 2, False), (b"070701", rest // 2 + 1, True),
                                         (b"\x1f\x8b", rest // 4, False),
                                         (b"\x1f\x8b", rest // 4 + 1, True)):
            initrd = self.file("initrd-of-size", magic)
            os.truncate(initrd, size)
            for way, call in (("-s", "file-load-crash"), ("-c", "load-crash"))[:1 + (size < 1 << 27)]:
                with self.subTest((magic, size, way)):
                    r = self.assertRun([way, "-p", f"--initrd={initrd}", "K"], 0, [call])
                    self.assertEqual("doubtful" in r.err, is_doubtful, r.err)
                    self.assertEqual("needs about 257 MiB of memory, and 256 MiB" in r.err,
                                     is_doubtful, r.err)

    def test_state_is_read(self):
        """The fake kernel changes nothing when it refuses: what it held before is there still."""
        for way, call in (("-s", "file_load"), ("-c", "load")):
            for code in (errno.EPERM, errno.EADDRNOTAVAIL, errno.EKEYREJECTED):
                with self.subTest((way, code)):
                    self.loaded("1")
                    r = self.assertRun([way, "-p", "K"], 255, errors={call: code})
                    self.assertIn("is still loaded", r.err)
                    self.assertNotIn("no crash kernel is loaded", r.err)
                    self.loaded("0")
                    r = self.assertRun([way, "-p", "K"], 255, errors={call: code})
                    self.assertIn("no crash kernel is loaded now", r.err)

    def test_limits_of_their_own(self):
        """kernel.kexec_load_limit_panic counts unloading, too, and the other limit does not matter."""
        self.set("proc/sys/kernel/kexec_load_limit_panic", "0\n")
        self.set("proc/sys/kernel/kexec_load_limit_reboot", "5\n")
        for words, call in ((["-p", "-u"], "file_unload"), (["-s", "-p", "-u"], "file_unload"),
                            (["-c", "-p", "-u"], "unload"), (["-p", "K"], "file_load")):
            with self.subTest(words):
                r = self.assertRun(words, 255, errors={call: errno.EPERM})
                self.assertIn("kexec_load_limit_panic is used up", r.err)


class Changed(CrashTest):
    """Half a file may have been loaded: it is unloaded, and what the machine is left with is said."""
    def test_state(self):
        for way, kind in (("-s", "file-"), ("-c", "")):
            with self.subTest(way):
                self.file("vmlinuz", bzimage())
                self.loaded("0")
                r = self.run_kexec("-p", way, "K", env={"FAKE_SHORTENS": f"{kind.replace('-', '_')}load={self.kernel}"})
                self.assertNotEqual(r.rc, 0)
                self.assertEqual(r.calls, [f"{kind}load-crash", f"{kind}unload-crash"])
                self.assertIn(f"{self.kernel} was changed while it was read", r.err)
                self.assertIn("no crash kernel is loaded now", r.err)

    def test_cannot_be_unloaded(self):
        self.file("vmlinuz", bzimage())
        r = self.run_kexec("-l", "-c", "K", errors={"unload": errno.EPERM},
                           env={"FAKE_SHORTENS": f"load={self.kernel}"})
        self.assertNotEqual(r.rc, 0)
        self.assertIn("cannot be unloaded (Operation not permitted), and must not be started", r.err)


if __name__ == "__main__":
    main()
