#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals between load and hand-over: nothing that was loaded for a reboot stays without it."""
import signal
import subprocess

from kexec_machine import PROGRAM, Result, main
from reboot_machine import RebootTest
from when_machine import LOADED, REQUEST, WhenTest

ENDS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
ASKS = "run /usr/bin/systemctl kexec"
DROP = "file-unload"
PENDING = "result=pending"


class SignalTest(RebootTest):
    def setUp(self):
        super().setUp()
        self.take_menu()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        hook = self.root / "etc/rapidreboot/hooks.d/10-test"
        hook.parent.mkdir(parents=True)
        hook.write_text("#!/bin/sh\n")
        hook.chmod(0o755)

    def during(self, call, number, *args, before=None):
        """The signal comes while @call is made. Returns the status as subprocess has it."""
        log = self.dir / "log"
        log.unlink(missing_ok=True)
        self.set("sys/kernel/kexec_loaded", "0\n")
        run = subprocess.run([PROGRAM, *(args or ["-y"])], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=60, preexec_fn=before,
                             env=self.environ(env={"FAKE_RAISE": f"{call}={int(number)}"}))
        return Result(run, log)

    def assertNothingLeft(self):
        self.assertEqual(self.read("sys/kernel/kexec_loaded"), "0\n")
        self.assertIsNone(self.read(REQUEST))
        self.assertIsNone(self.read(LOADED))
        self.assertNotIn(PENDING, self.read("var/lib/rapidreboot/attempts") or "")


class Ended(SignalTest):
    def test_before_init_is_asked(self):
        """It ends the command, which unloads first and says so."""
        for call in ("load", "10-test"):
            for number in ENDS:
                with self.subTest((call, number)):
                    r = self.during(call, number)
                    self.assertEqual(r.rc, -number, r.err)
                    self.assertIn("load", r.calls)
                    self.assertEqual(r.calls[-1], DROP, r.err)
                    self.assertNotIn(ASKS, r.calls)
                    self.assertIn(f"{number.name} came before init was asked", r.err)
                    self.assertIn("unloaded again", r.err)
                    self.assertNothingLeft()

    def test_nobody_reads(self):
        """A terminal or pipe that was closed is no reason to stop half way."""
        r = self.during("load", signal.SIGPIPE)
        self.assertIn(ASKS, r.calls)

    def test_nohup(self):
        """What the caller wants to be ignored is."""
        def ignore():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        r = self.during("load", signal.SIGHUP, before=ignore)
        self.assertEqual((r.rc, r.calls[-1]), (0, ASKS), r.err)
        self.assertEqual(self.during("load", signal.SIGTERM, before=ignore).calls[-1], DROP)

    def test_init_has_taken_it(self):
        """Then it is done, and the command says so by its status."""
        for number in ENDS:
            r = self.during("systemctl", number)
            self.assertEqual((r.rc, r.calls[-1]), (0, ASKS), r.err)
            self.assertIsNotNone(self.read(REQUEST))
            self.assertEqual(self.read("sys/kernel/kexec_loaded"), "1\n")
            (self.root / REQUEST).unlink()

    def test_direct(self):
        self.take_init("busybox")
        (self.root / "proc/1/exe").unlink()
        (self.root / "proc/1/exe").symlink_to("/bin/none")
        self.set("proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda7 rw\n")
        r = self.during("load", signal.SIGHUP, "--direct", "-y")
        self.assertEqual((r.rc, r.calls[-1]), (-signal.SIGHUP, DROP), r.err)
        self.assertNothingLeft()


class Waiting(WhenTest):
    def test_waiter_is_ended(self):
        """Nobody would ask init any more: nothing stays loaded."""
        exe = self.root / "proc/self/exe"
        exe.parent.mkdir(parents=True)
        exe.symlink_to("/usr/local/sbin/rapidreboot")
        self.take_init("runit")
        for number in ENDS:
            with self.subTest(number):
                self.when("+5", 0)
                self.set("sys/kernel/kexec_loaded", "1\n")
                run = subprocess.run([PROGRAM, "hook", "wait"], stdin=subprocess.DEVNULL,
                                     capture_output=True, text=True, timeout=60,
                                     env=self.environ(env={"FAKE_RAISE": f"sleep={int(number)}"}))
                self.assertEqual(run.returncode, -number, run.stderr)
                self.assertIn(f"{number.name} ended the process that waited", run.stderr)
                self.assertEqual(self.read("sys/kernel/kexec_loaded"), "0\n")
                self.assertIsNone(self.read(REQUEST))
                self.assertIsNone(self.read(LOADED))


if __name__ == "__main__":
    # Whoever runs the tests with nohup, or in the background of a script, has some of them ignored.
    for ending in ENDS:
        signal.signal(ending, signal.SIG_DFL)
    main()
