#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot, load, unload, status and enable on machines that write down what is done to them."""
import errno
import gzip
import json
import lzma
import os
import pathlib

from kexec_machine import main
from reboot_machine import BOOT_ID, RebootTest, cpio

REQUEST, LOADED = "run/rapidreboot/request", "run/rapidreboot/loaded"

# What each init is asked: systemctl(1), openrc-shutdown(8), shutdown(8), reboot(8), runit-init(8),
# s6-linux-init-hpr(8), shutdown(8) of dinit, reboot(8) of Shepherd.
ASKED = {
    "systemd": "run /usr/bin/systemctl kexec",
    "openrc": "run /sbin/openrc-shutdown --kexec now",
    "sysvinit": "run /sbin/shutdown -r now",
    "busybox": "run /sbin/reboot",
    "runit": "run /usr/sbin/runit-init 6",
    "s6": "run /usr/bin/s6-linux-init-hpr -r",
    "dinit": "run /usr/sbin/shutdown -k",
    "shepherd": "run /run/current-system/profile/sbin/reboot --kexec",
}


COLD = "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot"


class Reboot(RebootTest):
    def test_inits(self):
        for init, asked in ASKED.items():
            with self.subTest(init):
                self.take_init(init)
                self.set("sys/kernel/kexec_loaded", "0\n")
                self.assertRuns(["--kernel", self.kernel], 0, ["load", asked])
                self.assertEqual(self.read("sys/kernel/kexec_loaded"), "1\n")
                self.assertEqual(self.read(REQUEST).splitlines()[:3],
                                 ["rapidreboot-request 2", f"boot-id {BOOT_ID}", "mode kexec"])

    def test_unregistered(self):
        """Where init runs nothing of ours the loaded kernel would never be started."""
        for init, command in (("sysvinit", "rapidreboot-jump"), ("runit", "rapidreboot-jump.sh"),
                              ("s6", "rc.shutdown.final"), ("busybox", "/etc/inittab")):
            self.take_init(init)
            self.take_hooks(None)
            r = self.assertRuns(["--kernel", self.kernel], 3, [])
            self.assertIn("to do:   Run, as root: ", r.err)
            self.assertIn(command, r.err)

    def test_refused(self):
        """After a failure the image is unloaded, and no request is left."""
        for init, asked in ASKED.items():
            with self.subTest(init):
                self.take_init(init)
                program = asked.split("/")[-1].split()[0]
                r = self.assertRuns(["--kernel", self.kernel], 5,
                                    ["load", asked, "file-unload"], exits={program: 1})
                self.assertEqual(self.read("sys/kernel/kexec_loaded"), "0\n")
                self.assertIsNone(self.read(REQUEST))
                self.assertIsNone(self.read(LOADED))
                self.assertIn("refused", r.err)

    def test_impossible(self):
        """Known before anything is loaded."""
        self.take_init("finit")
        hook, plugin = "/usr/libexec/finit/hook/sys/down/rapidreboot", "usr/lib/finit/plugins/hook-scripts.so"
        self.assertRuns(["--kernel", self.kernel], 5, [])
        self.program(hook)
        self.assertRuns(["--kernel", self.kernel], 5, [])
        self.set(plugin, "")
        self.assertRuns(["--kernel", self.kernel], 0, ["load", "run /sbin/initctl reboot"])
        self.set("sys/kernel/kexec_loaded", "0\n")
        (self.root / hook.lstrip("/")).unlink()
        self.take_init("systemd")
        (self.root / "usr/bin/systemctl").unlink()
        self.assertRuns(["--kernel", self.kernel], 5, [])
        (self.root / "run/systemd/system").rmdir()
        (self.root / "proc/1/exe").unlink()
        (self.root / "proc/1/exe").symlink_to("/usr/bin/tini")
        self.assertRuns(["--kernel", self.kernel], 5, [])

    def test_load_fails(self):
        """A refused signature never falls back."""
        for code in (errno.EPERM, errno.EBUSY, errno.ENOMEM, errno.EKEYREJECTED, errno.EACCES,
                     errno.ENODATA, errno.ENOKEY, errno.EADDRNOTAVAIL):
            with self.subTest(errno.errorcode[code]):
                r = self.run_it("--safe", "--kernel", self.kernel, errors={"file_load": code})
                self.assertEqual(r.rc, 4)
                self.assertEqual(set(r.calls), {"file-load"})
                self.assertIsNone(self.read(REQUEST))

    def test_other_call(self):
        for code in (errno.ENOSYS, errno.ENOEXEC, errno.EINVAL, errno.EOPNOTSUPP):
            with self.subTest(errno.errorcode[code]):
                r = self.run_it("--safe", "--kernel", self.kernel, errors={"file_load": code})
                self.assertEqual(r.rc, 0)
                self.assertEqual(r.calls[-2:], ["load", ASKED["systemd"]])
        self.assertRuns(["--kernel", self.kernel, "--kexec-file-syscall"], 4, ["file-load"],
                        errors={"file_load": errno.ENOSYS})
        self.assertRuns(["--kernel", self.kernel, "--kexec-syscall"], 0,
                        ["load", ASKED["systemd"]])

    def test_stricter_call(self):
        """Where kexec_load is refused, kexec_file_load is tried, and its answer is final."""
        for code in (errno.ENOSYS, errno.EPERM, errno.EACCES, errno.ENOMEM, errno.EADDRNOTAVAIL):
            with self.subTest(errno.errorcode[code]):
                self.assertRuns(["--kernel", self.kernel], 0,
                                ["load", "file-load", ASKED["systemd"]], errors={"load": code})
                self.set("sys/kernel/kexec_loaded", "0\n")
                r = self.assertRuns(["--kernel", self.kernel], 4, ["load", "file-load"],
                                    errors={"load": code, "file_load": errno.EKEYREJECTED})
                self.assertIn("rapidreboot: kexec_load: ", r.err)
                self.assertIn("rapidreboot: kexec_file_load: ", r.err)
        r = self.assertRuns(["--kernel", self.kernel], 4, errors={"load": errno.EBUSY})
        self.assertEqual(set(r.calls), {"load"})
        self.assertRuns(["--kernel", self.kernel, "--kexec-syscall"], 4, ["load"],
                        errors={"load": errno.EPERM})

    def test_ladder(self):
        """The fastest way that is permitted, with the reason."""
        def way(*args):
            r = self.assertRuns(["load", "-n", "--json", "--kernel", self.kernel, *args], 0, [])
            got = json.loads(r.out)
            return got["way"], got["rung"], got["reason"]

        self.assertEqual(way()[:2], ("kexec_load", "bzImage"))     # nothing is packed in it
        self.assertEqual(way("--safe")[:2], ("kexec_file_load", "kexec_file_load"))
        self.set("etc/rapidreboot.conf", "SAFE=yes\n")
        self.assertEqual(way()[0], "kexec_file_load")
        (self.root / "etc/rapidreboot.conf").unlink()
        release = "6.1.0-9-amd64"
        self.set("proc/sys/kernel/osrelease", release + "\n")
        efi = "sys/firmware/efi/efivars/%s-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        for path, text, word in (
                ("sys/kernel/security/lockdown", "none [integrity] confidentiality\n", "locked"),
                (f"boot/config-{release}", "CONFIG_KEXEC_SIG_FORCE=y\n", "SIG_FORCE"),
                ("sys/kernel/security/ima/policy", "appraise func=KEXEC_KERNEL_CHECK\n", "IMA"),
                ("sys/kernel/security/ima/runtime_measurements_count", "12\n", "IMA"),
                ("proc/cmdline", "root=/dev/sda1 kho=on\n", "kho"),
                (efi % "SecureBoot", "\x06\0\0\0\x01", "Secure Boot")):
            with self.subTest(word):
                before = self.read(path)
                if "SecureBoot" in path:
                    self.set(efi % "SetupMode", "\x06\0\0\0\0")
                self.set(path, text)
                r = self.run_it("-n", "--json", "--kernel", self.kernel)
                got = json.loads(r.out) if r.rc == 0 else None
                if got:     # an unsigned kernel may be refused on top of it
                    self.assertEqual(got["way"], "kexec_file_load")
                    self.assertIn(word, got["reason"])
                else:
                    self.assertEqual(r.rc, 3, r.err)
                    self.assertIn("sign", r.err)
                if before is None:
                    (self.root / path).unlink()
                else:
                    self.set(path, before)
        self.set("sys/kernel/security/ima/runtime_measurements_count", "1\n")
        self.assertEqual(way()[0], "kexec_load")

    def test_passed_over(self):
        """Each rung above the one that is taken has its reason."""
        def passed(*args):
            got = json.loads(self.assertRuns(["load", "-n", "--json", "--kernel", self.kernel,
                                              *args], 0, []).out)
            return got["rung"], {one["rung"]: one["reason"] for one in got["passed_over"]}

        rung, why = passed()
        self.assertEqual((rung, list(why)), ("bzImage", ["zero-copy", "copy"]))
        for reason in why.values():
            self.assertIn("does not say where its vmlinux is", reason)
        rung, why = passed("--safe")
        self.assertEqual((rung, list(why)), ("kexec_file_load", ["zero-copy", "copy", "bzImage"]))
        for reason in why.values():
            self.assertIn("--safe", reason)
        self.set("proc/cmdline", "root=/dev/sda1 kho=on\n")
        for reason in passed()[1].values():
            self.assertIn("kho", reason.lower())
        r = self.assertRuns(["load", "-n", "--kernel", self.kernel], 0, [])
        self.assertIn("not zero-copy, copy, bzImage: ", r.out)

    def test_diet(self):
        """Wanted by the configuration, or by a person: what came of it is told."""
        def diet(*args):
            got = json.loads(self.assertRuns(["load", "-n", "--json", "--kernel", self.kernel,
                                              "--initrd", self.initrd, *args], 0, []).out)
            return got["is_diet"], got["diet"]

        self.assertEqual(diet(), (False, None))
        self.assertIn("all of it is kept: ", diet("--diet")[1])
        self.assertRuns(["--diet", "--safe", "--kernel", self.kernel], 2, [])
        self.assertIn("all of it is kept: ", diet("--diet", "--kexec-file-syscall")[1])
        self.set("etc/rapidreboot.conf", "DIET=yes\n")
        self.assertIn("all of it is kept: ", diet()[1])
        self.assertIn("handed over as it is", diet("--safe")[1])
        self.set("var/lib/rapidreboot/attempts",
                 "2\tresult=firmware\tboot=00000000-7b64-4c0d-9a55-0d6c1f8e2b17\tasked=1\tdiet=1\t"
                 "cleared=2\tversion=6.1.0-test\tentry=x\tend\n")
        self.assertIn("came back through the firmware", diet()[1])
        self.assertNotIn("came back", diet("--diet")[1])

    def test_policy_wants_files(self):
        """A policy is not evaded by the other system call."""
        self.set("proc/cmdline", "root=/dev/sda1 kho=on\n")
        self.assertRuns(["--kernel", self.kernel], 0, ["file-load", ASKED["systemd"]])
        for code in (errno.ENOSYS, errno.EINVAL, errno.EKEYREJECTED):
            self.assertRuns(["--kernel", self.kernel], 4, ["file-load"],
                            errors={"file_load": code})

    def test_cannot_write_request(self):
        self.set("run/rapidreboot/request/in-the-way", "")
        self.assertRuns(["--kernel", self.kernel], 1, ["load", "file-unload"])

    def test_cannot_tell_boots_apart(self):
        """Without the boot's id neither record nor request means anything."""
        (self.root / "proc/sys/kernel/random/boot_id").unlink()
        self.assertRuns(["--kernel", self.kernel], 3, ["load", "file-unload"])

    def test_files(self):
        r = self.assertRuns(["--safe", "--kernel", self.kernel, "--initrd", self.initrd,
                             "--cmdline", "a b", "--append", "c"], 0)
        self.assertIn(' cmdline="a b c" ', r.call("kexec_file_load"))
        self.assertIn(" initrd=512 ", r.call("kexec_file_load"))
        self.set("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro initrd=x\n")
        r = self.assertRuns(["--safe", "--kernel", self.kernel, "--reuse-cmdline",
                             "--append=quiet"], 0)
        self.assertIn(' cmdline="root=/dev/sda1 ro quiet" ', r.call("kexec_file_load"))

    def test_broken_kernel(self):
        self.assertRuns(["--kernel", self.file("x", b"no kernel")], 3, [])
        self.assertRuns(["--kernel", str(self.dir / "gone")], 3, [])
        self.assertRuns(["--kernel", self.kernel, "--initrd", str(self.dir / "gone")], 3, [])

    def test_options(self):
        r = self.assertRuns(["--kernel", self.kernel, "--no-wall", "-i", "--message=new kernel"], 0)
        self.assertEqual(r.calls[-1], ASKED["systemd"] +
                         " --no-wall --ignore-inhibitors --message=new kernel")

    def test_permission(self):
        self.assertRuns(["--kernel", self.kernel], 1, [], env={"FAKE_NO_BOOT_CAPABILITY": "1"})

    def test_dry_run(self):
        before = self.tree()
        r = self.assertRuns(["-n", "--kernel", self.kernel], 0, [],
                            env={"FAKE_NO_BOOT_CAPABILITY": "1"})
        self.assertIn("/usr/bin/systemctl kexec\n", r.out)
        r = self.assertRuns(["--dry-run", "--json", "--kernel", self.kernel, "--cmdline", "x"], 0, [])
        got = json.loads(r.out)
        self.assertEqual(got["command"], ["/usr/bin/systemctl", "kexec"])
        self.assertEqual((got["kernel"], got["cmdline"], got["initrds"]), (self.kernel, "x", []))
        self.assertEqual(got["version"], "6.1.0-test")
        self.assertEqual(self.tree(), before)

    def test_usage(self):
        for args in (["--kernel", "k", "entry"], ["--initrd", "x"], ["a", "b"], ["--what"],
                     ["--kernel", "k", "--cmdline", "x", "--reuse-cmdline"],
                     ["load", "--yes"], ["unload", "x"], ["status", "--no-wall"], ["hook"],
                     ["hook", "dance"], ["unload", "--dry-run"], ["enable", "x"]):
            with self.subTest(args):
                self.assertTrue(self.assertRuns(args, 2, []).err)


