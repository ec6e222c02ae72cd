#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files of other tools decide what they always decided, once the administrator has enabled them."""
import json
import subprocess

from kexec_machine import PROGRAM, main
from reboot_machine import BOOT_ID, RebootTest

SYSTEMCTL = "run /usr/bin/systemctl "
ASKED = SYSTEMCTL + "kexec"
COLD = "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot"
JOBS = SYSTEMCTL + "list-jobs --plain --no-legend --no-pager"
REBOOTING = {"FAKE_OUTPUT": "12 reboot.target start waiting\n"}
POWEROFF = {"FAKE_OUTPUT": "12 poweroff.target start waiting\n"}


class LegacyTest(RebootTest):
    def setUp(self):
        super().setUp()
        self.take_menu()
        self.set("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda9 ro\n")
        self.set("proc/sys/kernel/osrelease", "6.1.0-9\n")
        self.set("proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda7 rw\n")

    def chosen(self, *args, **how):
        r = self.assertRuns(["-n", "--json", *args], 0, [], **how)
        return json.loads(r.out)


class Debian(LegacyTest):
    """On sysvinit, whose script kexec-load reads the file."""

    def setUp(self):
        super().setUp()
        self.take_init("sysvinit")

    def default_kexec(self, text):
        self.set("etc/default/kexec", text)

    def files(self, load="true", more=""):
        self.default_kexec(f"LOAD_KEXEC={load}\nKERNEL_IMAGE={self.kernel}\n"
                           f"INITRD={self.initrd}\n{more}")

    def test_enabled(self):
        self.files()
        got = self.chosen()
        self.assertEqual((got["kernel"], got["initrds"], got["decided_by"], got["chosen_by"]),
                         (self.kernel, [self.initrd], "/etc/default/kexec:2", "other-tool"))
        # the running line, verbatim
        self.assertEqual(got["cmdline"], "BOOT_IMAGE=/vmlinuz root=/dev/sda9 ro")
        self.files(more="APPEND='root=/dev/sdz quiet'\n")
        self.assertEqual(self.chosen()["cmdline"], "root=/dev/sdz quiet")
        r = self.assertRuns(["load"], 0, ["load"])
        self.assertIn("/etc/default/kexec:2 decides", r.err)
        self.assertIn("/etc/default/kexec:2", self.assertRuns(["status"], 0).out)

    def test_as_the_package_wrote_it(self):
        """README.Debian and debconf's answers: LOAD_KEXEC=true and these values are on every machine
        that ever had the package; nobody chose them."""
        self.set("vmlinuz", "")
        self.default_kexec("LOAD_KEXEC=true\nKERNEL_IMAGE=\"/vmlinuz\"\nINITRD=\"/initrd.img\"\n"
                           "APPEND=\"\"\nUSE_GRUB_CONFIG=false\n")
        self.assertEqual((self.chosen()["title"], self.chosen()["decided_by"]), ("Test", None))

    def test_systemd(self):
        """README.Debian: under systemd `reboot` stays an ordinary one."""
        self.take_init("systemd")
        self.files(more="APPEND=x\n")
        self.assertEqual((self.chosen()["title"], self.chosen()["decided_by"]), ("Test", None))
        self.assertRuns(["hook", "load"], 0, [JOBS], env=REBOOTING)
        out = self.assertRuns(["status"], 0).out
        self.assertIn("an ordinary one goes through the firmware", out)
        self.assertIn("No fast reboot was tried yet", self.assertRuns(["timeline"], 0).out)

    def test_check(self):
        """`check` looks at what would be started."""
        def checked(*args):
            data = json.loads(self.run_it("check", "--json", *args).out)
            return data["entry"], data["decided_by"]

        self.assertEqual(checked(), ("Test", None))
        self.files(more="APPEND=x\n")
        self.assertEqual(checked(), (self.kernel, "/etc/default/kexec:2"))
        self.assertEqual(checked("Second"), ("Second", None))
        self.files("false")
        self.assertEqual(checked(), ("Test", None))

    def test_not_enabled(self):
        for load in ("false", "yes", "TRUE", ""):
            self.files(load)
            self.assertEqual((self.chosen()["title"], self.chosen()["decided_by"]), ("Test", None))

    def test_a_person_goes_before(self):
        self.files(more="APPEND=x\n")
        for args in (["Second"], ["default"], ["--config", "/boot/grub/grub.cfg"]):
            self.assertIsNone(self.chosen(*args)["decided_by"])
        self.assertEqual(self.chosen("--kernel", self.kernel)["cmdline"], "")
        self.set("etc/rapidreboot.conf", "ENTRY=Second\n")
        self.assertEqual(self.chosen()["title"], "Second")
        self.set("etc/rapidreboot.conf", "IMPORT=no\n")
        self.assertEqual(self.chosen()["title"], "Test")

    def test_own_configuration_adds_nothing(self):
        self.files(more="APPEND=x\n")
        self.set("etc/rapidreboot.conf", "APPEND=y\n")
        self.assertEqual(self.chosen()["cmdline"], "x")
        self.assertEqual(self.chosen("--append", "z")["cmdline"], "x z")

    def test_boot_loader(self):
        self.files(more="USE_GRUB_CONFIG=true\n")
        got = self.chosen()
        self.assertEqual((got["title"], got["decided_by"]), ("Test", "/etc/default/kexec:4"))

    def test_reboots(self):
        """LOAD_KEXEC=true has the effect of `rapidreboot enable`."""
        for load, level, calls in (("true", "6", ["load"]), ("false", "6", []), ("true", "0", [])):
            self.files(load)
            self.assertRuns(["hook", "load"], 0, calls, env={"RUNLEVEL": level})
            self.set("sys/kernel/kexec_loaded", "0\n")

    def test_shell(self):
        self.files(more="APPEND=\"$(reboot)\"\n")
        r = self.assertRuns(["-n"], 0, [])
        self.assertIn("/etc/default/kexec:4", r.err)


