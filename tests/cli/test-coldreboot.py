#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""coldreboot on machines with each init system, which write down what is done to them.

What each init is asked is what its manual says: systemctl(1), openrc-shutdown(8), shutdown(8) of
sysvinit and dinit, runit-init(8), s6-linux-init-hpr(8), initctl(8) of finit, reboot(8)."""
import errno

from kexec_machine import main
from reboot_machine import BOOT_ID, RebootTest

ASKED = {
    "systemd": "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot",
    "openrc": "run /sbin/openrc-shutdown --reboot now",
    "sysvinit": "run /sbin/shutdown -r now",
    "busybox": "run /sbin/reboot",
    "runit": "run /usr/sbin/runit-init 6",
    "s6": "run /usr/bin/s6-linux-init-hpr -r",
    "dinit": "run /usr/sbin/shutdown -r",
    "finit": "run /sbin/initctl reboot",
    "shepherd": "run /run/current-system/profile/sbin/reboot",
}
# Their reboot never jumps, whatever is loaded.
AVOIDS = {"systemd", "openrc", "busybox", "s6", "dinit", "finit", "shepherd"}
REQUEST = "run/rapidreboot/request"
DISABLED = "proc/sys/kernel/kexec_load_disabled"


class Inits(RebootTest):
    def test_loaded(self):
        for init, asked in ASKED.items():
            with self.subTest(init):
                self.take_init(init)
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.assertRuns([], 0, ["file-unload", asked])
                self.assertEqual(self.read("sys/kernel/kexec_loaded"), "0\n")

    def test_nothing_loaded(self):
        for init, asked in ASKED.items():
            with self.subTest(init):
                self.take_init(init)
                self.assertRuns([], 0, [asked])

    def test_cannot_unload(self):
        """Only where the reboot may become a jump it matters that the image stays."""
        for init, asked in ASKED.items():
            with self.subTest(init):
                self.take_init(init)
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.set(DISABLED, "0\n")
                how = {"errors": {"file_unload": errno.EPERM}}
                if init in AVOIDS:
                    self.assertRuns([], 0, ["file-unload", asked], **how)
                else:
                    before = self.tree()
                    r = self.assertRuns([], 4, ["file-unload"], **how)
                    self.assertIn("--force", r.err)
                    self.assertEqual(self.tree(), before)
                    self.assertRuns(["--force"], 0, ["file-unload", asked], **how)

    def test_refused(self):
        """The machine stays up as it was, but for the image."""
        for init, asked in ASKED.items():
            with self.subTest(init):
                self.take_init(init)
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.set(DISABLED, "0\n")
                program = asked.split("/")[-1].split()[0]
                r = self.assertRuns([], 5, ["file-unload", asked], exits={program: 1})
                self.assertIsNone(self.read(REQUEST))
                self.assertEqual(self.read(DISABLED), "0\n")
                self.assertIn("refused", r.err)
                self.assertIn("unloaded now", r.err)

    def test_program_that_asks_is_ended(self):
        """By the way down that it has asked for, perhaps: then our hooks have to know that this is no fast one."""
        self.take_init("sysvinit")
        program = ASKED["sysvinit"].split("/")[-1].split()[0]
        r = self.run_it(exits={program: 128 + 15})
        self.assertEqual(r.rc, 5, r.err)
        self.assertIn("was ended by signal 15", r.err)
        self.assertIn("mode cold", self.read(REQUEST))

    def test_program_missing(self):
        for init in ASKED:
            with self.subTest(init):
                self.take_init(init)
                for folder in ("usr/sbin", "usr/bin", "sbin", "run/current-system/profile/sbin"):
                    for path in (self.root / folder).glob("*"):
                        path.unlink()
                self.assertRuns([], 5, [])
                self.assertIsNone(self.read(REQUEST))


class Systemd(RebootTest):
    def test_enabled(self):
        """With reboot.target another name of kexec.target an image must not stay."""
        link = self.root / "etc/systemd/system/reboot.target"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("/usr/lib/systemd/system/kexec.target")
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRuns([], 4, ["file-unload"], errors={"file_unload": errno.EPERM})
        self.assertRuns([], 0, ["file-unload", ASKED["systemd"]])

    def test_overridden(self):
        """The same where somebody lets systemd-reboot.service end in a kexec."""
        self.set("etc/systemd/system/systemd-reboot.service.d/override.conf",
                 "[Service]\nExecStart=\nExecStart=/bin/systemctl --force kexec\n")
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRuns([], 4, ["file-unload"], errors={"file_unload": errno.EPERM})
        self.set(DISABLED, "0\n")
        self.assertRuns([], 0, ["file-unload", ASKED["systemd"]])
        self.assertEqual(self.read(DISABLED), "1\n")

    def test_options(self):
        for options, words in {
            ("--no-wall",): " --no-wall",
            ("-i",): " --ignore-inhibitors",
            ("--ignore-inhibitors", "--no-wall"): " --no-wall --ignore-inhibitors",
            ("--message=new disk",): " --message=new disk",
            ("--yes",): "",
        }.items():
            with self.subTest(options):
                self.assertRuns(options, 0, [ASKED["systemd"] + words])

    def test_not_root(self):
        """The program of process 1 is a secret of root; its name is not."""
        (self.root / "proc/1/exe").unlink()
        self.set("proc/1/comm", "systemd\n")
        self.assertRuns(["-n"], 0, [])
        (self.root / "run/systemd/system").rmdir()
        self.assertRuns(["-n"], 0, [])

    def test_message_of_sysvinit(self):
        self.take_init("sysvinit")
        self.assertRuns(["--message=new disk"], 0, ["run /sbin/shutdown -r now new disk"])


class Steps(RebootTest):
    def test_request(self):
        self.assertRuns([], 0, env={"FAKE_BOOTTIME": "123456789"})
        self.assertEqual(self.read(REQUEST), f"rapidreboot-request 2\nboot-id {BOOT_ID}\n"
                         "mode cold\ntime 123456789\n")
        path = self.root / REQUEST
        self.assertEqual(path.stat().st_mode & 0o7777, 0o600)
        self.assertEqual(path.parent.stat().st_mode & 0o7777, 0o700)
        self.assertEqual(self.read(DISABLED), "1\n")

    def test_no_request(self):
        """The reboot goes through the firmware all the same: the sysctl keeps hooks from loading,
        too."""
        asked = "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot"
        (self.root / "proc/sys/kernel/random/boot_id").unlink()
        self.assertRuns([], 0, [asked])
        self.assertEqual(self.read(DISABLED), "1\n")

    def test_run_in_the_way(self):
        for make in (lambda p: p.write_text("a file"), lambda p: p.symlink_to("nowhere/at/all")):
            path = self.root / "run/rapidreboot"
            make(path)
            self.set(DISABLED, "0\n")
            self.set("sys/kernel/kexec_loaded", "1\n")
            self.assertRuns([], 0, ["file-unload", ASKED["systemd"]])
            self.assertEqual(self.read(DISABLED), "1\n")
            path.unlink()

    def test_container(self):
        """Its init would end the container, and the sysctl is the host's."""
        self.set("sys/kernel/kexec_loaded", "1\n")
        for mark in ("run/systemd/container", "run/.containerenv", ".dockerenv"):
            self.set(mark, "")
            before = self.tree()
            for args in ([], ["--force"], ["--dry-run"]):
                r = self.assertRuns(args, 5, [])
                self.assertIn(f"container (/{mark})", r.err)
            self.assertEqual(self.tree(), before)
            (self.root / mark).unlink()
        for name, number in (("pid", 4026532000), ("user", 4026532001)):
            link = self.root / "proc/self/ns" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(f"{name}:[{number}]")
            self.assertRuns([], 5, [])
            link.unlink()
            link.symlink_to({"pid": "pid:[4026531836]", "user": "user:[4026531837]"}[name])
        self.assertRuns([], 0, ["file-unload", ASKED["systemd"]])

    def test_dry_run(self):
        self.set("sys/kernel/kexec_loaded", "1\n")
        before = self.tree()
        for args in (["-n"], ["--dry-run", "--yes", "--force"]):
            r = self.assertRuns(args, 0, [])
            self.assertIn("run: SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot\n", r.out)
        self.assertEqual(self.tree(), before)
        self.assertRuns(["-n"], 0, [], env={"FAKE_NO_BOOT_CAPABILITY": "1"})

    def test_others(self):
        """Units of other packages; those of Arch's wiki and of systemd's bug 7730."""
        unit = "etc/systemd/system/kexec-load@.service"
        self.set(unit, "[Service]\nExecStart=/usr/bin/kexec -l /boot/vmlinuz-%i --reuse-cmdline\n")
        link = self.root / "etc/systemd/system/reboot.target.wants/kexec-load@linux.service"
        link.parent.mkdir(parents=True)
        link.symlink_to("/" + unit)
        r = self.assertRuns(["-n"], 0, [])
        self.assertIn("on the way down by /etc/systemd/system/reboot.target.wants/", r.out)
        r = self.assertRuns([], 0, [ASKED["systemd"]])
        self.assertNotIn("may not go", r.err)
        self.assertEqual(self.read(DISABLED), "1\n")
        # a kernel that cannot forbid it
        (self.root / DISABLED).unlink()
        r = self.assertRuns([], 0, [ASKED["systemd"]])
        self.assertIn("may not go through the firmware: /etc/systemd/system/reboot.target", r.err)
        # and one that loads nothing at all
        for name in ("sys/kernel/kexec_loaded", "sys/kernel/kexec/loaded"):
            (self.root / name).unlink(missing_ok=True)
        self.assertNotIn("may not go", self.assertRuns([], 0, [ASKED["systemd"]]).err)

    def test_old_call(self):
        """Without the file call there is the other one; without kexec there is no image."""
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRuns([], 0, ["file-unload", "unload", ASKED["systemd"]],
                        errors={"file_unload": errno.ENOSYS})
        self.take_init("sysvinit")
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRuns([], 0, ["file-unload", "unload", ASKED["sysvinit"]],
                        errors={"file_unload": errno.ENOSYS, "unload": errno.ENOSYS})

    def test_no_kexec(self):
        for name in ("sys/kernel/kexec_loaded", "sys/kernel/kexec/loaded", DISABLED):
            (self.root / name).unlink(missing_ok=True)
        self.assertRuns([], 0, [ASKED["systemd"]])
        self.assertIsNone(self.read(DISABLED))

    def test_unknown_init(self):
        (self.root / "run/systemd/system").rmdir()
        for program in ("/usr/bin/tini", "/bin/bash"):
            exe = self.root / "proc/1/exe"
            exe.unlink()
            exe.symlink_to(program)
            r = self.assertRuns([], 5, [])
            self.assertIn(program.split("/")[-1], r.err)

    def test_upgraded_init(self):
        self.take_init("sysvinit")
        (self.root / "proc/1/exe").unlink()
        (self.root / "proc/1/exe").symlink_to("/sbin/init (deleted)")
        self.assertRuns([], 0, [ASKED["sysvinit"]])

    def test_permission(self):
        self.assertRuns([], 1, [], env={"FAKE_NO_BOOT_CAPABILITY": "1"})
        self.assertIsNone(self.read(REQUEST))

    def test_cannot_start(self):
        self.assertRuns([], 5, [ASKED["systemd"]], errors={"run": errno.ENOEXEC})
        self.assertIsNone(self.read(REQUEST))

    def test_usage(self):
        for args in (["--cold"], ["now"], ["--message"], ["-h", "x", "--what"]):
            r = self.assertRuns(args, 0 if args[0] == "-h" else 2, [])
            self.assertTrue(r.out if args[0] == "-h" else r.err)
        self.assertIn("coldreboot ", self.assertRuns(["-V"], 0, []).out)

    def test_usage_has_one_form(self):
        for args, sentence in ((["--mesage=x"], "unrecognized option '--mesage=x' "
                                                "(did you mean '--message'?)"),
                               (["--yes=1"], "option '--yes' doesn't allow an argument"),
                               (["now"], "'now' is one word too many")):
            r = self.assertRuns(args, 2, [])
            self.assertEqual((r.out, r.err), ("", f"coldreboot: {sentence}, try --help\n"))


