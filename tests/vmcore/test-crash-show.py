#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot crash show and list, on made-up dumps.

    test-crash-show.py RAPIDREBOOT

Messages are those of Linux 6.12: kernel/panic.c, drivers/tty/sysrq.c, arch/x86/mm/fault.c.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # the tree may be read-only
import cases  # noqa: E402
import cores  # noqa: E402

PROGRAM = ""
SECOND = 10 ** 9
OOPS = [(10, b"BUG: unable to handle page fault for address: ffffa1"), (10, b"#PF: supervisor read access"),
        (10, b"Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI"),
        (11, b"Kernel panic - not syncing: Fatal exception"), (11, b"---[ end Kernel panic - not syncing: Fatal exception ]---")]


def dump(messages, without=""):
    """An ELF core whose log has these (seconds, text), and VMCOREINFO no line that begins with @without."""
    m = cores.Machine()
    writer = cores.Ring(m, count_bits=8, size_bits=16)
    for seconds, text in messages:
        writer.add(cores.Record(text, time_ns=seconds * SECOND))
    writer.store()
    m.info = [line for line in m.info if not without or not line.startswith(without)]
    return m.virtual()


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def run_it(self, *words, rc=0):
        run = subprocess.run([PROGRAM, "crash", *words], capture_output=True, text=True, timeout=60,
                             env={**os.environ, "TZ": "UTC"})
        self.assertEqual(run.returncode, rc, run.stderr)
        return run


class Show(CrashTest):
    def show(self, data):
        file = self.path / "vmcore"
        file.write_bytes(data)
        return json.loads(self.run_it("show", "--json", str(file)).stdout), self.run_it("show", str(file)).stdout

    def test_oops(self):
        told, text = self.show(dump([(1, b"Linux version 6.0.0-test")] + OOPS))
        self.assertEqual(told["panic"], "Kernel panic - not syncing: Fatal exception")
        self.assertEqual(told["probable_cause"], OOPS[0][1].decode())
        self.assertEqual((told["release"], told["crashed_at"], told["uptime_s"]), ("6.0.0-test", 1700000000, 11))
        self.assertIn("crashed at    2023-11-14 22:13:20\n", text)
        self.assertIn("uptime        0:00:11\n", text)
        self.assertIn("[    1.000000] Linux version", text)

    def test_old_trouble(self):
        """What the kernel survived an hour before is not the cause."""
        told, _ = self.show(dump([(100, b"INFO: task x:1 blocked for more than 120 seconds."),
                                  (4000, b"sysrq: Trigger a crash"),
                                  (4000, b"Kernel panic - not syncing: sysrq triggered crash")]))
        self.assertEqual(told["probable_cause"], "sysrq: Trigger a crash")

    def test_no_panic(self):
        told, text = self.show(dump([(5, b"all is well")], "CRASHTIME="))
        self.assertEqual((told["panic"], told["probable_cause"], told["crashed_at"]), (None, None, None))
        self.assertIn("no message of a panic", text)

    def test_tail(self):
        told, text = self.show(dump([(n, b"message %d" % n) for n in range(100)]))
        self.assertEqual(told["last_messages"], [f"message {n}" for n in range(80, 100)])
        self.assertEqual(told["records"], 100)

    def test_empty_record(self):
        told, _ = self.show(dump([(1, b"a"), (2, b""), (3, b"b")]))
        self.assertEqual(told["last_messages"], ["a", "", "b"])

    def test_foreign(self):
        """Neither control characters nor very long records reach the terminal as they are."""
        told, text = self.show(dump([(1, b"\x1b[2J" + b"x" * 900)]))
        self.assertNotIn("\x1b", text)
        self.assertLess(len(told["last_messages"][0]), 260)

    def test_refused(self):
        (self.path / "text").write_text("no dump")
        self.assertIn("text", self.run_it("show", str(self.path / "text"), rc=1).stderr)
        self.run_it("show", str(self.path / "nowhere"), rc=1)
        self.run_it("show", rc=2)


class List(CrashTest):
    def put(self, name, age, size=3):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, (2_000_000 - age, 2_000_000 - age))

    def test_names(self):
        """As kdump-utils, SUSE's kdump and kdump-tools name them, and rapidreboot crash save."""
        dumps = ["127.0.0.1-2026-11-29-10:00:00/vmcore", "2026-11-29-11:00/vmcore", "202611291200/dump.202611291200",
                 "202611291300/vmcore.202611291300", "vmcore", "x/vmcore.flat", "y/vmcore-incomplete",
                 "z/dump-incomplete", "own.incomplete"]
        for age, name in enumerate(dumps):
            self.put(name, age)
        for name in ("a/vmcore-dmesg.txt", "b/dmesg.202611291200", "kexec_cmd", "c/README.txt", "d/e/vmcore"):
            self.put(name, 0)
        told = json.loads(self.run_it("list", "--json", self.folder.name).stdout)
        self.assertEqual([os.path.relpath(d["file"], self.path) for d in told], dumps)
        self.assertEqual([d["incomplete"] for d in told], [False] * 6 + [True] * 3)
        self.assertEqual(told[0]["bytes"], 3)

    def test_none(self):
        self.assertEqual(json.loads(self.run_it("list", "--json", str(self.path / "nowhere")).stdout), [])
        self.assertIn("no dumps in", self.run_it("list", self.folder.name).stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