class OpenRC(LegacyTest):
    def setUp(self):
        super().setUp()
        self.take_init("openrc")
        self.set("etc/runlevels/default/kexec", "")

    def gentoo(self, text):
        self.set("etc/conf.d/kexec", f"INITRD={self.initrd}\n" + text)

    def test_gentoo(self):
        self.gentoo(f"KNAME={self.kernel}\nKPARAM='quiet ro'\n")
        got = self.chosen()
        self.assertEqual((got["kernel"], got["cmdline"]), (self.kernel, "root=/dev/sda7 quiet ro"))
        self.gentoo(f"KNAME={self.kernel}\nROOTPART=/dev/x\n")
        self.assertEqual(self.chosen()["cmdline"],
                         "BOOT_IMAGE=/vmlinuz root=/dev/sda9 ro root=/dev/x")
        (self.root / "etc/runlevels/default/kexec").unlink()
        self.assertIsNone(self.chosen()["decided_by"])

    def test_options(self):
        self.gentoo(f"KNAME={self.kernel}\nKEXEC_OPT_ARGS='--reset-vga -s'\n")
        self.assertEqual(self.chosen()["way"], "kexec_file_load")
        self.assertEqual(self.chosen("--kexec-syscall")["way"], "kexec_load")
        self.gentoo(f"KNAME={self.kernel}\nKEXEC_OPT_ARGS=--dtb=/x\n")
        self.assertIn("--dtb=/x", self.assertRuns([], 3, []).err)

    def test_no_kernel_wanted(self):
        self.gentoo("KNAME=-\n")
        for args in ([], ["load"]):
            self.assertRuns(args, 3, [])
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRuns(["hook", "load"], 0, ["file-unload"], env={"RC_REBOOT": "YES"})

    def test_none_found(self):
        self.gentoo("BOOTPART=/nowhere\n")
        self.assertIn("/nowhere", self.assertRuns([], 1, []).err)

    def test_reboots(self):
        self.gentoo(f"KNAME={self.kernel}\n")
        self.assertRuns(["hook", "load"], 0, [], env={"RC_GOINGDOWN": "YES"})
        self.assertRuns(["hook", "load"], 0, ["load"], env={"RC_REBOOT": "YES"})
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.gentoo(f"KNAME={self.kernel}\nLOAD_DURING_SHUTDOWN=no\n")
        self.assertRuns(["hook", "load"], 0, [], env={"RC_REBOOT": "YES"})

    def test_alpine(self):
        self.set("etc/runlevels/default/kexec-load", "")
        self.gentoo(f"KERNEL={self.kernel}\n")
        got = self.chosen()
        self.assertEqual((got["kernel"], got["initrds"], got["cmdline"]),
                         (self.kernel, [self.initrd], "BOOT_IMAGE=/vmlinuz root=/dev/sda9 ro"))


