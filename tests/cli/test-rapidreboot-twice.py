#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loading twice under systemd: as the files are, then unpacked, while services stop."""
import errno
import gzip
import json
from pathlib import Path

from kexec_machine import main
from reboot_machine import cpio
from when_machine import LOADED, REQUEST, PackedTest

START = "run /usr/bin/systemctl start rapidreboot-load.service"
ASKED = "run /usr/bin/systemctl kexec"
JOBS = "run /usr/bin/systemctl list-jobs --plain --no-legend --no-pager"
GOES_DOWN = {"FAKE_OUTPUT": "12 kexec.target start waiting\n"}


class Twice(PackedTest):
    def know(self):
        """What a check has unpacked once is known to be whole."""
        self.run_it("check")
        self.assertTrue((self.root / "var/lib/rapidreboot/unpacked").exists())

    def ask(self, *args, calls, **how):
        r = self.assertRuns(["-y", *args], 0, calls, **how)
        self.set("sys/kernel/kexec_loaded", "1\n")
        return r

    def down(self, calls, **how):
        return self.assertRuns(["hook", "load"], 0, [JOBS, *calls], env=GOES_DOWN, **how)

    def rung(self):
        return json.loads(self.assertRuns(["timeline", "--json"], 0).out)[-1]["rung"]

    def test_unknown(self):
        """What nobody has unpacked yet is unpacked before init is asked, and then loaded once."""
        self.ask(calls=["load", ASKED])
        self.assertIsNone(self.line(REQUEST, "choice"))
        self.assertEqual(self.rung(), "copy")
        self.down([])
        # that was the first time
        self.ask(calls=[START, "load", ASKED])

    def test_twice(self):
        self.know()
        self.ask(calls=[START, "load", ASKED])
        self.assertEqual(self.rung(), "bzImage")
        self.assertIsNotNone(self.line(REQUEST, "choice"))
        self.assertIn("unpacked (copy)", self.down(["load"]).err)
        self.assertEqual(self.rung(), "copy")
        self.assertEqual(self.line(LOADED, "digest"), self.line(REQUEST, "digest"))
        self.assertIsNotNone(self.line(LOADED, "start"))

    def test_second_fails(self):
        """The first one stays, with its note, so that it is started."""
        self.know()
        self.ask(calls=[START, "load", ASKED])
        before = {path: self.line(path, "digest") for path in (REQUEST, LOADED)}
        start = self.line(LOADED, "start")
        r = self.down(["load"], errors={"load": errno.ENOMEM})
        self.assertIn("what was loaded first stays", r.err)
        self.assertEqual({path: self.line(path, "digest") for path in (REQUEST, LOADED)}, before)
        self.assertEqual(self.line(LOADED, "start"), start)
        self.assertEqual(self.rung(), "bzImage")

    def test_changed(self):
        """Other files than those that were asked for are not loaded any more, damaged ones neither."""
        self.know()
        self.ask(calls=[START, "load", ASKED])
        packed = Path(self.initrd).read_bytes()
        for data in (gzip.compress(cpio("init")), packed[:len(packed) // 2]):
            self.set_initrd(data)
            self.assertIn("what was loaded first stays", self.down([]).err)

    def test_damaged(self):
        """No refusal comes later: what has changed since it was unpacked is unpacked before init is asked."""
        self.know()
        packed = Path(self.initrd).read_bytes()
        self.set_initrd(packed[:len(packed) // 2])
        self.assertIn("B2", self.assertRuns(["-y"], 3, []).err)

    def test_not_possible(self):
        self.know()
        # no unit that would load it: it is unpacked first
        r = self.assertRuns(["-y", "-v"], 5, exits={"systemctl": 1})
        self.assertEqual(r.calls[0], START)
        self.assertIn("unpacked before init is asked", r.err)
        self.assertRuns(["-y", "--safe"], 0, ["file-load", ASKED])
        self.assertEqual(self.assertRuns(["--when", "+5"], 0, env={"TZ": "UTC"}).calls[0], "load")
        self.take_init("sysvinit")
        self.assertEqual(self.assertRuns(["-y"], 0).calls[0], "load")

    def test_refused(self):
        """Where kexec_load(2) is refused the other call loads, once."""
        self.know()
        self.ask(calls=[START, "load", "file-load", ASKED], errors={"load": errno.EPERM})
        self.assertIsNone(self.line(REQUEST, "choice"))
        self.down([])


if __name__ == "__main__":
    main()
