#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`make install` ends with the command that makes init run what was installed."""
import os
import pathlib
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/after-install"


class AfterInstall(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.put("proc/version", "Linux\n")

    def put(self, path, text, mode=0o644):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def init(self, program):
        link = self.root / "proc/1/exe"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(program)

    def said(self):
        run = subprocess.run([TOOL, os.environ["RAPIDREBOOT"], "--root", self.root],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout

    def test_sysvinit(self):
        self.init("/sbin/init")
        self.put("usr/sbin/update-rc.d", "#!/bin/false\n", 0o755)
        self.put("usr/local/share/rapidreboot/integration/sysvinit/rapidreboot-jump", "")
        command = self.said().splitlines()[-1]
        self.assertIn("Run, as root: cp /usr/local/share/rapidreboot/integration/sysvinit/"
                      "rapidreboot-* /etc/init.d/ && ", command)
        self.assertIn("update-rc.d rapidreboot-$i defaults", command)
        self.put("usr/local/sbin/rapidreboot", "#!/bin/false\n", 0o755)
        self.put("etc/rc6.d/K09rapidreboot-jump",
                 "#!/bin/sh\n/usr/local/sbin/rapidreboot hook jump\n", 0o755)
        self.assertEqual(self.said(), "")

    def test_systemd(self):
        """It jumps by itself."""
        self.init("/usr/lib/systemd/systemd")
        self.put("run/systemd/system/x", "")
        self.assertEqual(self.said(), "")

    def test_container(self):
        self.init("/usr/bin/tini")
        self.assertIn("was not found out", self.said())


if __name__ == "__main__":
    unittest.main()
