#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Units and scripts of init systems, run by the shell with a command that only writes down how it was
called. Usage: test-integration.py SBINDIR NAME=FILE…"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from kexec_machine import main

SBINDIR = sys.argv[1]
FILES = dict(word.split("=", 1) for word in sys.argv[2:])
del sys.argv[1:]


class Integration(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="integration-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.log = self.dir / "log"
        command = self.dir / "rapidreboot"
        # As if everything failed: no script may pass that on.
        command.write_text(f'#!/bin/sh\necho "$*" >>"{self.log}"\nexit 1\n')
        command.chmod(0o755)

    def script(self, name):
        """The file with our own command and no systemd, whatever machine this is."""
        text = pathlib.Path(FILES[name]).read_text()
        self.assertIn(f"{SBINDIR}/rapidreboot hook", text)
        self.assertNotIn("@", re.sub(r"\$@", "", text))
        path = self.dir / name.replace("/", "-")
        path.write_text(text.replace(SBINDIR, str(self.dir))
                        .replace("/run/systemd/system", str(self.dir / "systemd")))
        return path

    def sh(self, text):
        """Exit status of a shell, and how the command was called."""
        self.log.unlink(missing_ok=True)
        run = subprocess.run(["sh", "-c", text], capture_output=True, text=True,
                             env={"PATH": os.environ["PATH"]})
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        return run.returncode, calls

    def test_sysvinit(self):
        for name, hook in (("load", "hook load"), ("jump", "hook jump")):
            path = self.script(f"sysvinit/rapidreboot-{name}")
            for word, want in (("stop", (0, [hook])), ("start", (0, ["hook boot"] if name == "load" else [])), ("restart", (0, [])),
                               ("reload", (0, [])), ("force-reload", (0, [])), ("status", (0, [])),
                               ("", (3, [])), ("jump", (3, []))):
                with self.subTest((name, word)):
                    self.assertEqual(self.sh(f"exec sh {path} {word}"), want)
            (self.dir / "systemd").mkdir(exist_ok=True)
            self.assertEqual(self.sh(f"exec sh {path} stop"), (0, []))
            (self.dir / "systemd").rmdir()

    def header(self, name):
        text = pathlib.Path(FILES[name]).read_text()
        block = text.split("### BEGIN INIT INFO\n")[1].split("### END INIT INFO")[0]
        return {key: value.split() for key, value in re.findall(r"^# ([\w-]+):(.*)$", block, re.M)}

    def test_sysvinit_order(self):
        """LSB Core 22.3: what Required-Stop names stops later."""
        load, jump = (self.header(f"sysvinit/rapidreboot-{n}") for n in ("load", "jump"))
        self.assertEqual(load["Default-Stop"], ["0", "6"])
        self.assertEqual(jump["Default-Stop"], ["6"])
        self.assertEqual((load["Default-Start"], jump["Default-Start"]), (["2", "3", "4", "5"], []))
        self.assertLessEqual({"$local_fs", "rapidreboot-jump"}, set(load["Required-Stop"]))
        self.assertEqual(jump["Required-Stop"], ["reboot"])
        self.assertEqual(jump["X-Stop-After"], ["umountroot"])
        # A name that the script of kexec-tools has too is refused by insserv.
        self.assertEqual(jump["Provides"], ["rapidreboot-jump"])

    def test_openrc(self):
        words = "need() { :; }; after() { :; }; keyword() { :; }; . "
        for name, calls in (("load", {"start": ["hook boot"], "stop": ["hook load"]}),
                            ("jump", {"start": ["hook jump"]})):
            path = self.script(f"openrc/rapidreboot-{name}")
            for word in ("start", "stop", "depend"):
                with self.subTest((name, word)):
                    self.assertEqual(self.sh(f"{words} {path}; {word}"),
                                     (0, calls.get(word, [])))

    def test_sourced(self):
        for hook in ("load", "jump"):
            path = self.script(f"runit/rapidreboot-{hook}.sh")
            self.assertEqual(self.sh(f"set -e; . {path}; exit 7"), (7, [f"hook {hook}"]))

    def test_s6(self):
        path = self.script("s6/rc.shutdown.final")
        self.assertEqual(self.sh(f"exec sh {path}"), (0, ["hook jump"]))

    def test_dinit(self):
        path = self.script("dinit/shutdown-hook")
        for verb in ("poweroff", "halt", "soft"):
            self.assertEqual(self.sh(f"exec sh {path} {verb}"), (1, [f"hook load {verb}"]))
        self.assertEqual(self.sh(f"exec sh {path} reboot"), (1, []))

    def test_finit(self):
        for name, call in (("boot", "hook boot"), ("load", "hook load reboot"),
                           ("jump", "hook jump reboot")):
            path = self.script(f"finit/rapidreboot-{name}")
            self.assertEqual(self.sh(f"export FINIT_SHUTDOWN=reboot; exec sh {path}"), (0, [call]))

    def test_busybox(self):
        """inittab of BusyBox: id, runlevels that mean nothing, action, command."""
        lines = [line for line in self.script("busybox/inittab").read_text().splitlines()
                 if not line.startswith("#")]
        self.assertEqual([line.split(":")[2] for line in lines], ["once", "shutdown"])
        for line, hook in zip(lines, ("hook boot", "hook jump")):
            self.assertEqual(self.sh(line.split(":")[3])[1], [hook])

    def test_without_the_command(self):
        """A package that was removed leaves its scripts of sysvinit behind."""
        for name in ("load", "jump"):
            path = self.script(f"sysvinit/rapidreboot-{name}")
            (self.dir / "rapidreboot").unlink(missing_ok=True)
            for word in ("start", "stop"):
                self.assertEqual(self.sh(f"exec sh {path} {word}"), (0, []))

    def test_systemd(self):
        path = FILES["systemd/rapidreboot-load.service"]
        text = pathlib.Path(path).read_text()
        # systemd.unit(5): stopping is the reverse of starting, so After= a mount stops before it.
        self.assertRegex(text, r"(?m)^After=.*\bboot\.mount\b")
        self.assertNotRegex(text, r"(?m)^(Requires|RequiresMountsFor|DefaultDependencies)=")
        self.assertRegex(text, r"(?m)^ExecStop=\S+/rapidreboot hook load$")
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not here")
        unit = self.dir / "rapidreboot-load.service"
        unit.write_text(text.replace(SBINDIR, str(self.dir)))
        run = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True,
                             text=True)
        ours = [line for line in run.stderr.splitlines() if "rapidreboot" in line]
        self.assertEqual(ours, [], run.stderr)


if __name__ == "__main__":
    main()