class Entries(RebootTest):
    def setUp(self):
        super().setUp()
        self.take_menu()

    def test_default(self):
        r = self.assertRuns(["--safe"], 0, ["file-load", ASKED["systemd"]])
        self.assertIn(' cmdline="root=/dev/sda1 ro" ', r.call("kexec_file_load").replace(
            f"BOOT_IMAGE={self.kernel} ", ""))
        self.assertIn("entry Test\n", self.read(REQUEST))

    def test_named(self):
        for args in (["Second"], ["1"], ["reboot", "Second"], ["--append", "x", "Second"]):
            r = self.assertRuns([*args, "--safe"], 0, ["file-load", ASKED["systemd"]])
            self.assertIn("root=/dev/sda2", r.call("kexec_file_load"))

    def test_not_ours(self):
        self.assertIn("Gone", self.assertRuns(["Gone"], 3, []).err)
        self.assertRuns(["no such entry"], 1, [])

    def test_question_of_a_long_title(self):
        """The words that follow the title are read whatever its length is."""
        self.take_menu(f"menuentry '{'x' * 900}' {{\n linux {self.kernel} root=/dev/sda1\n}}\n")
        rc, shown, log = self.on_terminal([], "n\n")
        self.assertEqual((rc, log), (6, []))
        self.assertIn(" (6.1.0-test)? [y/N]", shown)

    def test_other_root(self):
        target = self.dir / "target"
        (target / "boot/grub").mkdir(parents=True)
        (target / "boot/vmlinuz").write_bytes(open(self.kernel, "rb").read())
        (target / "boot/grub/grub.cfg").write_text(
            "menuentry 'New' {\n linux /boot/vmlinuz root=/dev/sda1\n}\n")
        args = ["load", "--safe", "--root", str(target)]
        self.assertIn("B3  refuse ", self.assertRuns(args, 3, []).err)
        self.set(f"{target}/lib/modules/6.1.0-test/modules.dep".lstrip("/"), "")
        r = self.assertRuns(args, 0, ["file-load"])
        self.assertIn("root=/dev/sda1", r.call("kexec_file_load"))
        self.assertIn("entry New\n", self.read(LOADED))


