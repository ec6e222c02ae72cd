#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""For persons: what waits for a reboot, and the launcher of desktops."""
import errno
import json
import re
import struct

from kexec_machine import main
from reboot_machine import RebootTest

# /run/reboot-required.pkgs -> what waits, and the command that is named
PACKAGES = [
    ("linux-image-6.1.0-22-amd64\nlinux-base\n", "kernel", "rapidreboot"),
    ("linux-base\nlibc6\n", "kernel", "rapidreboot"),
    ("libc6\ndbus\nlibc6\n", "services", "rapidreboot"),
    ("intel-microcode\n", "kernel", "rapidreboot"),
    ("linux-image-6.1.0-22-amd64\nshim-signed\n", "firmware", "coldreboot"),
    ("unheard-of\n", "something", "rapidreboot"),
    ("", "something", "rapidreboot"),
]


class Waiting(RebootTest):
    def setUp(self):
        super().setUp()
        self.set("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n")

    def status(self, calls=None, **how):
        return json.loads(self.assertRuns(["status", "--json"], 0, calls, **how).out)

    def notice(self):
        r = self.assertRuns(["status", "--notice"], 0, [])
        self.assertEqual(r.err, "")
        self.assertLessEqual(r.out.count("\n"), 1)
        return r.out

    def test_debian(self):
        self.assertEqual(self.notice(), "")
        for path in ("run", "var/run"):
            for packages, kind, command in PACKAGES:
                with self.subTest((path, packages)):
                    self.set(path + "/reboot-required", "*** System restart required ***\n")
                    self.set(path + "/reboot-required.pkgs", packages)
                    s = self.status()
                    self.assertEqual((s["waiting"], s["reboot_required"]),
                                     (kind, f"/{path}/reboot-required"))
                    self.assertEqual(s["waiting_packages"],
                                     list(dict.fromkeys(packages.split())))
                    self.assertIn(f"`{command}`", self.notice())
            for name in ("", ".pkgs"):
                (self.root / (path + "/reboot-required" + name)).unlink()

    def test_soft_reboot(self):
        """Where only programs wait, and the next kernel would be the one that runs, init can do it alone."""
        unit = "usr/lib/systemd/system/soft-reboot.target"
        self.set("run/reboot-required", "")
        for packages, has_unit, init, soft in (("libc6\ndbus\n", True, "systemd", True),
                                               ("libc6\ndbus\n", False, "systemd", False),
                                               ("libc6\ndbus\n", True, "sysvinit", False),
                                               ("libc6\nlinux-base\n", True, "systemd", False),
                                               ("shim-signed\n", True, "systemd", False)):
            with self.subTest((packages, has_unit, init)):
                self.take_init(init)
                self.set("run/reboot-required.pkgs", packages)
                (self.root / unit).unlink(missing_ok=True)
                if has_unit:
                    self.set(unit, "[Unit]\n")
                self.assertIs(self.status()["waiting_soft"], soft)
                self.assertEqual("`systemctl soft-reboot`" in self.notice(), soft)

    def test_before(self):
        """What asked the system before this one, which a fast reboot has not done."""
        self.set("var/lib/rapidreboot/firmware-waits", "since 1767323045\nwants shim-signed\n")
        for loader, waiting in ((0xd0, "firmware"), (0x72, "nothing")):
            self.set("proc/sys/kernel/bootloader_type", f"{loader}\n")
            self.assertEqual(self.status()["waiting"], waiting)

    def test_suse(self):
        for word, kind in (("kexec\n", "kernel"), ("soft-reboot\n", "services"),
                           ("reboot\n", "firmware"), ("", "something"), ("x\n", "something")):
            self.set("run/reboot-needed", word)
            s = self.status()
            self.assertEqual((s["waiting"], s["reboot_required"]), (kind, "/run/reboot-needed"))

    def test_hostile_packages(self):
        self.set("run/reboot-required", "")
        self.set("run/reboot-required.pkgs", "a\x1b[2J\n" + "x" * 70000)
        self.assertNotIn("\x1b", self.notice())
        self.set("run/reboot-required.pkgs", "linux\x1b[2J\n" * 3 + "p\n" * 9000)
        self.assertNotIn("\x1b", self.notice())

    def menu(self, *releases):
        text = "set default=0\n"
        for release in releases:
            self.set(f"boot/vmlinuz-{release}", "")
            text += f"menuentry 'Debian {release}' {{\n linux /boot/vmlinuz-{release}\n}}\n"
        self.take_menu(text)

    def test_entries(self):
        self.menu("6.1.0-22-amd64", "6.1.0-21-amd64")
        s = self.status()
        self.assertEqual((s["waiting"], s["reboot_required"]), ("kernel", None), s)
        self.assertIn("a newer kernel waits", self.notice())
        self.menu("6.1.0-21-amd64", "6.1.0-20-amd64")
        self.assertEqual(self.status()["waiting"], "nothing")
        self.assertEqual(self.notice(), "")
        # names that do not compare with the running one's say nothing
        self.menu("new", "old")
        self.assertEqual(self.status()["waiting"], "nothing")

    def test_needrestart(self):
        self.program("/usr/sbin/needrestart")
        for state, kind in (("0", "nothing"), ("1", "nothing"), ("2", "kernel"), ("3", "kernel")):
            text = (f"NEEDRESTART-VER: 3.6\nNEEDRESTART-KCUR: 6.1.0-21-amd64\n"
                    f"NEEDRESTART-KEXP: 6.1.0-22-amd64\nNEEDRESTART-KSTA: {state}\n")
            s = self.status(["run /usr/sbin/needrestart -b -k"], env={"FAKE_OUTPUT": text})
            self.assertEqual(s["waiting"], kind)
            self.assertEqual(s["waiting_kernel"], "6.1.0-22-amd64" if kind == "kernel" else None)
        # A kernel that is pinned: what needrestart calls newer no reboot would start.
        self.menu("6.1.0-21-amd64", "6.1.0-22-amd64")
        s = self.status(env={"FAKE_OUTPUT": text})
        self.assertEqual((s["waiting"], s["waiting_kernel"]), ("not-default", "6.1.0-22-amd64"))
        self.assertNotIn("newer kernel waits", self.run_it("status", env={"FAKE_OUTPUT": text}).out)
        self.menu("6.1.0-22-amd64", "6.1.0-21-amd64")
        self.assertEqual(self.status(env={"FAKE_OUTPUT": text})["waiting"], "kernel")
        (self.root / "boot/grub/grub.cfg").unlink()
        # not for whoever could not ask, nor at a login, where it would take too long
        self.status([], env={"FAKE_NO_BOOT_CAPABILITY": "1"})
        self.assertEqual(self.notice(), "")

    def test_configuration(self):
        self.set("run/reboot-required", "")
        self.assertNotEqual(self.notice(), "")
        self.set("etc/rapidreboot.conf", "NOTICE=no\n")
        self.assertEqual(self.notice(), "")


