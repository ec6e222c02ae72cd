#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot --when and --cancel. The machine's clock says 2026-01-02 03:04:05 UTC."""
import errno
import json
import os
import re
import shutil
from pathlib import Path

from kexec_machine import main, multiboot
from reboot_machine import BOOT_ID
from when_machine import BOOTTIME, LOADED, MINUTE, REQUEST, SELF, TIMELESS, WAITS, WhenTest

RENEW = "run /usr/bin/systemctl start rapidreboot-load.service"
WATCH = "run /usr/bin/systemctl start rapidreboot-cancelled.path"
SCHEDULED = "run/systemd/shutdown/scheduled"
JOBS = "run /usr/bin/systemctl list-jobs --plain --no-legend --no-pager"

# shutdown(8) of systemd and of sysvinit, openrc-shutdown(8)
ORDERS = {
    "systemd": (["run /usr/sbin/shutdown -r {}", RENEW, WATCH], "run /usr/sbin/shutdown -c"),
    "sysvinit": ([WAITS, "run /sbin/shutdown -r {}"], "run /sbin/shutdown -c"),
    "openrc": ([WAITS, "run /sbin/openrc-shutdown --kexec {}"], "run /sbin/openrc-shutdown --cancel"),
}


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
                self.when(text, 0, ["load", f"run /usr/sbin/shutdown -r {asked}", RENEW, WATCH])
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
                        ["load", "run /usr/sbin/shutdown -r --no-wall +5 new kernel", RENEW, WATCH])

    def test_refused(self):
        """Init refuses the order: image, request and record are removed."""
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
        self.when("+5", 7, [])

    def test_status(self):
        """A reboot that is ordered is told, until it is taken back."""
        self.assertNotIn("Ordered:", self.assertRuns(["status"], 0).out)
        self.when("+5", 0)
        self.assertRegex(self.assertRuns(["status"], 0).out,
                         f"(?m)^Ordered: +in 5 minutes: {self.kernel} \\(rapidreboot --cancel")
        ordered = json.loads(self.assertRuns(["status", "--json"], 0).out)["ordered"]
        self.assertEqual((ordered["entry"], ordered["in_ms"]), (self.kernel, 5 * 60 * 1000))
        self.assertRuns(["--cancel"], 0)
        self.assertIsNone(json.loads(self.assertRuns(["status", "--json"], 0).out)["ordered"])


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
        self.assertIn("what is loaded now is started then", r.err)
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