class Load(RebootTest):
    def test_load_unload(self):
        self.assertRuns(["load", "--kernel", self.kernel], 0, ["load"])
        self.assertIn(f"entry {self.kernel}\n", self.read(LOADED))
        self.assertIsNone(self.read(REQUEST))
        self.assertRuns(["unload"], 0, ["file-unload"])
        self.assertIsNone(self.read(LOADED))
        self.assertRuns(["unload"], 4, ["file-unload"], errors={"file_unload": errno.EPERM})

    def test_json(self):
        r = self.assertRuns(["load", "--json", "--kernel", self.kernel], 0, ["load"])
        self.assertIs(json.loads(r.out)["loaded"], True)
        r = self.assertRuns(["load", "-n", "--json", "--kernel", self.kernel], 0, [])
        self.assertIs(json.loads(r.out)["loaded"], False)


class Status(RebootTest):
    def status(self):
        return json.loads(self.assertRuns(["status", "--json"], 0, []).out)

    def test_steps(self):
        self.take_menu()
        self.set("proc/sys/kernel/osrelease", "6.1.0-9-amd64\n")
        s = self.status()
        self.assertEqual((s["loaded"], s["loaded_by_us"], s["init"], s["enabled"], s["running"]),
                         (False, False, "systemd", False, "6.1.0-9-amd64"))
        self.assertEqual((s["next_title"], s["request"], s["reboot_required"]), ("Test", None, None))
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertEqual((self.status()["loaded"], self.status()["loaded_by_us"]), (True, False))
        self.assertRuns(["load", "Second"], 0)
        self.assertEqual(self.status()["loaded_entry"], "Second")
        # a note of another boot is none
        self.set("proc/sys/kernel/random/boot_id", BOOT_ID.replace("3", "4") + "\n")
        self.assertIs(self.status()["loaded_by_us"], False)

    def test_sentinels(self):
        for name in ("run/reboot-required", "run/reboot-needed"):
            self.set(name, "")
            self.assertEqual(self.status()["reboot_required"], "/" + name)
            (self.root / name).unlink()

    def test_text(self):
        r = self.assertRuns(["status"], 0, [])
        self.assertIn("Loaded:        no\n", r.out)


