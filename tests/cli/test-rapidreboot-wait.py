#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot --when where init knows no time: a process of our own waits for it."""
from kexec_machine import main
from reboot_machine import BOOT_ID, BUSYBOX_GOES, S6_STAGE_4, S6_TEXT
from when_machine import BOOTTIME, LOADED, MINUTE, REQUEST, SELF, TIMELESS, WAITS, WhenTest


class Waiting(WhenTest):
    """A process of our own waits for the time."""

    def setUp(self):
        super().setUp()
        exe = self.root / "proc/self/exe"
        exe.parent.mkdir(parents=True)
        exe.symlink_to("/" + SELF)
        self.take_init("runit")

    def take_init(self, name):
        super().take_init(name)
        if name == "finit":
            self.program("/usr/libexec/finit/hook/sys/down/rapidreboot")
            self.set("usr/lib/finit/plugins/hook-scripts.so", "")

    def order(self, text="+5"):
        self.when(text, 0, ["load", WAITS, f"run /{SELF} hook wait"])
        self.set("sys/kernel/kexec_loaded", "1\n")

    def wait(self, calls, asleep=None, **how):
        env = {"FAKE_ASLEEP": asleep} if asleep else {}
        return self.assertRuns(["hook", "wait"], 0, calls, env={**env, **how.pop("env", {})}, **how)

    def test_inits(self):
        for init, asks in TIMELESS.items():
            with self.subTest(init):
                self.take_init(init)
                self.order()
                self.assertEqual(self.due(), BOOTTIME + 5 * MINUTE)
                self.wait([asks])
                self.assertRuns(["--cancel"], 0, ["file-unload"])
                self.assertIsNone(self.read(REQUEST))
                self.assertIsNone(self.read(LOADED))
                self.assertRuns(["--cancel"], 6, [])
                self.wait([])

    def test_poweroff_while_it_waits(self):
        """At every minute of the wait, the last ones and those after it included: never a jump."""
        for init in ("busybox", "s6"):
            self.take_init(init)
            self.order("+30")
            if init == "s6":
                self.set(S6_STAGE_4, S6_TEXT % "p")
            else:
                self.set("proc/1/wchan", BUSYBOX_GOES)
            for seconds in (0, 60, 28 * 60, 29 * 60, 29 * 60 + 59, 30 * 60, 31 * 60, 40 * 60, 41 * 60):
                with self.subTest((init, seconds)):
                    self.set("sys/kernel/kexec_loaded", "1\n")
                    r = self.assertRuns(["hook", "jump"], 0,
                                        env={"FAKE_BOOTTIME": str(BOOTTIME + seconds * 1000)})
                    self.assertNotIn("reboot", r.calls)
            self.run_it("--cancel")

    def test_time_comes_during_a_poweroff(self):
        """Its services take minutes to stop: the process that waits asks nobody then, and leaves no sign."""
        self.take_init("busybox")
        self.order("+30")
        self.set("proc/1/wchan", BUSYBOX_GOES)
        self.assertIn("going down already", self.wait(["file-unload"]).err)
        self.assertIsNone(self.read(REQUEST))
        self.assertRuns(["hook", "jump"], 0, [], env={"FAKE_BOOTTIME": str(BOOTTIME + 30 * MINUTE)})

    def test_armed_last(self):
        """The sign is there from when init is asked, and the way down may take long then."""
        self.take_init("busybox")
        self.order("+30")
        self.assertNotIn("sign", self.read(REQUEST))
        self.wait([TIMELESS["busybox"]])
        self.assertIn("\nsign down\n", self.read(REQUEST))
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRuns(["hook", "jump"], 0, ["sync", "reboot"],
                        env={"FAKE_BOOTTIME": str(BOOTTIME + 35 * MINUTE)})

    def test_init_does_not_begin(self):
        self.take_init("busybox")
        self.order("+30")
        r = self.wait([TIMELESS["busybox"], "file-unload"], env={"FAKE_INIT_STAYS": "1"})
        self.assertIn("has not begun", r.err)
        self.assertIsNone(self.read(REQUEST))
        self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts") or "")

    def test_rounds(self):
        """It looks at the request every half minute, and at the end sleeps no longer than needed."""
        naps = self.dir / "naps"
        self.order("03:08")     # in 3 minutes and 55 seconds
        self.wait([TIMELESS["runit"]], f"echo >>{naps}")
        self.assertEqual(len(naps.read_text()), 8)

    def test_taken_back(self):
        """While it waits the request goes, or another one comes, which another process waits for."""
        for asleep in (f"rm {self.root / REQUEST}",
                       f"sed -i 's/^time .*/time 1000001/' {self.root / REQUEST}",
                       f"sed -i '/^due /d' {self.root / REQUEST}"):
            self.order()
            self.wait([], asleep)
            (self.root / REQUEST).unlink(missing_ok=True)

    def test_ordered_already(self):
        self.order()
        before = self.read(REQUEST)
        for args in (["--when", "+9"], []):
            r = self.assertRuns([*args, "--kernel", self.kernel], 3, [])
            self.assertIn("in 5 minutes", r.err)
        self.assertEqual(self.read(REQUEST), before)

    def test_init_refuses(self):
        """Image, request and record are removed."""
        self.order()
        self.wait([TIMELESS["runit"], "file-unload"], exits={"runit-init": 1})
        self.assertIsNone(self.read(REQUEST))
        self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts") or "")

    def test_unloaded(self):
        """Another program has unloaded the kernel: then there is no reboot."""
        self.order()
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertIn("gone", self.wait(["file-unload"]).err)
        self.assertIsNone(self.read(REQUEST))

    def test_not_started(self):
        """Without /proc nobody can say which program this is."""
        (self.root / "proc/self/exe").unlink()
        self.assertIn("/proc/self/exe", self.when("+5", 5, []).err)
        self.assertIsNone(self.read(REQUEST))

    def test_another_boot(self):
        self.order()
        self.set("proc/sys/kernel/random/boot_id", BOOT_ID[::-1] + "\n")
        self.wait([])


if __name__ == "__main__":
    main()
