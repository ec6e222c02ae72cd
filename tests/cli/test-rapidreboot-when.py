#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot --when and --cancel. The machine's clock says 2026-01-02 03:04:05 UTC."""
import re

from kexec_machine import main
from reboot_machine import BOOT_ID, RebootTest

REQUEST, LOADED = "run/rapidreboot/request", "run/rapidreboot/loaded"
BOOTTIME = 1000000  # milliseconds, of the machine by default
MINUTE = 60000
WAITS = "in the background:"

# shutdown(8) of systemd and of sysvinit, openrc-shutdown(8)
ORDERS = {
    "systemd": (["run /usr/sbin/shutdown -r {}"], "run /usr/sbin/shutdown -c"),
    "sysvinit": ([WAITS, "run /sbin/shutdown -r {}"], "run /sbin/shutdown -c"),
    "openrc": ([WAITS, "run /sbin/openrc-shutdown --kexec {}"], "run /sbin/openrc-shutdown --cancel"),
}


class WhenTest(RebootTest):
    def when(self, text, rc, calls=None, **how):
        how["env"] = {"TZ": "UTC", **how.get("env", {})}
        return self.assertRuns(["--when", text, "--kernel", self.kernel], rc, calls, **how)

    def due(self):
        return int(re.search(r"^due (\d+)$", self.read(REQUEST), re.M)[1])


class When(WhenTest):
    def test_inits(self):
        for init, (order, cancel) in ORDERS.items():
            with self.subTest(init):
                self.take_init(init)
                self.when("+5", 0, ["load", *(o.format("+5") for o in order)])
                self.assertEqual(self.due(), BOOTTIME + 5 * MINUTE)
                self.assertRuns(["--cancel"], 0, [cancel, "file-unload"])
                self.assertIsNone(self.read(REQUEST))
                self.assertIsNone(self.read(LOADED))
                self.assertRuns(["--cancel"], 6, [])

    def test_this_minute(self):
        """For shutdown(8) of sysvinit and openrc-shutdown(8), "03:04" would be now."""
        for init, (order, _) in ORDERS.items():
            self.take_init(init)
            r = self.when("03:04", 0)
            self.assertEqual(r.calls[-1],
                             order[-1].format("03:04" if init == "systemd" else "+1440"))
            self.when("03:05", 0)

    def test_others(self):
        for init in ("busybox", "runit", "s6", "dinit", "finit", "shepherd"):
            with self.subTest(init):
                self.take_init(init)
                self.assertIn("later time", self.when("+5", 5, []).err)

    def test_forms(self):
        for text, asked, due in (
                ("+0", "+0", 0), ("+90", "+90", 90 * MINUTE), ("03:10", "03:10", 5 * MINUTE + 55000),
                ("03:04", "03:04", 24 * 60 * MINUTE - 5000), ("23:59", "23:59", 75295000),
                ("2026-01-02 03:10", "+6", 6 * MINUTE), ("2026-01-02T03:05:05", "+1", MINUTE),
                ("2026-02-02 03:04:05", "+44640", 44640 * MINUTE)):
            with self.subTest(text):
                self.when(text, 0, ["load", f"run /usr/sbin/shutdown -r {asked}"])
                self.assertEqual(self.due(), BOOTTIME + due)
        self.when("now", 0, ["load", "run /usr/bin/systemctl kexec"])
        self.assertNotIn("due", self.read(REQUEST))

    def test_no_forms(self):
        for text in ("", "5", "+", "+-5", "+5m", "25:00", "12", "12:60", "tomorrow", "2026-01-02",
                     "2026-01-01 00:00", "2026-01-02 03:04", "+99999999999999999999", "now "):
            with self.subTest(text):
                self.assertIn("--when", self.when(text, 2, []).err)
        self.assertRuns(["--cancel", "--when", "+5"], 2, [])
        self.assertRuns(["--direct", "--when", "+5"], 2, [])
        self.assertRuns(["load", "--when", "+5"], 2, [])

    def test_message(self):
        self.assertRuns(["--when", "+5", "--message", "new kernel", "--no-wall", "--kernel",
                         self.kernel], 0,
                        ["load", "run /usr/sbin/shutdown -r --no-wall +5 new kernel"])

    def test_refused(self):
        """Init did not like it: nothing stays."""
        for init in ORDERS:
            self.take_init(init)
            r = self.when("+5", 5, exits={"shutdown": 1, "openrc-shutdown": 1})
            self.assertEqual(r.calls[-1], "file-unload")
            self.assertIsNone(self.read(REQUEST))

    def test_cancel_refused(self):
        self.when("+5", 0)
        self.assertRuns(["--cancel"], 5, exits={"shutdown": 1})
        self.assertIn("due", self.read(REQUEST))
        self.assertRuns(["--cancel"], 4, errors={"file_unload": 1})
        self.assertIn("due", self.read(REQUEST))

    def test_firmware_wanted(self):
        self.set("run/systemd/reboot-to-firmware-setup", "")
        self.when("+5", 3, [])


class Request(WhenTest):
    """The ten minutes of a request begin when its reboot is due."""

    def jump(self, calls, time):
        self.take_init("s6")    # one that has to be told by the request
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRuns(["hook", "jump"], 0, calls, env={"FAKE_BOOTTIME": str(time)})

    def test_age(self):
        due = BOOTTIME + 60 * MINUTE
        for time, calls in ((BOOTTIME, []), (due - 2 * MINUTE, []), (due, ["sync", "reboot"]),
                            (due + 9 * MINUTE, ["sync", "reboot"]), (due + 11 * MINUTE, [])):
            self.set(REQUEST, f"rapidreboot-request 1\nboot-id {BOOT_ID}\nmode kexec\n"
                     f"time {BOOTTIME}\ndue {due}\n")
            (self.root / REQUEST).chmod(0o600)
            self.jump(calls, time)

    def test_another_image(self):
        """What was loaded since is not what was asked for."""
        self.take_init("sysvinit")
        self.assertRuns(["--kernel", self.kernel], 0)
        digest = re.search(r"^digest \w+$", self.read(REQUEST), re.M)[0]
        self.assertIn(digest, self.read(LOADED))
        request = self.read(REQUEST)
        self.assertRuns(["load", "--kernel", self.kernel, "--cmdline", "other"], 0)
        self.assertNotIn(digest, self.read(LOADED))
        self.assertEqual(self.read(REQUEST), request)
        for hook in ("load", "jump"):
            self.set(REQUEST, request)
            (self.root / REQUEST).chmod(0o600)
            self.set("sys/kernel/kexec_loaded", "1\n")
            r = self.assertRuns(["hook", hook], 0, ["file-unload"], env={"RUNLEVEL": "6"})
            self.assertIn("not what was asked for", r.err)
            self.assertIsNone(self.read(REQUEST))

    def test_same_image(self):
        self.take_init("sysvinit")
        self.assertRuns(["--kernel", self.kernel], 0)
        self.assertRuns(["hook", "load"], 0, [], env={"RUNLEVEL": "6"})
        self.assertRuns(["hook", "jump"], 0, ["sync", "reboot"], env={"RUNLEVEL": "6"})


if __name__ == "__main__":
    main()