class Flags(LegacyTest):
    FLAGS = ("nokexec", "no-kexec-reboot")

    def test_reboot(self):
        """One cold reboot, and the file is gone when init has taken the order."""
        for flag in self.FLAGS:
            self.set(flag, "")
            self.assertRuns(["-n"], 7, [])
            self.assertRuns([], 5, [COLD], exits={"systemctl": 1})
            self.assertEqual(self.read(flag), "")
            r = self.assertRuns([], 0, [COLD])
            self.assertIn(f"/{flag}: asked for this one reboot", r.err)
            self.assertIsNone(self.read(flag))
            (self.root / "run/rapidreboot/request").unlink()
            self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
            self.assertRuns([], 0, ["load", ASKED])
            self.assertRuns(["unload"], 0)

    def test_force(self):
        self.set("nokexec", "")
        self.assertRuns(["--force", "G7"], 0, ["load", ASKED])
        # the request is younger than the file
        self.assertRuns(["hook", "load"], 0, [JOBS], env=REBOOTING)
        self.assertEqual(self.read("nokexec"), "")

    def test_hook(self):
        self.set("var/lib/rapidreboot/enabled", "")
        for flag in self.FLAGS:
            self.set(flag, "")
            self.set("sys/kernel/kexec_loaded", "1\n")
            # a poweroff is no reboot
            self.assertRuns(["hook", "load"], 0, [JOBS, "file-unload"], env=POWEROFF)
            self.assertEqual(self.read(flag), "")
            self.set("sys/kernel/kexec_loaded", "1\n")
            self.assertRuns(["hook", "load"], 0, [JOBS, "file-unload"], env=REBOOTING)
            self.assertIsNone(self.read(flag))
            self.assertRuns(["hook", "load"], 0, [JOBS, "load"], env=REBOOTING)

    def test_jump(self):
        self.take_init("sysvinit")
        self.set("nokexec", "")
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRuns(["hook", "jump"], 0, ["file-unload"], env={"RUNLEVEL": "6"})


class Root(LegacyTest):
    def setUp(self):
        super().setUp()
        target = self.target = self.dir / "target"
        (target / "boot/grub").mkdir(parents=True)
        (target / "etc/default").mkdir(parents=True)
        (target / "boot/vmlinuz").write_bytes(open(self.kernel, "rb").read())
        (target / "boot/grub/grub.cfg").write_text(
            "menuentry 'New' {\n linux /boot/vmlinuz root=/dev/sda5\n}\n")
        self.set(f"{target}/lib/modules/6.1.0-test/modules.dep".lstrip("/"), "")
        (target / "sbin").mkdir()
        (target / "sbin/init").touch()
        (target / "etc/inittab").touch()

    def test_live_system(self):
        """The settings are those of the system that is started, and so is the command line."""
        self.set("etc/default/kexec", f"LOAD_KEXEC=true\nKERNEL_IMAGE={self.kernel}\n")
        self.set("etc/rapidreboot.conf", "APPEND=live\n")
        args = ["load", "-n", "--json", "--root", str(self.target)]

        def chosen():
            return json.loads(self.assertRuns(args, 0, []).out)

        self.assertEqual((chosen()["title"], chosen()["cmdline"]),
                         ("New", "BOOT_IMAGE=/boot/vmlinuz root=/dev/sda5"))
        config = self.target / "etc/default/kexec"
        config.write_text("LOAD_KEXEC=true\nKERNEL_IMAGE=/boot/vmlinuz\nINITRD=\n")
        self.assertEqual(chosen()["title"], "New")      # the running line is not that system's
        config.write_text("LOAD_KEXEC=true\nKERNEL_IMAGE=/boot/vmlinuz\nINITRD=\nAPPEND=new\n")
        self.assertEqual((chosen()["kernel"], chosen()["cmdline"]), ("/boot/vmlinuz", "new"))
        (self.target / "etc/rapidreboot.conf").write_text("IMPORT=no\nAPPEND=installed\n")
        self.assertEqual(chosen()["cmdline"], "BOOT_IMAGE=/boot/vmlinuz root=/dev/sda5 installed")
        self.assertRuns([*args, "--reuse-cmdline"], 2, [])

    def test_file_systems(self):
        """In memory first, then left, then init is asked."""
        at = self.target
        self.set("proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda7 rw\n"
                 f"40 21 8:5 / {at} rw - ext4 /dev/sda5 rw\n"
                 f"41 40 8:6 / {at}/boot rw - ext4 /dev/sda6 rw\n"
                 f"42 40 0:20 / {at}/proc rw - proc proc rw\n"
                 f"43 21 8:7 / {at}2 rw - ext4 /dev/sda8 rw\n")
        args = ["--root", str(at)]
        before = self.read("proc/self/mountinfo")
        left = ["load", "sync", f"unmount {at}/proc", f"unmount {at}/boot", f"unmount {at}"]
        self.assertRuns(args, 0, [*left, ASKED])
        self.set("proc/self/mountinfo", before)
        self.set("sys/kernel/kexec_loaded", "0\n")
        r = self.assertRuns(args, 0, errors={f"{at}/boot": 16, f"{at}": 16})
        self.assertIn(f"read-only {at}/boot", r.calls)
        self.assertIn(f"{at}: is in use", r.err)
        self.assertEqual(r.calls[-1], ASKED)
        self.set("proc/self/mountinfo", before)
        r = self.assertRuns(["load", "--root", str(at)], 0)
        self.assertNotIn("unmount", " ".join(r.calls))


if __name__ == "__main__":
    main()
