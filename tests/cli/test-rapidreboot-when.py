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
WATCH = "run /usr/bin/systemctl start rapidreboot-cancelled.path"
SCHEDULED = "run/systemd/shutdown/scheduled"
JOBS = "run /usr/bin/systemctl list-jobs --plain --no-legend --no-pager"

# shutdown(8) of systemd and of sysvinit, openrc-shutdown(8)
ORDERS = {
    "systemd": (["run /usr/sbin/shutdown -r {}", WATCH], "run /usr/sbin/shutdown -c"),
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
            self.assertEqual(r.calls[1:],
                             [o.format("03:04" if init == "systemd" else "+1440") for o in order])
            self.when("03:05", 0)

    def test_forms(self):
        for text, asked, due in (
                ("+0", "+0", 0), ("+90", "+90", 90 * MINUTE), ("03:10", "03:10", 5 * MINUTE + 55000),
                ("03:04", "03:04", 24 * 60 * MINUTE - 5000), ("23:59", "23:59", 75295000),
                ("2026-01-02 03:10", "+6", 6 * MINUTE), ("2026-01-02T03:05:05", "+1", MINUTE),
                ("2026-02-02 03:04:05", "+44640", 44640 * MINUTE)):
            with self.subTest(text):
                self.when(text, 0, ["load", f"run /usr/sbin/shutdown -r {asked}", WATCH])
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
                        ["load", "run /usr/sbin/shutdown -r --no-wall +5 new kernel", WATCH])

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


class TakenBackByOthers(WhenTest):
    """The path unit runs the hook "cancelled" whenever something changes beside logind's schedule."""

    def hook(self, calls, jobs=""):
        return self.assertRuns(["hook", "cancelled"], 0, calls, env={"FAKE_OUTPUT": jobs})

    def test_shutdown_c(self):
        self.when("+5", 0)
        self.assertIn("unloaded", self.hook([JOBS, "file-unload"]).err)
        self.assertIsNone(self.read(REQUEST))
        self.assertIsNone(self.read(LOADED))
        self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts") or "")
        self.assertRuns(["--cancel"], 6, [])

    def test_still_scheduled(self):
        self.when("+5", 0)
        self.set(SCHEDULED, "USEC=1767323345000000\nMODE=kexec\n")
        self.hook([])
        self.assertIn("due", self.read(REQUEST))

    def test_begun(self):
        """logind takes the file away as well when the time has come."""
        self.when("+1", 0)
        self.hook([JOBS], "12 kexec.target start waiting\n")
        self.assertIn("due", self.read(REQUEST))

    def test_not_watched(self):
        r = self.when("+5", 0, exits={"systemctl": 1})
        self.assertIn("`rapidreboot --cancel` unloads", r.err)
        self.assertIn("due", self.read(REQUEST))

    def test_not_of_a_time(self):
        """One that goes on at this moment has no schedule either."""
        self.assertRuns(["--kernel", self.kernel], 0)
        self.hook([])
        self.hook([])
        self.assertIsNotNone(self.read(REQUEST))

    def test_other_inits(self):
        self.take_init("sysvinit")
        self.when("+5", 0)
        self.hook([])
        self.assertIn("due", self.read(REQUEST))


# Init systems that know no time, and what asks them when it has come.
TIMELESS = {
    "busybox": "run /sbin/reboot",
    "runit": "run /usr/sbin/runit-init 6",
    "s6": "run /usr/bin/s6-linux-init-hpr -r",
    "dinit": "run /usr/sbin/shutdown -k",
    "finit": "run /sbin/initctl reboot",
    "shepherd": "run /run/current-system/profile/sbin/reboot --kexec",
}
SELF = "usr/local/sbin/rapidreboot"


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
        return self.assertRuns(["hook", "wait"], 0, calls, env=env, **how)

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
        """Nothing stays of it."""
        self.order()
        self.wait([TIMELESS["runit"], "file-unload"], exits={"runit-init": 1})
        self.assertIsNone(self.read(REQUEST))
        self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts") or "")

    def test_unloaded(self):
        """Somebody else has dropped the kernel: then this is no reboot that anybody wants."""
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