class Renewed(WhenTest):
    """When its time has come, what was ordered is chosen once more by the same words."""

    REBOOT = {"RUNLEVEL": "6"}
    HOOK = "etc/rapidreboot/hooks.d/10-test"

    def setUp(self):
        super().setUp()
        self.take_init("sysvinit")
        self.take_menu()

    def order(self, *args):
        self.assertRuns(["--when", "+60", *args], 0, env={"TZ": "UTC"})
        self.set("sys/kernel/kexec_loaded", "1\n")

    def upgrade(self):
        """Another kernel of that name: in the machine and, for what opens it there, outside of it."""
        with open(self.kernel, "rb") as file:
            data = bytearray(file.read())
        data[-1] ^= 1
        Path(self.kernel + ".new").write_bytes(data)
        os.rename(self.kernel + ".new", self.kernel)
        self.take_files()

    def down(self, calls, minutes=60, env=None, **how):
        env = {"FAKE_BOOTTIME": str(BOOTTIME + minutes * MINUTE), **(self.REBOOT if env is None else env)}
        return self.assertRuns(["hook", "load"], 0, calls, env=env, **how)

    def jump(self, calls, minutes=60):
        self.assertRuns(["hook", "jump"], 0, calls,
                        env={"FAKE_BOOTTIME": str(BOOTTIME + minutes * MINUTE), **self.REBOOT})

    def pending(self):
        return [line for line in (self.read("var/lib/rapidreboot/attempts") or "").splitlines()
                if "result=pending" in line]

    def asked(self):
        line, = self.pending()
        return int(re.search(r"\tboottime=(\d+)", line)[1]) // 1000

    def test_unchanged(self):
        """The image stays, and the record counts from here."""
        for args in ([], ["Second"], ["--append", "debug"], ["--kernel", self.kernel, "--cmdline", "a  b"]):
            with self.subTest(args):
                self.order(*args)
                self.assertEqual(self.asked(), BOOTTIME)
                self.down([])
                self.assertEqual(self.asked(), BOOTTIME + 60 * MINUTE)
                self.jump(["sync", "reboot"])

    def test_upgraded(self):
        """Loaded anew; request, note and record follow, so that it is jumped into."""
        for args in ([], ["Second"], ["--kernel", self.kernel, "--initrd", self.initrd]):
            with self.subTest(args):
                self.order(*args)
                before = self.read(REQUEST)
                self.upgrade()
                self.assertIn("changed", self.down(["file-unload", "load"]).err)
                after = self.read(REQUEST)
                digest = re.search(r"^digest \w+$", after, re.M)[0]
                self.assertNotIn(digest, before)
                self.assertIn(digest, self.read(LOADED))
                self.assertIn(re.search(r"^due \d+$", before, re.M)[0], after)
                self.assertEqual(self.asked(), BOOTTIME + 60 * MINUTE)
                # init may run the hook twice
                self.down([])
                self.jump(["sync", "reboot"])

    def test_modules(self):
        """Behind Xen the kernel is a module."""
        xen, dom0 = self.file("xen", multiboot()), self.file("dom0", b"one")
        for path in (xen, dom0):
            shutil.copy(path, self.root / path.lstrip("/"))
        menu = f"menuentry 'Xen' {{\n multiboot {xen}\n module {dom0} %s\n}}\n"
        self.take_menu(menu % "root=/dev/sda1")
        self.order()
        self.down([])
        os.utime(dom0, (1, 1))
        self.down(["file-unload", "load"])
        self.order()
        self.take_menu(menu % "root=/dev/sda2")
        self.down(["file-unload", "load"])

    def test_wish(self):
        """Every option that decides what is loaded is there the second time."""
        def wish():
            return sorted(re.findall(r"^wish (.*)$", self.read(REQUEST), re.M))

        self.order("--append", "debug", "--safe", "--kexec-syscall", "--force", "A1")
        self.assertEqual(wish(), ["append debug", "force A1", "safe yes", "way segments"])
        self.order("--kernel", os.path.relpath(self.kernel), "--initrd", self.initrd,
                   "--reuse-cmdline", "--diet")
        self.assertEqual(wish(), ["diet yes", f"initrd {self.initrd}", f"kernel {self.kernel}",
                                  "reuse-cmdline yes"])
        self.order("--cmdline", "a", "--kexec-file-syscall", "Second")
        self.assertEqual(wish(), ["cmdline a", "entry Second", "way file"])

    def test_odd_words(self):
        """What would break the lines of the file comes back as it was."""
        for odd in ("two\nlines", " blank", "a\\x0ab"):
            self.order("--append", odd)
            self.down([])
            self.jump(["sync", "reboot"])

    def test_new_default(self):
        self.order()
        self.take_menu(f"set default=1\nmenuentry 'Old' {{\n linux {self.kernel} root=/dev/sda1\n}}\n"
                       f"menuentry 'New' {{\n linux {self.kernel} root=/dev/sda1\n}}\n")
        self.down(["file-unload", "load"])
        self.assertIn("entry New", self.read(REQUEST))

    def test_number_of_another(self):
        """The number means another entry now: it is not started, and the reboot goes through the
        firmware."""
        self.order("0")
        self.take_menu(f"menuentry 'Newer' {{\n linux {self.kernel} root=/dev/sda1\n}}\n"
                       f"menuentry 'Test' {{\n linux {self.kernel} root=/dev/sda1 ro\n}}\n")
        r = self.down(["file-unload"])
        self.assertIn('"Test" was ordered', r.err)
        self.assertIn("through the firmware", r.err)
        self.assertDropped()

    def assertDropped(self):
        self.assertIsNone(self.read(REQUEST))
        self.assertIsNone(self.read(LOADED))
        self.assertEqual(self.pending(), [])

    def test_gone(self):
        self.order("Second")
        self.take_menu("menuentry 'Test' {\n chainloader +1\n}\n")
        self.assertIn("through the firmware", self.down(["file-unload"]).err)
        self.assertDropped()

    def test_refused_by_now(self):
        self.order()
        self.upgrade()
        self.set("run/systemd/reboot-to-firmware-setup", "")
        r = self.down(None)
        self.assertNotIn("load", r.calls)
        self.assertDropped()

    def test_not_loaded_anew(self):
        self.order()
        self.upgrade()
        r = self.down(None, errors={"load": errno.EPERM, "file_load": errno.EPERM})
        self.assertEqual(r.calls[0], "file-unload")
        self.assertIn("through the firmware", r.err)
        self.assertDropped()

    def test_not_dropped(self):
        """The outdated image stays, and is not jumped into."""
        self.order("Second")
        self.take_menu("menuentry 'Test' {\n chainloader +1\n}\n")
        errors = {"unload": errno.EBUSY, "file_unload": errno.EBUSY}
        self.down(None, errors=errors)
        at = {"FAKE_BOOTTIME": str(BOOTTIME + 60 * MINUTE), **self.REBOOT}
        self.assertNotIn("reboot", self.assertRuns(["hook", "jump"], 0, env=at, errors=errors).calls)

    def test_hook_fails(self):
        """The programs before the hand-over are run for what is loaded anew."""
        self.program("/" + self.HOOK)
        self.order()
        self.upgrade()
        r = self.down(None, exits={"10-test": 1})
        self.assertEqual(r.calls[-1], "file-unload")
        self.assertDropped()

    def test_before_its_time(self):
        """An ordinary reboot starts what is loaded: that has to be right then, too."""
        self.order()
        self.upgrade()
        self.down(["file-unload", "load"], minutes=5)
        self.jump(["sync", "reboot"], minutes=5)
        self.order()
        self.down([], minutes=5)
        self.jump(["sync", "reboot"], minutes=5)

    def test_not_down(self):
        """A package's script or a poweroff is no reason to load anything."""
        self.order()
        self.upgrade()
        self.down([], env={})
        self.down(["file-unload"], env={"RUNLEVEL": "0"})
        self.assertIsNone(self.read(REQUEST))

    def test_of_somebody_else(self):
        """Another image was loaded since: it is dropped, not renewed."""
        self.order()
        self.assertRuns(["load", "--kernel", self.kernel, "--cmdline", "other"], 0)
        self.upgrade()
        self.assertIn("not what was asked for", self.down(["file-unload"]).err)

    def test_systemd(self):
        self.take_init("systemd")
        self.order()
        self.upgrade()
        self.down([JOBS, "file-unload", "load"], env={"FAKE_OUTPUT": "12 kexec.target start waiting\n"})

    def test_openrc(self):
        """It stops only what it has started, and a package starts nothing."""
        for init, order in (("openrc", "run /sbin/openrc-shutdown --kexec +60"),
                            ("sysvinit", "run /sbin/shutdown -r +60")):
            self.take_init(init)
            self.take_hooks("openrc")
            self.set("run/openrc/softlevel", "default\n")
            self.set("etc/init.d/rapidreboot-load", "#!/bin/sh\n")
            self.program("/sbin/openrc-run")
            self.assertEqual(self.assertRuns(["--when", "+60"], 0).calls, [
                "load", WAITS, order, "run /sbin/openrc-run /etc/init.d/rapidreboot-load start"])

    def test_waiting(self):
        """Where a process of ours waits, it looks before it asks init."""
        exe = self.root / "proc/self/exe"
        exe.parent.mkdir(parents=True)
        exe.symlink_to("/" + SELF)
        for init in ("runit", "busybox"):
            self.take_init(init)
            asks = TIMELESS[init]
            self.order()
            self.assertRuns(["hook", "wait"], 0, [asks])
            self.assertRuns(["--cancel"], 0)
            self.take_init(init)
            self.order()
            self.upgrade()
            self.assertRuns(["hook", "wait"], 0, ["file-unload", "load", asks])
            self.assertRuns(["--cancel"], 0)

    def test_waiting_for_what_is_gone(self):
        """A reboot was ordered: then it goes through the firmware."""
        exe = self.root / "proc/self/exe"
        exe.parent.mkdir(parents=True)
        exe.symlink_to("/" + SELF)
        self.take_init("runit")
        self.order("Second")
        self.take_menu("menuentry 'Test' {\n chainloader +1\n}\n")
        r = self.assertRuns(["hook", "wait"], 0)
        self.assertEqual(r.calls[0], "file-unload")
        self.assertIn(TIMELESS["runit"], r.calls)
        self.assertIn("mode cold", self.read(REQUEST))


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
            self.set(REQUEST, f"rapidreboot-request 2\nboot-id {BOOT_ID}\nmode kexec\n"
                     f"time {BOOTTIME}\ndue {due}\nsign down\n")
            (self.root / REQUEST).chmod(0o600)
            self.jump(calls, time)

    def test_another_image(self):
        """Another image was loaded after the request: it is not started."""
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

    def test_image_gone(self):
        """What is loaded instead is not the request's, and is what this reboot is for."""
        self.take_init("sysvinit")
        self.take_menu()
        self.assertRuns([], 0)
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertRuns(["hook", "load"], 0, ["load"], env={"RUNLEVEL": "6"})
        self.assertRuns(["hook", "jump"], 0, ["sync", "reboot"], env={"RUNLEVEL": "6"})

    def test_image_gone_and_none_loaded(self):
        """Then no attempt is left that would count as failed."""
        self.take_init("sysvinit")
        self.take_menu()
        self.assertRuns([], 0)
        self.assertIn("pending", self.read("var/lib/rapidreboot/attempts"))
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertRuns(["hook", "load"], 0, env={"RUNLEVEL": "6"},
                        errors={"load": errno.EPERM, "file_load": errno.EPERM})
        self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts"))

    def test_image_that_stays(self):
        """It cannot be unloaded: then it is not jumped into either."""
        self.take_init("sysvinit")
        self.assertRuns(["--kernel", self.kernel], 0)
        self.assertRuns(["load", "--kernel", self.kernel, "--cmdline", "other"], 0)
        errors = {"unload": errno.EBUSY, "file_unload": errno.EBUSY}
        for hook in ("load", "jump"):
            r = self.assertRuns(["hook", hook], 0, env={"RUNLEVEL": "6"}, errors=errors)
            self.assertNotIn("reboot", r.calls)
            self.assertIn("unloading with", r.err)
        self.assertIn("mode cold", self.read(REQUEST))

    def test_same_image(self):
        self.take_init("sysvinit")
        self.assertRuns(["--kernel", self.kernel], 0)
        self.assertRuns(["hook", "load"], 0, [], env={"RUNLEVEL": "6"})
        self.assertRuns(["hook", "jump"], 0, ["sync", "reboot"], env={"RUNLEVEL": "6"})


if __name__ == "__main__":
    main()
