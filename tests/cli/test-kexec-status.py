#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kexec -S: which image, where it is read, what the exit status says."""
import itertools

from kexec_machine import MachineTest, main

NORMAL, CRASH = "normal", "crash"
LAYOUTS = {
    "old": {NORMAL: "sys/kernel/kexec_loaded", CRASH: "sys/kernel/kexec_crash_loaded"},
    "new": {NORMAL: "sys/kernel/kexec/loaded", CRASH: "sys/kernel/kexec/crash_loaded"},
}
STATES = {"loaded": ("1\n", 1), "not": ("0\n", 0), "unreadable": (None, 255)}


class Status(MachineTest):
    def prepare(self, layout, image, text):
        """Only @image says @text; the other one says the opposite."""
        for paths in LAYOUTS.values():
            for path in paths.values():
                (self.root / path).unlink(missing_ok=True)
        if text is not None:
            self.set(LAYOUTS[layout][image], text)
        other = CRASH if image == NORMAL else NORMAL
        self.set(LAYOUTS[layout][other], "0\n" if text == "1\n" else "1\n")

    def test_matrix(self):
        images = {(): CRASH, ("-l",): NORMAL, ("-p",): CRASH, ("-l", "-p"): CRASH,
                  ("-p", "-l"): CRASH}
        for (args, image), layout, (state, (text, rc)), debug in itertools.product(
                images.items(), LAYOUTS, STATES.items(), ([], ["-d"])):
            with self.subTest((args, layout, state, debug)):
                self.prepare(layout, image, text)
                for words in ([*debug, "-S", *args], [*args, *debug, "--status"]):
                    r = self.assertRun(words, rc, [])
                    self.assertEqual((r.out, r.err), ("", ""))

    def test_new_layout_first(self):
        self.set("sys/kernel/kexec/crash_loaded", "1\n")
        self.set("sys/kernel/kexec_crash_loaded", "0\n")
        self.assertRun(["-S"], 1, [])

    def test_loader_options_are_ignored(self):
        self.set("sys/kernel/kexec_crash_loaded", "0\n")
        for option in (["--append=x"], ["--initrd", "/nonexistent"], ["--reuse-cmdline"],
                       ["--module=x"], ["-t", "bzImage64"], ["--noefi"], ["-s"], ["-c"]):
            with self.subTest(option):
                r = self.assertRun(["-S", *option], 0, [])
                self.assertEqual(r.out + r.err, "")

    def test_usage_error_is_not_loaded(self):
        self.set("sys/kernel/kexec_crash_loaded", "1\n")
        for words in (["-S", "--bogus"], ["--bogus", "-S"], ["-S", "--serial=x"],
                      ["--mem-min=x", "--status"], ["-z", "-S"], ["-S", "-t"]):
            with self.subTest(words):
                self.assertRun(words, 255, [])

    def test_other_root(self):
        self.set("sys/kernel/kexec_crash_loaded", "0\n")
        other = self.dir / "other/sys/kernel"
        other.mkdir(parents=True)
        (other / "kexec_crash_loaded").write_text("1\n")
        self.assertRun(["-S", "--root", str(self.dir / "other")], 1, [])


class CrashSize(MachineTest):
    def test_none(self):
        r = self.assertRun(["--print-ckr-size"], 0, [])
        self.assertEqual((r.out, r.err), ("0\n", ""))

    def test_reserved(self):
        self.take_machine("qemu-uefi-6g-crash")
        lines = [l for l in (self.root / "proc/iomem").read_text().splitlines()
                 if l.endswith(": Crash kernel")]
        start, end = (int(x, 16) for x in lines[-1].split(" :")[0].split("-"))
        for words in (["--print-ckr-size"], ["--print-ckr-size", "--bogus"],
                      ["-l", "--print-ckr-size", "-S"]):
            with self.subTest(words):
                r = self.assertRun(words, 0, [])
                self.assertEqual(r.out, f"{end - start + 1}\n")


if __name__ == "__main__":
    main()