# org.freedesktop.login1(5): what, who, why, mode, uid, pid; and session, uid, name, seat, path
DELAY = ["shutdown:sleep", "NetworkManager", "needs to close", "delay", 0, 1]
SLEEP = ["sleep:handle-lid-switch", "GNOME Shell", "wants to lock", "block", 1000, 2]
BLOCK = ["sleep:shutdown", "apt", "installs packages", "block", 0, 3]
WEAK = ["shutdown", "apt", "installs packages", "block-weak", 1000, 3]
OWN = ["2", 1000, "ann", "seat0", "/org/freedesktop/login1/session/_32"]
OTHER = ["4", 1001, "ben", "", "/org/freedesktop/login1/session/_34"]
ROOT = ["5", 0, "root", "", "/org/freedesktop/login1/session/_35"]


class Desktop(RebootTest):
    ASKED = "run /usr/bin/systemctl kexec"

    def setUp(self):
        super().setUp()
        self.take_menu()
        self.program("/usr/bin/busctl")

    def answers(self, inhibitors=(), sessions=(OWN,), kind="user"):
        dumps = lambda type_, data: json.dumps({"type": type_, "data": data})
        return {"PKEXEC_UID": "1000",
                "FAKE_OUTPUT_ListInhibitors": dumps("a(ssssuu)", [list(inhibitors)]),
                "FAKE_OUTPUT_ListSessions": dumps("a(susso)", [list(sessions)]),
                "FAKE_OUTPUT_Class": dumps("s", kind)}

    def refused(self, what, rc=3, **how):
        r = self.assertRuns(["desktop"], rc, **how)
        self.assertNotIn("file-load", r.calls)
        self.assertNotIn(self.ASKED, r.log)
        self.assertIn(what, r.err)

    def test_alone(self):
        r = self.assertRuns(["desktop"], 0, env=self.answers([DELAY, SLEEP], [OWN]))
        self.assertEqual(r.log[-1], self.ASKED)
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.assertRuns(["desktop"], 0, env=self.answers())
        [a] = json.loads(self.assertRuns(["timeline", "--json"], 0, []).out)
        self.assertEqual((a["why"], a["entry"]), ("desktop", "Test"))

    def test_inhibited(self):
        for lock in (BLOCK, WEAK):
            self.refused("apt wants the machine to stay up: installs packages",
                         env=self.answers([DELAY, lock]))

    def test_others(self):
        for other in (OTHER, ROOT):
            for kind in ("user", "lock-screen", "of a later version"):
                self.refused("is logged in, too", env=self.answers(sessions=[OWN, other],
                                                                   kind=kind))
        for kind in ("greeter", "manager", "background"):
            self.assertRuns(["desktop"], 0, env=self.answers(sessions=[OWN, OTHER], kind=kind))

    def test_unknown(self):
        """When the launcher cannot find something out, it refuses."""
        good = self.answers(sessions=[OWN, OTHER])
        for name in ("FAKE_OUTPUT_ListInhibitors", "FAKE_OUTPUT_ListSessions"):
            for text in ("", "{}", "[]", '{"data": []}', '{"data": ["x"]}', '{"data": 5}', "nonsense"):
                with self.subTest((name, text)):
                    self.refused("logind", env={**good, name: text})
        for text in ("", '{"data": 7}', '{"data": []}'):
            self.refused("is logged in, too", env={**good, "FAKE_OUTPUT_Class": text})
        self.refused("logind", env=good, exits={"busctl": 1})
        self.refused("logind", env=good, errors={"run": errno.ENOENT})
        (self.root / "usr/bin/busctl").unlink()
        self.refused("logind", env=good)

    def test_arguments(self):
        """Nothing of the caller's choice gets to root."""
        for args in (["--kernel", self.kernel], ["Second"], ["--force", "B2"], ["-y"], ["--"]):
            r = self.assertRuns(["desktop", *args], 2, [], env=self.answers())
            self.assertIn("desktop: ", r.err)
        for uid in (None, "", "ann", "-1", "1000 "):
            env = self.answers()
            env["PKEXEC_UID"] = uid
            if uid is None:
                del env["PKEXEC_UID"]
            self.refused("pkexec", rc=2, env=env)