class Enable(RebootTest):
    LINK = "etc/systemd/system/reboot.target"

    def setUp(self):
        super().setUp()
        self.set("usr/lib/systemd/system/kexec.target", "")
        (self.root / "etc/systemd/system").mkdir(parents=True)
        (self.root / "var/lib").mkdir(parents=True)

    def test_systemd(self):
        before = self.tree()
        run = "run /usr/bin/systemctl "
        for _ in range(2):
            self.assertRuns(["enable"], 0, [run + "enable --now rapidreboot-load.service",
                                            run + "daemon-reload"])
            self.assertEqual(str((self.root / self.LINK).readlink()),
                             "/usr/lib/systemd/system/kexec.target")
        self.assertIn("yes", self.assertRuns(["status"], 0).out.split("Enabled:")[1][:20])
        for _ in range(2):
            self.assertRuns(["disable"], 0, [run + "disable --now rapidreboot-load.service",
                                             run + "enable rapidreboot-boot.service",
                                             run + "daemon-reload"])
            self.assertFalse((self.root / self.LINK).is_symlink())
        (self.root / "var/lib/rapidreboot").rmdir()
        self.assertEqual(self.tree(), before)

    def test_somebody_elses(self):
        link = self.root / self.LINK
        link.symlink_to("/etc/systemd/system/my.target")
        self.assertRuns(["enable"], 1)
        self.assertRuns(["disable"], 0)
        self.assertEqual(str(link.readlink()), "/etc/systemd/system/my.target")

    def test_systemctl_fails(self):
        self.assertRuns(["enable"], 1, exits={"systemctl": 1})
        self.assertFalse((self.root / self.LINK).is_symlink())
        self.assertIsNone(self.read("var/lib/rapidreboot/enabled"))

    def test_others(self):
        self.take_init("sysvinit")
        self.assertRuns(["enable"], 0, [])
        self.assertTrue(self.read("var/lib/rapidreboot/enabled"))
        # OpenRC stops what was started, which a package does not do
        self.take_hooks("openrc")
        self.set("run/openrc/softlevel", "default\n")
        self.assertRuns(["enable"], 0, [])
        self.program("/sbin/openrc-run")
        self.program("/etc/init.d/rapidreboot-load")
        self.assertRuns(["enable"], 0, [
            "run /sbin/openrc-run /etc/init.d/rapidreboot-load start"])
        self.assertRuns(["enable"], 1, exits={"openrc-run": 1})
        self.assertRuns(["disable"], 0, [])
        self.assertIsNone(self.read("var/lib/rapidreboot/enabled"))

    def test_undone_elsewhere(self):
        """Removing the package in a chroot, or after another init has moved in."""
        for init in ("sysvinit", None):
            self.take_init("systemd")
            self.assertRuns(["enable"], 0)
            if init:
                self.take_init(init)
            else:
                (self.root / "run/systemd/system").rmdir()
                (self.root / "proc/1/exe").unlink()
                self.assertRuns(["enable"], 5, [])
            self.assertRuns(["disable"], 0, [])
            self.assertFalse((self.root / self.LINK).is_symlink())
            self.assertIsNone(self.read("var/lib/rapidreboot/enabled"))

    def test_somebody_elses_elsewhere(self):
        """Without our own mark a link to kexec.target is the administrator's."""
        (self.root / self.LINK).symlink_to("/usr/lib/systemd/system/kexec.target")
        self.take_init("sysvinit")
        self.assertRuns(["disable"], 0, [])
        self.assertTrue((self.root / self.LINK).is_symlink())