class Terminal(RebootTest):
    def test_answers(self):
        for typed, rc in (("n\n", 6), ("\n", 6), ("x\n", 6), ("\x04", 6), ("y\n", 0), ("yes\n", 0)):
            with self.subTest(typed):
                got, shown, log = self.on_terminal([], typed)
                self.assertEqual(got, rc, shown)
                self.assertIn("[y/N]", shown)
                self.assertEqual(log, [ASKED["systemd"]] if rc == 0 else [])

    def test_piped(self):
        """Nobody is asked, but an answer that stands on standard input counts; its end is none."""
        for typed, rc in (("n\n", 6), ("no\n", 6), ("\n", 6), ("x", 6), ("y\n", 0), ("yes", 0), ("", 0), (None, 0)):
            with self.subTest(typed):
                r = self.assertRuns([], rc, [ASKED["systemd"]] if rc == 0 else [], typed=typed)
                self.assertNotIn("[y/N]", r.err)
                if rc:
                    self.assertIn(f'standard input says "{typed.strip()}", which is not yes', r.err)
        self.assertRuns(["--yes"], 0, [ASKED["systemd"]], typed="n\n")

    def test_yes(self):
        got, shown, log = self.on_terminal(["--yes"], "")
        self.assertEqual((got, log), (0, [ASKED["systemd"]]))
        self.assertNotIn("[y/N]", shown)


if __name__ == "__main__":
    main()
