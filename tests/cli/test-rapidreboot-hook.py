#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What hooks do while the machine goes down, by init's own sign and by the request file."""
import errno
import shutil

from kexec_machine import main
from reboot_machine import BOOT_ID, BUSYBOX_GOES, S6_STAGE_4, S6_TEXT, RebootTest

REQUEST = "run/rapidreboot/request"
JUMP = ["sync", "reboot"]
DROP = ["file-unload"]
NOTHING = []

# init, environment, word: what `hook jump` does with a kernel loaded and no request
SIGNALS = [
    ("sysvinit", {"RUNLEVEL": "6"}, None, JUMP),
    ("sysvinit", {"RUNLEVEL": "0"}, None, DROP),
    ("sysvinit", {"RUNLEVEL": "1"}, None, DROP),
    ("sysvinit", {"RUNLEVEL": "2"}, None, NOTHING),
    ("sysvinit", {}, None, NOTHING),
    ("sysvinit", {"RC_REBOOT": "YES", "RC_GOINGDOWN": "YES"}, None, JUMP),
    ("sysvinit", {"RC_GOINGDOWN": "YES"}, None, NOTHING),
    ("openrc", {"RC_REBOOT": "YES", "RC_GOINGDOWN": "YES"}, None, JUMP),
    ("openrc", {"RC_GOINGDOWN": "YES"}, None, DROP),
    ("openrc", {}, None, NOTHING),
    ("busybox", {"RC_GOINGDOWN": "YES"}, None, NOTHING),
    ("s6", {}, None, NOTHING),
    ("dinit", {}, "reboot", JUMP),
    ("dinit", {}, "poweroff", DROP),
    ("dinit", {}, "halt", DROP),
    ("dinit", {}, "soft", DROP),
    ("dinit", {}, None, NOTHING),
    ("runit", {}, None, NOTHING),
    ("finit", {}, "reboot", JUMP),
    ("finit", {}, "poweroff", DROP),
    ("finit", {}, "halt", DROP),
    ("finit", {}, "", NOTHING),
]


class HookTest(RebootTest):
    def setUp(self):
        super().setUp()
        self.set("sys/kernel/kexec_loaded", "1\n")

    def request(self, mode="kexec", boot_id=BOOT_ID, time=990000, mode_bits=0o600, sign="down"):
        self.set(REQUEST, f"rapidreboot-request 2\nboot-id {boot_id}\nmode {mode}\ntime {time}\n"
                 + (f"sign {sign}\n" if sign else ""))
        (self.root / REQUEST).chmod(mode_bits)

    def hook(self, *args, calls, env=None, **how):
        """A hook never stops init: its exit status is 0."""
        return self.assertRuns(["hook", *args], 0, calls, env=env, **how)


