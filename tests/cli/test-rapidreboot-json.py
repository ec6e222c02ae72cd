#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""With --json standard output is JSON with a number of its layout, whatever happens: rapidreboot(8), JSON."""
import json
import os
import subprocess

from kexec_machine import PROGRAM, main
from reboot_machine import RebootTest

SCHEMA = 1


class Json(RebootTest):
    def setUp(self):
        super().setUp()
        self.take_menu()

    def answer(self, *args, rc, **how):
        r = self.assertRuns(args, rc, **how)
        try:
            return json.loads(r.out), r
        except ValueError:
            self.fail((args, r.out, r.err))

    def assertFails(self, *args, rc, says="", **how):
        answer, r = self.answer(*args, rc=rc, **how)
        self.assertEqual(sorted(answer), ["error", "exit_status", "schema"], args)
        self.assertEqual((answer["schema"], answer["exit_status"]), (SCHEMA, rc), args)
        self.assertIn(says, answer["error"], args)
        # a person reads the same on standard error
        self.assertIn(answer["error"].split(": ")[-1], r.err, args)

    def test_answers(self):
        for args, rc in ((["list"], 0), (["show"], 0), (["check"], 8), (["status"], 0), (["load", "-n"], 0),
                         (["-n"], 0), (["load"], 0), (["crash", "status"], 6),
                         (["eval-grub", "/boot/grub/grub.cfg"], 0)):
            with self.subTest(args):
                self.assertEqual(self.answer(*args, "--json", rc=rc)[0]["schema"], SCHEMA)

    def test_list_of_answers(self):
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.assertEqual(self.answer("timeline", "--json", rc=0)[0], [])
        self.assertRuns(["--yes"], 0)
        self.assertEqual([a["schema"] for a in self.answer("timeline", "--json", rc=0)[0]], [SCHEMA])

    def test_usage(self):
        self.assertFails("list", "--json", "--jsno", rc=2, says="did you mean '--json'?")
        self.assertFails("list", "--jsno", "--json", rc=2, says="did you mean '--json'?")
        self.assertFails("status", "--json", "word", rc=2, says="one word too many")
        self.assertFails("check", "--json", "--initrd", "x", rc=2, says="--initrd goes with --kernel")
        self.assertFails("timeline", "--json", "0", rc=2, says="1 is the last one")

    def test_failures(self):
        self.assertFails("show", "--json", "frob", rc=1, says='"frob"')
        self.assertFails("load", "--json", "frob", rc=1, says='"frob"')
        self.assertFails("timeline", "--json", "7", rc=1, says="0 attempts")
        self.assertFails("crash", "show", "--json", "/nonexistent/dump", rc=1, says="/nonexistent/dump")
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertFails("load", "--json", rc=4, errors={"load": 22, "file_load": 22})
        (self.root / "boot/grub/grub.cfg").unlink()
        self.assertFails("list", "--json", rc=1, says="no kernels")

    def test_refused(self):
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        self.assertFails("load", "--json", rc=3, says="A5: ")
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.assertFails("load", "--json", "Other system", rc=7, says="B12: ")

    def test_not_agreed(self):
        answer, r = self.answer("--json", rc=6, typed="n\n")       # it says first what it would start
        self.assertEqual((answer["title"], answer["schema"]), ("Test", SCHEMA))
        self.assertIn("nothing was done", r.err)

    def test_time_limit(self):
        self.assertFails("check", "--json", "--time-limit", "1", rc=9, says="no answer after 1 second,",
                         env={"FAKE_HANGS": "1"})

    def test_help_is_for_persons(self):
        self.assertTrue(self.assertRuns(["list", "--json", "--help"], 0).out.startswith("Usage: "))

    def as_nobody(self, *args):
        """As somebody who owns nothing; the program is given by a descriptor, since its folder may be closed."""
        with open(PROGRAM, "rb") as f:
            return subprocess.run([f"/proc/self/fd/{f.fileno()}", *args], pass_fds=[f.fileno()], env={"LC_ALL": "C"},
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                                  user=65534, group=65534, extra_groups=[])

    def test_denied(self):
        """Who may not look is not told that there is nothing."""
        if os.geteuid() != 0:
            self.skipTest("needs root, to be somebody else")
        (self.root / "boot/grub/grub.cfg").unlink()
        (self.root / "boot").chmod(0o700)
        self.dir.chmod(0o755)
        r = self.as_nobody("list", "--json", "--root", str(self.root))
        self.assertEqual(r.returncode, 1, r)
        self.assertIn("this user may not look into it", json.loads(r.stdout)["error"])
        (self.root / "boot").chmod(0o755)
        r = self.as_nobody("list", "--json", "--root", str(self.root))
        self.assertIn("no kernels", json.loads(r.stdout)["error"])


if __name__ == "__main__":
    main()