class Success(RebootTest):
    """What was done is told in one line on standard error; standard output stays for those who asked for something."""

    def line(self, args, text, **how):
        r = self.assertRuns(args, 0, **how)
        self.assertEqual(r.out, "")
        lines = [line for line in r.err.splitlines()
                 if not line.startswith(("D6  ", "    "))]      # what it finds in QEMU
        self.assertEqual(len(lines), 1, r.err)
        self.assertTrue(lines[0].startswith("rapidreboot: "), r.err)
        self.assertIn(text, lines[0])
        return lines[0]

    def test_load(self):
        """What is loaded, how, what starts it, what drops it."""
        self.take_menu()
        said = self.line(["load", "Second"], "loaded Second")
        self.assertIn("`rapidreboot unload` drops it", said)
        self.assertIn("an ordinary reboot", said)
        self.assertNotIn("loaded", self.assertRuns(["load", "--dry-run"], 0, []).err)

    def test_chatter(self):
        """What systemctl says is kept back, and told when it fails."""
        self.take_menu()
        (self.root / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
        said = "Created symlink /etc/systemd/system/x -> y.\nFailed to talk to init: no\n"
        for args in (["enable"], ["--yes"]):
            with self.subTest(args):
                r = self.assertRuns(args, 0, env={"FAKE_OUTPUT": said})
                self.assertNotIn("symlink", r.out + r.err)
        self.assertIn("systemctl disable --now: failed: Failed to talk to init: no\n",
                      self.assertRuns(["disable"], 1, exits={"systemctl": 1}, env={"FAKE_OUTPUT": said}).err)
        (self.root / "run/rapidreboot/request").unlink(missing_ok=True)
        r = self.assertRuns(["--yes"], 5, exits={"systemctl": 1}, env={"FAKE_OUTPUT": said})
        self.assertIn("refused the reboot (exit status 1): Failed to talk to init: no\n", r.err)

    def test_load_json(self):
        self.take_menu()
        r = self.assertRuns(["load", "--json"], 0)
        self.assertIs(json.loads(r.out)["loaded"], True)
        self.assertNotIn("loaded", r.err)

    def test_unload(self):
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.line(["unload"], "no kernel is loaded any more")
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.line(["unload"], "no kernel was loaded")

    def test_enable(self):
        self.take_init("sysvinit")
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.line(["enable"], "`rapidreboot disable` undoes it")
        self.line(["disable"], "through the firmware")


def utmp(*people):
    """utmp(5), struct utmpx of the C library: type, process, terminal, id, name, host, exit status, session, time,
    address. A process that lives, or /proc has none."""
    return b"".join(struct.pack("hi32s4s32s256shhiii4i20x", 7, 700, terminal.encode(), b"", name.encode(), b"",
                                0, 0, 0, 0, 0, 0, 0, 0, 0) for name, terminal in people)


class Question(RebootTest):
    """What a person is told before the answer, and the last words after it."""
    def setUp(self):
        super().setUp()
        self.take_menu()
        self.set("proc/sys/kernel/hostname", "web1\n")
        self.set("proc/self/cgroup", "0::/\n")

    def people(self, own):
        self.set("proc/700/comm", "login\n")
        (self.root / "run/utmp").write_bytes(utmp(("ann", own), ("ben", "tty2"), ("ann", "tty3")))
        self.set("run/systemd/inhibit/1", "WHAT=shutdown\nMODE=delay\nWHO=kube\x1b[2Jlet\nWHY=pods\n")

    def asked(self, *args, typed="n\n"):
        rc, shown, log = self.on_terminal(args, typed, before=self.people)
        self.assertEqual(rc, 6 if typed == "n\n" else 0, shown)
        self.assertNotIn("\x1b", shown)
        return shown.replace("\r\n", "\n")

    def test_who_is_there(self):
        for args, question in (([], "Restart web1 into Test (6.1.0-test)? [y/N] "),
                               (["--when", "+5"], "Restart web1 into Test (6.1.0-test) in 5 minutes? [y/N] "),
                               (["--when", "23:00"], "Restart web1 into Test (6.1.0-test) at 23:00? [y/N] ")):
            with self.subTest(args):
                self.assertIn("Logged in on web1, too: ben (tty2), ann (tty3)\n"
                              "kube?[2Jlet may delay it by some seconds: pods\n" + question, self.asked(*args))

    def test_alone(self):
        rc, shown, _ = self.on_terminal([], "n\n", before=lambda own: (self.root / "run/utmp").write_bytes(
            utmp(("ann", own))) and self.set("proc/700/comm", ""))
        self.assertEqual(rc, 6)
        self.assertNotIn("Logged in", shown)

    def test_nobody_is_asked(self):
        self.people("tty1")
        r = self.assertRuns(["--yes"], 0)
        self.assertNotIn("Logged in", r.err)
        self.assertNotIn("[y/N]", r.err)

    def record(self, result, seconds):
        (self.root / "var/lib/rapidreboot").mkdir(parents=True, exist_ok=True)
        self.assertRuns(["--yes"], 0)
        a = self.read("var/lib/rapidreboot/attempts")
        asked = int(re.search(r"asked=(\d+)", a)[1])
        self.set("var/lib/rapidreboot/attempts",
                 re.sub(r"\tat=[^\t]*|\tclosed=[^\t]*", "", a).replace("result=pending", f"result={result}")
                 .replace("boot=3", "boot=9")
                 .replace("\tend", f"\tclosed={asked + seconds * 1000}\tat=0,{'-,' * 8}{seconds * 1000000}\tend"))
        (self.root / "run/rapidreboot/request").unlink()
        self.set("sys/kernel/kexec_loaded", "0\n")

    def test_last_words(self):
        """The last line before init is asked: host, entry, how long by the last record, what then."""
        r = self.assertRuns(["--yes"], 0)
        self.assertEqual(r.err.splitlines()[-1],
                         "rapidreboot: web1 restarts into Test (6.1.0-test) now; how long it takes was not measured yet. "
                         "Connect to it again after that; should it stay away, a reset starts it through the firmware")
        (self.root / "var/lib/rapidreboot/attempts").unlink(missing_ok=True)
        self.record("kexec", 14)
        self.assertIn(" now; it took 14 seconds the last time. Connect", self.assertRuns(["--yes"], 0).err)


class Answers(RebootTest):
    """Without a terminal nobody is asked, but an answer that stands on standard input counts."""

    def test_piped_answer(self):
        self.take_menu()
        r = self.assertRuns([], 6, [], typed="n\n")
        self.assertIn('standard input says "n", which is not yes', r.err)
        self.assertIn("nothing was done", r.err)
        self.assertRuns([], 0, typed="y\n")


if __name__ == "__main__":
    main()