class Jump(HookTest):
    def test_signals(self):
        for init, env, word, calls in SIGNALS:
            with self.subTest((init, env, word)):
                self.take_init(init)
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.hook("jump", *([word] if word is not None else []), calls=calls, env=env)

    def test_request_where_init_is_silent(self):
        for init in ("busybox", "s6", "shepherd"):
            with self.subTest(init):
                self.take_init(init)
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.request()
                self.hook("jump", calls=JUMP)
                self.assertIsNone(self.read(REQUEST))

    def test_request_that_is_none(self):
        self.take_init("busybox")
        for what in ({"boot_id": BOOT_ID.replace("3", "4")}, {"time": 399999}, {"time": 1000001},
                     {"mode": "poweroff"}, {"mode_bits": 0o644}, {"mode_bits": 0o620}):
            with self.subTest(what):
                self.request(**what)
                self.hook("jump", calls=NOTHING)

    def test_sign(self):
        """Where init is silent a request is not enough: it may be for later, or its reboot may never
        have begun, and this may be a poweroff."""
        for init in ("busybox", "s6", "shepherd"):
            self.take_init(init)
            for sign, time, calls in (
                    (None, 990000, NOTHING), (None, 1000000, NOTHING), ("asked", 985000, JUMP),
                    ("asked", 984999, NOTHING), ("asked", 460000, NOTHING), ("down", 460000, JUMP)):
                with self.subTest((init, sign, time)):
                    self.set("sys/kernel/kexec_loaded", "1\n")
                    self.request(sign=sign, time=time)
                    self.hook("jump", calls=calls)

    def test_poweroff_nine_minutes_later(self):
        """A reboot that init took and did not begin is taken back, whoever powers the machine off then."""
        for init, stays in (("busybox", True), ("s6", False)):
            with self.subTest(init):
                self.take_init(init)
                self.take_menu()
                (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
                self.set("sys/kernel/kexec_loaded", "0\n")
                r = self.run_it("-y", env={"FAKE_INIT_STAYS": "1"})
                if stays:
                    self.assertEqual(r.rc, 5, r.err)
                    self.assertIn("has not begun to go down", r.err)
                    self.assertEqual(r.calls[-1], "file-unload")
                    self.assertIsNone(self.read(REQUEST))
                    self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts") or "")
                else:
                    self.assertEqual(r.rc, 0, r.err)
                    self.set(S6_STAGE_4, S6_TEXT % "p")
                h = self.hook("jump", calls=None, env={"FAKE_BOOTTIME": str(1000000 + 9 * 60000)})
                self.assertNotIn("reboot", h.calls)

    def test_asker_was_killed(self):
        """Before it could see init begin, or take the reboot back."""
        self.take_init("busybox")
        self.request(sign="asked", time=1000000)
        for minutes in (1, 5, 9):
            self.hook("jump", calls=NOTHING, env={"FAKE_BOOTTIME": str(1000000 + minutes * 60000)})

    def test_program_that_asks_is_ended(self):
        """The way down ends processes, on a busy machine also the one that has asked for it: that is no refusal,
        if init is on its way. Else all of it is taken back."""
        ended = {"busybox": "reboot", "s6": "s6-linux-init-hpr", "sysvinit": "shutdown"}
        for init, program in ended.items():
            for signal, heard in ((15, True), (9, True), (15, False)):
                with self.subTest((init, signal, heard)):
                    self.take_init(init)
                    self.take_menu()
                    (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
                    self.set("sys/kernel/kexec_loaded", "0\n")
                    (self.root / REQUEST).unlink(missing_ok=True)
                    env = {} if heard else {"FAKE_INIT_STAYS": "1"}
                    if init == "sysvinit":
                        self.set("proc/1/cmdline", "init [6]\0" if heard else "init [2]\0")
                    self.set(S6_STAGE_4, S6_TEXT % ("r" if heard else "p"))
                    r = self.run_it("-y", exits={program: 128 + signal}, env=env)
                    self.assertEqual(r.rc, 0 if heard else 5, r.err)
                    self.assertEqual("pending" in (self.read("var/lib/rapidreboot/attempts") or ""), heard)
                    self.assertEqual(self.read(REQUEST) is not None, heard)
                    self.assertEqual("file-unload" in r.calls, not heard)
                    if not heard:
                        self.assertIn(f"was ended by signal {signal}", r.err)

    def test_going_down_already(self):
        """Somebody typed poweroff a moment before."""
        self.take_init("busybox")
        self.take_menu()
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.set("proc/1/wchan", BUSYBOX_GOES)
        r = self.assertRuns(["-y"], 5, ["load", "file-unload"])
        self.assertIn("going down already", r.err)
        self.assertIsNone(self.read(REQUEST))

    def test_s6_stage_4(self):
        """s6-linux-init writes down where it goes."""
        self.take_init("s6")
        for letter, calls in (("r", JUMP), ("p", DROP), ("h", DROP), ("x", NOTHING), ("rp", NOTHING)):
            with self.subTest(letter):
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.set(S6_STAGE_4, S6_TEXT % letter)
                self.hook("jump", calls=calls)
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.set(S6_STAGE_4, S6_TEXT % "p" + "# -f -r\n")
        self.request()
        self.hook("jump", calls=DROP)

    def test_poweroff_after_request(self):
        """A request is no reason to reboot a machine that is switched off."""
        self.request()
        for init, env, word in (("sysvinit", {"RUNLEVEL": "0"}, None),
                                ("openrc", {"RC_GOINGDOWN": "YES"}, None),
                                ("dinit", {}, "poweroff")):
            with self.subTest(init):
                self.take_init(init)
                self.request()
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.hook("jump", *([word] if word else []), calls=DROP, env=env)
                self.assertIsNone(self.read(REQUEST))

    def test_cold(self):
        for init, env in (("sysvinit", {"RUNLEVEL": "6"}), ("busybox", {})):
            with self.subTest(init):
                self.take_init(init)
                self.request(mode="cold")
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.hook("jump", calls=DROP, env=env)

    def test_failures(self):
        self.take_init("sysvinit")
        env = {"RUNLEVEL": "6"}
        for code in (errno.EINVAL, errno.EPERM, errno.EBUSY, errno.ENOSYS):
            self.request()
            self.hook("jump", calls=JUMP, env=env, errors={"reboot": code})
            self.assertIsNone(self.read(REQUEST))
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.hook("jump", calls=NOTHING, env=env)

    def test_runit_bit(self):
        self.take_init("runit")
        self.set("run/runit.reboot", "")
        # Debian's stage 3 has not begun: a package's script, not a reboot
        self.hook("load", calls=NOTHING)
        self.hook("jump", calls=NOTHING)
        self.set("run/runit.runlevel", "6")
        (self.root / "run/runit.reboot").chmod(0o100)
        self.hook("jump", calls=JUMP)
        (self.root / "run/runit.reboot").chmod(0)
        self.hook("jump", calls=DROP)


class Load(HookTest):
    def setUp(self):
        super().setUp()
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.take_menu()

    def jobs(self, target):
        return {"FAKE_OUTPUT": f"12 {target} start waiting\n13 cron.service stop running\n"}

    def test_systemd(self):
        ask = "run /usr/bin/systemctl list-jobs --plain --no-legend --no-pager"
        self.hook("load", calls=[ask, "load"], env=self.jobs("kexec.target"))
        # now something is loaded: as it is
        self.hook("load", calls=[ask], env=self.jobs("kexec.target"))
        # and a poweroff drops it
        self.hook("load", calls=[ask, "file-unload"], env=self.jobs("poweroff.target"))
        self.hook("load", calls=[ask], env=self.jobs("poweroff.target"))
        # stopped by a person, or by an upgrade
        self.hook("load", calls=[ask], env={"FAKE_OUTPUT": "12 cron.service stop running\n"})
        self.hook("load", calls=[ask], env=self.jobs("reboot.target"))
        self.hook("load", calls=[ask], env=self.jobs("kexec.target"), exits={"systemctl": 1})

    def test_cold(self):
        self.request(mode="cold")
        r = self.hook("load", calls=None, env=self.jobs("kexec.target"))
        self.assertNotIn("load", r.calls)

    def test_enabled(self):
        self.take_init("sysvinit")
        self.hook("load", calls=NOTHING, env={"RUNLEVEL": "6"})
        self.set("var/lib/rapidreboot/enabled", "")
        self.hook("load", calls=NOTHING, env={"RUNLEVEL": "0"})
        self.hook("load", calls=NOTHING, env={})
        self.hook("load", calls=["load"], env={"RUNLEVEL": "6"})

    def test_firmware_wanted(self):
        """`systemctl reboot --firmware-setup` keeps its meaning after enable."""
        self.set("run/systemd/reboot-to-firmware-setup", "")
        r = self.hook("load", calls=None, env=self.jobs("kexec.target"))
        self.assertNotIn("load", r.calls)

    def test_failures(self):
        env = self.jobs("kexec.target")
        r = self.hook("load", calls=None, env=env, errors={"load": errno.EPERM, "file_load": errno.EPERM})
        self.assertIn("through the firmware", r.err)
        # nobody is asked here: what cannot be recorded goes through the firmware
        shutil.rmtree(self.root / "var", ignore_errors=True)
        self.set("var", "a file")
        self.set("sys/kernel/kexec_loaded", "0\n")
        r = self.hook("load", calls=None, env=env)
        self.assertEqual(r.calls[-2:], ["load", "file-unload"])
        self.assertIn("cannot be recorded", r.err)
        self.assertIn("through the firmware", r.err)
        (self.root / "boot/grub/grub.cfg").unlink()
        r = self.hook("load", calls=None, env=env)
        self.assertNotIn("load", r.calls)


if __name__ == "__main__":
    main()