class Checks(RebootTest):
    def test_firmware_wanted(self):
        self.set("run/systemd/reboot-to-firmware-setup", "")
        args = ["--kernel", self.kernel]
        r = self.assertRuns(args, 0, [COLD])
        self.assertIn("W1  cold ", r.err)
        self.assertIn("mode cold\n", self.read(REQUEST))
        (self.root / REQUEST).unlink()
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.assertRuns([*args, "-n"], 7, [])
        self.assertRuns(["load", *args], 7, [])
        self.assertRuns(args, 5, [COLD], exits={"systemctl": 1})
        self.set("etc/rapidreboot.conf", "FIRMWARE=refuse\n")
        self.assertRuns(args, 3, [])
        self.assertIsNone(self.read(REQUEST))

    def test_upgraded_loader(self):
        """What only the firmware starts is not passed over, and not forgotten when a person wants it so."""
        note = "var/lib/rapidreboot/firmware-waits"
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.set("proc/sys/kernel/bootloader_type", "114\n")
        self.set("proc/stat", "cpu 1\nbtime 1767323045\n")
        self.set("run/reboot-required.pkgs", "shim-signed\n")
        args = ["--kernel", self.kernel]
        self.assertRuns(args, 0, [COLD])
        self.assertIsNone(self.read(note))
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.assertRuns([*args, "--force", "W8"], 0, ["load", ASKED["systemd"]])
        self.assertEqual(self.read(note), "since 1767323045\nwants shim-signed\n")
        # the next system
        self.set("sys/kernel/kexec_loaded", "0\n")
        (self.root / "run/reboot-required.pkgs").unlink()
        self.set("proc/sys/kernel/bootloader_type", "208\n")
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.assertIn("shim-signed", self.assertRuns(args, 0, [COLD]).err)

    def test_inhibitor(self):
        """Refused before anything is loaded; -i is the answer of systemctl(1), too."""
        self.set("run/systemd/inhibit/7", "WHAT=shutdown\nMODE=block\nWHO=apt\nWHY=upgrade\n")
        args = ["--kernel", self.kernel]
        self.assertIn("apt: upgrade", self.assertRuns(args, 3, []).err)
        self.assertRuns([*args, "-i"], 0, ["load", ASKED["systemd"] + " --ignore-inhibitors"])
        self.assertRuns(["unload"], 0)
        self.assertRuns([*args, "-i", "--force", "B2", "--force", "B3"], 0)

    def test_refused(self):
        """Everything that a check refuses is refused before anything is loaded."""
        (self.root / self.initrd.lstrip("/")).write_bytes(b"070701")
        args = ["--kernel", self.kernel, "--initrd", self.initrd]
        self.assertIn("B2", self.assertRuns(args, 3, []).err)
        self.assertRuns([*args, "--force", "B2"], 0, ["load", ASKED["systemd"]])

    def test_damaged_stream(self):
        """What is packed is unpacked beforehand: no kernel could, so none is started with it."""
        inside = cpio("init", "lib/modules/6.1.0-test/modules.dep") + os.urandom(4096) * 4
        for pack in (gzip.compress, lambda b: lzma.compress(b, check=lzma.CHECK_CRC32)):
            packed = pack(inside)
            for name, data in (("cut off", packed[:len(packed) // 2]),
                               ("changed", packed[:-12] + bytes([packed[-12] ^ 0x5a]) + packed[-11:])):
                with self.subTest((name, packed[:2])):
                    for path in (self.root / self.initrd.lstrip("/"), pathlib.Path(self.initrd)):
                        path.write_bytes(data)
                    args = ["--kernel", self.kernel, "--initrd", self.initrd]
                    r = self.assertRuns(args, 3, [])
                    self.assertRegex(r.err, "B2  refuse .*cut off or damaged")

    def test_configuration(self):
        self.take_menu()
        self.set("etc/rapidreboot.conf", "ENTRY=Second\nAPPEND=quiet\nWAY=segments\n")
        r = self.assertRuns(["-n", "--json"], 0, [])
        got = json.loads(r.out)
        self.assertEqual((got["title"], got["way"]), ("Second", "kexec_load"), r.err)
        self.assertTrue(got["cmdline"].endswith("root=/dev/sda2 quiet"), got["cmdline"])


class Records(RebootTest):
    FILE = "var/lib/rapidreboot/attempts"

    def setUp(self):
        super().setUp()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)

    def next_boot(self, loader):
        self.set("proc/sys/kernel/random/boot_id", BOOT_ID.replace("3", "4") + "\n")
        self.set("proc/sys/kernel/bootloader_type", f"{loader}\n")
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertRuns(["hook", "boot"], 0)

    def attempts(self):
        return json.loads(self.assertRuns(["timeline", "--json"], 0, []).out)

    def test_success(self):
        self.assertRuns(["--kernel", self.kernel], 0)
        self.assertEqual([a["result"] for a in self.attempts()], ["pending"])
        self.next_boot(0xD0)
        [a] = self.attempts()
        self.assertEqual((a["result"], a["entry"]), ("kexec", self.kernel))
        self.assertIn("kexec", self.assertRuns(["timeline"], 0, []).out)
        self.assertRuns(["--kernel", self.kernel], 0)

    def test_firmware(self):
        """A broken machine does not loop."""
        self.assertRuns(["--kernel", self.kernel], 0)
        self.next_boot(0x72)
        for args in ([], ["--force", "A1"], ["-n"]):
            r = self.assertRuns(["--kernel", self.kernel, *args], 3, [])
            self.assertIn("--force H1", r.err)
        self.assertRuns(["--kernel", self.kernel, "--force", "H1"], 0)

    def test_refused(self):
        self.assertRuns(["--kernel", self.kernel], 5, exits={"systemctl": 1})
        self.assertEqual(self.attempts(), [])

    def test_clear(self):
        """An attempt that was cleared no longer refuses the next one, and stays in the timeline."""
        self.assertRuns(["clear"], 6, [])
        self.assertRuns(["--kernel", self.kernel], 0)
        self.assertRuns(["clear"], 6, [])       # it is on its way
        self.next_boot(0x72)
        self.assertIn("rapidreboot clear", self.assertRuns(["--kernel", self.kernel], 3, []).err)
        self.assertIn("no longer stands in the way", self.assertRuns(["clear"], 0, []).err)
        self.assertEqual([a["result"] for a in self.attempts()], ["firmware"])
        self.assertRuns(["--kernel", self.kernel], 0)
        # and one that no boot ever confirmed, although there is a service that does
        self.set(self.FILE, self.read(self.FILE).replace("\tend", "\twatched=1\tend"))
        self.set("proc/sys/kernel/random/boot_id", BOOT_ID.replace("3", "5") + "\n")
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertRuns(["--kernel", self.kernel], 3, [])
        self.assertRuns(["clear"], 0, [])
        self.assertRuns(["--kernel", self.kernel], 0)

    def test_read_only(self):
        """Without a record a kernel that does not come up would be started for ever: only a person may
        want that."""
        (self.root / "var/lib").rmdir()
        self.set("var/lib", "a file")
        self.set("proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
        for words in ([], ["-y"], ["--direct", "--force", "F4"]):
            r = self.assertRuns([*words, "--kernel", self.kernel], 3)
            self.assertIn("cannot be recorded", r.err)
            self.assertEqual((r.calls[-1], self.read("run/rapidreboot/request")), ("file-unload", None))
        got, shown, _ = self.on_terminal(["--kernel", self.kernel], "y\n")
        self.assertEqual(got, 0, shown)
        self.assertIn("not recorded", shown)
        self.assertEqual(self.on_terminal(["-y", "--kernel", self.kernel], "")[0], 3)


class Terminal(RebootTest):
    def test_answers(self):
        for typed, rc in (("n\n", 6), ("\n", 6), ("y\n", 0)):
            got, shown, log = self.on_terminal(["--kernel", self.kernel], typed)
            self.assertEqual(got, rc, shown)
            self.assertIn("6.1.0-test", shown)
            self.assertEqual(bool(log), rc == 0)
        self.set("etc/rapidreboot.conf", "CONFIRM=always\n")
        self.assertRuns(["--kernel", self.kernel], 6, [])
        self.assertRuns(["-y", "--kernel", self.kernel], 0)
        self.set("etc/rapidreboot.conf", "CONFIRM=never\n")
        self.assertEqual(self.on_terminal(["--kernel", self.kernel], "")[0], 0)
        (self.root / "etc/rapidreboot.conf").unlink()
        got, shown, log = self.on_terminal(["-y", "--kernel", self.kernel], "")
        self.assertEqual((got, log[-1]), (0, ASKED["systemd"]))


if __name__ == "__main__":
    main()
