#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The FleetLock hook against a small server by its protocol (zincati, docs/development/fleetlock/protocol.md): slots
are per group, taking one twice takes one, and 404 with an error object is a no."""
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from kexec_machine import main

HOOK = pathlib.Path(__file__).resolve().parents[2] / "integration/fleetlock/10-fleetlock"
LATER = 75
MACHINES = {name: digit * 32 for name, digit in (("a", "1"), ("b", "2"), ("c", "3"))}


class Server(http.server.BaseHTTPRequestHandler):
    slots, held, asked = 1, {}, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Server.asked.append((self.path, body.decode()))
        params = json.loads(body)["client_params"]
        holders = self.held.setdefault(params["group"], set())
        ok = self.headers.get("fleet-lock-protocol") == "true" and self.path in ("/v1/pre-reboot", "/v1/steady-state")
        if ok and self.path == "/v1/pre-reboot":
            ok = params["id"] in holders or len(holders) < self.slots
            if ok:
                holders.add(params["id"])
        elif ok:
            holders.discard(params["id"])
        answer = b"" if ok else b'{"kind": "failed_lock", "value": "all slots are taken"}'
        self.send_response(200 if ok else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


class FleetLock(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fleetlock-"))
        self.addCleanup(shutil.rmtree, self.dir)
        Server.slots, Server.held, Server.asked = 1, {}, []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
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
