#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The FleetLock hook against a small server (lock_server.py)."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from kexec_machine import main
from lock_server import Server

HOOK = pathlib.Path(__file__).resolve().parents[2] / "integration/fleetlock/10-fleetlock"
LATER = 75
MACHINES = {name: digit * 32 for name, digit in (("a", "1"), ("b", "2"), ("c", "3"))}


class FleetLock(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fleetlock-"))
        self.addCleanup(shutil.rmtree, self.dir)
        server = Server.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def run_hook(self, machine, *words, config=None, rc=0):
        """What it says."""
        (self.dir / "config").write_text(f"URL={self.url}/\nGROUP=web\n" if config is None else config)
        (self.dir / "machine-id").write_text(MACHINES[machine] + "\n")
        run = subprocess.run([HOOK, *words], capture_output=True, text=True, timeout=120,
                             env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "FLEETLOCK_CONFIG": self.dir / "config",
                                  "FLEETLOCK_MACHINE_ID": self.dir / "machine-id"})
        self.assertEqual(run.returncode, rc, run.stderr)
        self.assertEqual(run.stdout, "")
        return run.stderr

    def test_turns(self):
        """One at a time; twice is once; what is given back is free for the next one."""
        self.run_hook("a", "pre-handover", "Debian")
        self.run_hook("a", "pre-handover", "Debian")
        self.assertIn("all slots are taken", self.run_hook("b", "pre-handover", "Debian", rc=LATER))
        self.run_hook("c", "release")
        self.run_hook("b", "pre-handover", "Debian", rc=LATER)
        self.run_hook("a", "release")
        self.run_hook("a", "release")
        self.run_hook("b", "pre-handover", "Debian")

    def test_all_at_once(self):
        """Of eight machines that ask at the same moment as many get a slot as there are; each gets one in its turn."""
        Server.slots = 3
        (self.dir / "config").write_text(f"URL={self.url}/\n")
        waiting, rounds = [f"{n:032x}" for n in range(8)], 0
        for n in waiting:
            (self.dir / n).write_text(n + "\n")
        while waiting:
            asked = {n: subprocess.Popen([HOOK, "pre-handover", "Debian"], stderr=subprocess.DEVNULL,
                                         env={"PATH": "/usr/bin:/bin", "FLEETLOCK_CONFIG": self.dir / "config",
                                              "FLEETLOCK_MACHINE_ID": self.dir / n}) for n in waiting}
            ends = {n: process.wait(timeout=120) for n, process in asked.items()}
            got = [n for n, status in ends.items() if status == 0]
            self.assertEqual(len(got), min(3, len(waiting)))
            self.assertEqual({status for n, status in ends.items() if n not in got}, {LATER} if len(waiting) > 3 else set())
            waiting = [n for n in waiting if n not in got]
            Server.held.clear()     # they are up again
            rounds += 1
        self.assertEqual(rounds, 3)

    def test_groups(self):
        self.run_hook("a", "pre-handover", "Debian")
        self.run_hook("b", "pre-handover", "Debian", config=f"URL={self.url}\nGROUP=db\n")
        self.run_hook("c", "pre-handover", "Debian", config=f"URL={self.url}\n")
        self.assertEqual(sorted(Server.held), ["db", "default", "web"])

    def test_what_is_sent(self):
        """The same id each time, another one for each machine, and never the machine id."""
        for machine in "aabc":
            self.run_hook(machine, "pre-handover", "Debian", config=f"URL={self.url}\nGROUP=g{machine}\n")
        ids = [json.loads(body)["client_params"]["id"] for _, body in Server.asked]
        self.assertEqual((ids[0], len(set(ids))), (ids[1], 3))
        for id_ in ids:
            self.assertTrue(re.fullmatch("[0-9a-f]{32}", id_) and id_ not in MACHINES.values(), id_)

    def test_other_moments(self):
        """Before the jump there is no network any more: nobody is asked."""
        for words in (("pre-jump", "Debian"), ()):
            self.run_hook("a", *words)
        self.assertEqual(Server.asked, [])

    def test_no_answer(self):
        """Later, too: nothing says that the others are up."""
        self.assertNotEqual(self.run_hook("a", "pre-handover", "D", config="URL=http://127.0.0.1:1/\n", rc=LATER), "")
        self.assertIn("404", self.run_hook("a", "pre-handover", "D", config=f"URL={self.url}/other\n", rc=LATER))

    def test_configuration(self):
        for config in ("", "GROUP=web\n", f"URL={self.url}\nGROUP=a b\n", f"URL={self.url}\nGROUP=\"x\"}}\n"):
            self.assertIn("fleetlock: ", self.run_hook("a", "pre-handover", "Debian", config=config, rc=1))
        # nothing of it is run
        self.run_hook("a", "pre-handover", "D", config=f"URL={self.url}\nGROUP=$(touch {self.dir}/ran)\n", rc=1)
        self.assertFalse((self.dir / "ran").exists())
        self.assertEqual(Server.asked, [])


if __name__ == "__main__":
    if not shutil.which("curl"):
        print("curl is not installed, so the FleetLock hook was not tested")
        sys.exit(77)
    main()
