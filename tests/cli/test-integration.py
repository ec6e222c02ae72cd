#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Units and scripts of init systems, run by the shell with a command that only writes down how it was
called. Usage: test-integration.py SBINDIR NAME=FILE…"""
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from kexec_machine import main

SBINDIR = sys.argv[1]
FILES = dict(word.split("=", 1) for word in sys.argv[2:])
del sys.argv[1:]


class Integration(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="integration-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.log = self.dir / "log"
        command = self.dir / "rapidreboot"
        # As if everything failed: no script may pass that on.
        command.write_text(f'#!/bin/sh\necho "$*" >>"{self.log}"\nexit 1\n')
        command.chmod(0o755)

    def script(self, name, call="hook"):
        """The file with our own command and no systemd, whatever machine this is."""
        text = pathlib.Path(FILES[name]).read_text()
        self.assertIn(f"{SBINDIR}/rapidreboot {call}", text)
        self.assertNotIn("@", re.sub(r"\$@", "", text))
        path = self.dir / name.replace("/", "-")
        path.write_text(text.replace(SBINDIR, str(self.dir))
                        .replace("/run/systemd/system", str(self.dir / "systemd")))
        return path

    def sh(self, text):
        """Exit status of a shell, and how the command was called."""
        self.log.unlink(missing_ok=True)
        run = subprocess.run(["sh", "-c", text], capture_output=True, text=True,
                             env={"PATH": os.environ["PATH"]})
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        return run.returncode, calls

    def test_sysvinit(self):
        for name, hook in (("load", "hook load"), ("jump", "hook jump"),
                           ("stopped", "hook stopped")):
            path = self.script(f"sysvinit/rapidreboot-{name}")
            boot = ["hook boot"] if name == "load" else []
            for word, want in (("stop", (0, [hook])), ("start", (0, boot)), ("restart", (0, [])),
                               ("reload", (0, [])), ("force-reload", (0, [])), ("status", (0, [])),
                               ("", (3, [])), ("jump", (3, []))):
                with self.subTest((name, word)):
                    self.assertEqual(self.sh(f"exec sh {path} {word}"), want)
            (self.dir / "systemd").mkdir(exist_ok=True)
            self.assertEqual(self.sh(f"exec sh {path} stop"), (0, []))
            (self.dir / "systemd").rmdir()

    def header(self, name):
        text = pathlib.Path(FILES[name]).read_text()
        block = text.split("### BEGIN INIT INFO\n")[1].split("### END INIT INFO")[0]
        return {key: value.split() for key, value in re.findall(r"^# ([\w-]+):(.*)$", block, re.M)}

    def test_sysvinit_order(self):
        """LSB Core 22.3: what Required-Stop names stops later."""
        load, jump = (self.header(f"sysvinit/rapidreboot-{n}") for n in ("load", "jump"))
        self.assertEqual(load["Default-Stop"], ["0", "6"])
        self.assertEqual(jump["Default-Stop"], ["6"])
        self.assertEqual((load["Default-Start"], jump["Default-Start"]), (["2", "3", "4", "5"], []))
        self.assertEqual(load["Required-Stop"], ["$local_fs", "$remote_fs"])
        self.assertIn("rapidreboot-jump", load["Should-Stop"])
        # What is required OpenRC starts, and later stops: "reboot" must not be.
        self.assertEqual((jump["Required-Stop"], jump["Should-Stop"]), ([], ["reboot"]))
        self.assertEqual(jump["X-Stop-After"], ["umountroot"])
        # A name that the script of kexec-tools has too is refused by insserv.
        self.assertEqual(jump["Provides"], ["rapidreboot-jump"])
        # umountfs is $local_fs in initscripts' insserv.conf: stopped before it, after sendsigs
        stopped = self.header("sysvinit/rapidreboot-stopped")
        self.assertEqual((stopped["Required-Stop"], stopped["X-Stop-After"],
                          stopped["Default-Stop"]), (["$local_fs"], ["sendsigs"], ["6"]))

    def test_openrc(self):
        words = "need() { :; }; after() { :; }; before() { :; }; keyword() { :; }; . "
        for name, calls in (("load", {"start": ["hook boot"], "stop": ["hook load"]}),
                            ("jump", {"start": ["hook jump"]}),
                            ("stopped", {"start": ["hook stopped"]})):
            path = self.script(f"openrc/rapidreboot-{name}")
            for word in ("start", "stop", "depend"):
                with self.subTest((name, word)):
                    self.assertEqual(self.sh(f"{words} {path}; {word}"),
                                     (0, calls.get(word, [])))

    def test_sourced(self):
        for hook in ("load", "jump", "stopped"):
            path = self.script(f"runit/rapidreboot-{hook}.sh")
            self.assertEqual(self.sh(f"set -e; . {path}; exit 7"), (7, [f"hook {hook}"]))
        path = self.script("runit/rapidreboot-boot.run")
        self.program("sv")
        self.assertEqual(self.sh(f"PATH={self.dir}:$PATH exec sh {path}")[1], ["sv once .", "hook boot"])

    def test_crash(self):
        """Arming is told apart from the ways down, and its failure is passed on: nobody waits for it."""
        path = self.script("sysvinit/rapidreboot-crash", "crash load")
        for word, want in (("start", (1, ["crash load"])), ("stop", (1, ["crash unload"])),
                           ("reload", (1, ["crash reload"])), ("status", (1, ["crash status"])),
                           ("jump", (3, []))):
            self.assertEqual(self.sh(f"exec sh {path} {word}"), want)
        self.assertEqual(self.header("sysvinit/rapidreboot-crash")["Default-Stop"], [])
        path = self.script("openrc/rapidreboot-crash", "crash load")
        for words, want in (("start", (1, ["crash load"])), ("reload", (1, ["crash reload"])),
                            ("stop", (1, ["crash unload"])), ("RC_GOINGDOWN=YES; stop", (0, []))):
            self.assertEqual(self.sh(f". {path}; {words}"), want)
        path = self.script("runit/rapidreboot-crash.run", "crash load")
        self.program("sv")
        self.assertEqual(self.sh(f"PATH={self.dir}:$PATH exec sh {path}")[1], ["sv once .", "crash load"])

    def test_crash_unwanted(self):
        """6: the configuration wants no crash kernel."""
        (self.dir / "rapidreboot").write_text("#!/bin/sh\nexit 6\n")
        for text in (f"exec sh {self.script('sysvinit/rapidreboot-crash', 'crash load')} start",
                     f". {self.script('openrc/rapidreboot-crash', 'crash load')}; start"):
            self.assertEqual(self.sh(text), (0, []))

    def udev(self, device, there):
        """What the rules run for a device, by the part of udev(7) that they use."""
        rules = [line for line in pathlib.Path(FILES["udev/98-rapidreboot-crash.rules"]).read_text().splitlines()
                 if line and not line.startswith("#")]
        ran, label = [], None
        for line in rules:
            parts = re.findall(r'(\w+)(?:\{(\w+)\})?(==|!=|=|\+=)"([^"]*)"', line)
            self.assertEqual(re.sub(r"[, ]", "", line), "".join(
                key + (f"{{{of}}}" if of else "") + sign + f'"{value}"'.replace(" ", "").replace(",", "")
                for key, of, sign, value in parts))
            if label:
                label = None if ("LABEL", "", "=", label) in parts else label
                continue
            met = {"TEST": lambda of, value: value in there,
                   "SUBSYSTEM": lambda of, value: device["SUBSYSTEM"] == value,
                   "ATTRS": lambda of, value: device.get(of) == value,
                   "ACTION": lambda of, value: device["ACTION"] in value.split("|")}
            if all(met[key](of, value) == (sign == "==") for key, of, sign, value in parts if key in met):
                ran += [value for key, _, _, value in parts if key == "RUN"]
                label = next((value for key, _, _, value in parts if key == "GOTO"), None)
        return ran

    def test_udev(self):
        """One more reload for processors and memory, where the kernel does not follow by itself and where the
        image is ours."""
        ours = {"/run/rapidreboot/crash"}
        for subsystem, action, hotplug, there, want in (
                ("cpu", "add", "0", ours, 1), ("cpu", "remove", None, ours, 1),
                ("memory", "online", "0", ours, 1), ("memory", "offline", None, ours, 1),
                ("cpu", "add", "1", ours, 0), ("memory", "online", "1", ours, 0),
                ("cpu", "online", "0", ours, 0), ("memory", "add", "0", ours, 0), ("block", "add", None, ours, 0),
                ("cpu", "add", "0", set(), 0)):
            with self.subTest((subsystem, action, hotplug, there)):
                ran = self.udev({"SUBSYSTEM": subsystem, "ACTION": action, "crash_hotplug": hotplug}, there)
                self.assertEqual(len(ran), want)
                for program in ran:
                    self.assertIn("restart rapidreboot-crash-reload.timer", program)

    def test_systemd_crash(self):
        """Not stopped, and disarmed by that, on the way down."""
        unit = self.unit("crash")
        self.assertRegex(unit, r"(?m)^DefaultDependencies=no$")
        self.assertNotRegex(unit, r"(?m)^(Conflicts|Before)=.*shutdown")
        self.assertRegex(unit, r"(?m)^ExecStart=\S+/rapidreboot crash load$")
        self.assertRegex(unit, r"(?m)^SuccessExitStatus=6$")
        self.assertRegex(self.unit("crash-reload"), r"(?m)^ExecStart=\S+/rapidreboot crash reload$")
        self.assertRegex(self.unit("crash-reload"), r"(?m)^ConditionPathExists=/run/rapidreboot/crash$")

    def program(self, name):
        path = self.dir / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.log}"\n')
        path.chmod(0o755)

    def test_s6(self):
        path = self.script("s6/rc.shutdown.final")
        self.assertEqual(self.sh(f"exec sh {path}"), (0, ["hook jump"]))
        # execlineb(1): comments and words
        lines = self.script("s6/rapidreboot-boot.up").read_text().splitlines()
        self.assertEqual([line for line in lines if not line.startswith("#")],
                         [f"{self.dir}/rapidreboot hook boot"])

    def test_dinit(self):
        path = self.script("dinit/shutdown-hook")
        for verb in ("poweroff", "halt", "soft"):
            self.assertEqual(self.sh(f"exec sh {path} {verb}"), (1, [f"hook load {verb}"]))
        self.assertEqual(self.sh(f"exec sh {path} reboot"), (1, []))
        # dinit-service(5)
        lines = self.script("dinit/rapidreboot-boot").read_text().splitlines()
        settings = dict(line.split(" = ") for line in lines if not line.startswith("#"))
        self.assertEqual((settings["type"], settings["command"], settings["restart"]),
                         ("scripted", f"{self.dir}/rapidreboot hook boot", "false"))

    def test_finit(self):
        for name, call in (("boot", "hook boot"), ("load", "hook load reboot"),
                           ("jump", "hook jump reboot")):
            path = self.script(f"finit/rapidreboot-{name}")
            self.assertEqual(self.sh(f"export FINIT_SHUTDOWN=reboot; exec sh {path}"), (0, [call]))

    def test_busybox(self):
        """inittab of BusyBox: id, runlevels that mean nothing, action, command."""
        lines = [line for line in self.script("busybox/inittab").read_text().splitlines()
                 if not line.startswith("#")]
        self.assertEqual([line.split(":")[2] for line in lines], ["once", "shutdown"])
        for line, hook in zip(lines, ("hook boot", "hook jump")):
            self.assertEqual(self.sh(line.split(":")[3])[1], [hook])

    def test_without_the_command(self):
        """A package that was removed leaves its scripts of sysvinit behind."""
        for name in ("load", "jump", "stopped"):
            path = self.script(f"sysvinit/rapidreboot-{name}")
            (self.dir / "rapidreboot").unlink(missing_ok=True)
            for word in ("start", "stop"):
                self.assertEqual(self.sh(f"exec sh {path} {word}"), (0, []))

    def unit(self, name):
        return pathlib.Path(FILES[f"systemd/rapidreboot-{name}.service"]).read_text()

    def test_systemd(self):
        # systemd.unit(5): stopping is the reverse of starting, so After= a mount stops before it.
        load = self.unit("load")
        self.assertRegex(load, r"(?m)^After=.*\bboot\.mount\b")
        self.assertNotRegex(load, r"(?m)^(Requires|RequiresMountsFor|DefaultDependencies)=")
        self.assertRegex(load, r"(?m)^ExecStop=\S+/rapidreboot hook load$")
        for name in ("boot", "stopped", "late"):
            self.assertRegex(load, rf"(?m)^Also=.*\brapidreboot-{name}\.service\b")

    def test_systemd_record(self):
        self.assertRegex(self.unit("boot"), r"(?m)^After=default\.target$")
        self.assertRegex(self.unit("boot"), r"(?m)^ExecStart=-\S+/rapidreboot hook boot$")
        # what ordinary services come after stops after them
        stopped = self.unit("stopped")
        self.assertRegex(stopped, r"(?m)^Before=.*\bsysinit\.target\b.*\bshutdown\.target\b")
        self.assertRegex(stopped, r"(?m)^Conflicts=shutdown\.target$")
        self.assertRegex(stopped, r"(?m)^DefaultDependencies=no$")
        # the file system of the record is unmounted later; one on the network, which is up later, makes no circle
        self.assertRegex(stopped, r"(?m)^After=.*\blocal-fs\.target\b")
        self.assertRegex(stopped, r"(?m)^Before=.*\bnetworking\.service\b")
        self.assertNotRegex(stopped, r"(?m)^RequiresMountsFor=")
        self.assertRegex(stopped, r"(?m)^ExecStop=-\S+/rapidreboot hook stopped$")
        late = self.unit("late")
        self.assertRegex(late, r"(?m)^After=umount\.target$")
        self.assertRegex(late, r"(?m)^Before=.*\bsystemd-kexec\.service\b")
        self.assertRegex(late, r"(?m)^WantedBy=kexec\.target$")

    def test_systemd_keep(self):
        # it stops after ordinary services and before file systems are unmounted, and starts before them
        keep = self.unit("keep")
        self.assertRegex(keep, r"(?m)^DefaultDependencies=no$")
        self.assertRegex(keep, r"(?m)^After=.*\blocal-fs\.target\b")
        self.assertRegex(keep, r"(?m)^Before=sysinit\.target shutdown\.target$")
        self.assertRegex(keep, r"(?m)^Conflicts=shutdown\.target$")
        self.assertRegex(keep, r"(?m)^ExecStart=\S+/rapidreboot keep restore$")
        self.assertRegex(keep, r"(?m)^ExecStop=\S+/rapidreboot keep save$")
        self.assertNotRegex(keep, r"(?m)^Condition")

    def test_systemd_verifies(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not here")
        (self.dir / "rapidreboot-crash-reload.timer").write_text(
            pathlib.Path(FILES["systemd/rapidreboot-crash-reload.timer"]).read_text())
        for name in ("load", "boot", "stopped", "late", "crash", "crash-reload", "keep"):
            unit = self.dir / f"rapidreboot-{name}.service"
            unit.write_text(self.unit(name).replace(SBINDIR, str(self.dir)))
        for unit in [*self.dir.glob("*.service"), *self.dir.glob("*.timer")]:
            run = subprocess.run(["systemd-analyze", "verify", "--man=no", unit],
                                 capture_output=True, text=True)
            ours = [line for line in run.stderr.splitlines() if "rapidreboot" in line]
            self.assertEqual(ours, [], run.stderr)

    def test_login(self):
        """The notice is printed at a terminal only, and failures are silent."""
        path = self.script("login/rapidreboot.sh", "status --notice")
        for shell in ("sh -c '. {0}; exit 7'", "sh -ic '. {0}; exit 7' | cat"):
            self.assertEqual(self.sh(shell.format(path))[1], [])
        self.assertEqual(self.on_terminal(f"sh -c '. {path}; exit 7'"), (7, []))
        self.assertEqual(self.on_terminal(f"sh -ic '. {path}; exit 7'"), (7, ["status --notice"]))

    def on_terminal(self, text):
        self.log.unlink(missing_ok=True)
        master, slave = pty.openpty()
        run = subprocess.Popen(["sh", "-c", text], stdin=slave, stdout=slave, stderr=slave,
                               env={"PATH": os.environ["PATH"]})
        os.close(slave)
        status = run.wait(timeout=60)
        os.close(master)
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        return status, calls

    def test_desktop(self):
        policy = xml.etree.ElementTree.parse(FILES["desktop/org.rapidreboot.reboot.policy"])
        [action] = policy.getroot().iter("action")
        self.assertEqual(action.get("id"), "org.rapidreboot.reboot")
        defaults = {e.tag: e.text for e in action.find("defaults")}
        # as org.freedesktop.login1.reboot has it for the person at the machine; not for others
        self.assertEqual(defaults, {"allow_any": "auth_admin_keep", "allow_active": "yes",
                                    "allow_inactive": "auth_admin_keep"})
        # a program without arguments: "exec.argv1" would leave the rest to the caller
        [annotation] = action.iter("annotate")
        self.assertEqual(annotation.get("key"), "org.freedesktop.policykit.exec.path")
        self.assertTrue(annotation.text.endswith("/rapidreboot/desktop-reboot"))
        launcher = pathlib.Path(FILES["desktop/quick-reboot"]).read_text()
        self.assertIn(f"pkexec {annotation.text} ", launcher)
        entry = pathlib.Path(FILES["desktop/rapidreboot.desktop"])
        self.assertIn(f"Exec={annotation.text[:-len('desktop-reboot')]}quick-reboot\n",
                      entry.read_text())
        path = self.script("desktop/desktop-reboot", "desktop")
        self.assertEqual(self.sh(f"exec sh {path}"), (1, ["desktop"]))
        self.assertEqual(self.sh(f"exec sh {path} --kernel x"), (2, []))

    def test_desktop_entry_validates(self):
        if not shutil.which("desktop-file-validate"):
            self.skipTest("desktop-file-validate is not here")
        run = subprocess.run(["desktop-file-validate", FILES["desktop/rapidreboot.desktop"]],
                             capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stdout + run.stderr), (0, ""))

    def test_launcher(self):
        """Asks first; shows what stands in the way; never something else instead."""
        launcher = self.dir / "quick-reboot"
        launcher.write_text(pathlib.Path(FILES["desktop/quick-reboot"]).read_text())
        bin_ = self.dir / "bin"
        bin_.mkdir()
        for name, text in (("zenity", f'echo "zenity $*" >>{self.log}\n'
                            f'case $1 in --question) test -e {self.dir}/yes ;; esac\n'),
                           ("pkexec", f'echo pkexec >>{self.log}\n'
                            f'echo "apt holds it" >&2\nexit $(cat {self.dir}/status)\n')):
            (bin_ / name).write_text("#!/bin/sh\n" + text)
            (bin_ / name).chmod(0o755)
        for yes, status, want, shown in ((False, 0, 6, None), (True, 0, 0, None),
                                         (True, 126, 126, None), (True, 3, 3, "apt holds it")):
            (self.dir / "yes").touch() if yes else (self.dir / "yes").unlink(missing_ok=True)
            (self.dir / "status").write_text(str(status))
            got, calls = self.sh(f"PATH={bin_}:$PATH exec sh {launcher}")
            self.assertEqual(got, want)
            self.assertEqual("pkexec" in calls, yes)
            errors = [c for c in calls if c.startswith("zenity --error")]
            self.assertEqual(len(errors), shown is not None)
            self.assertTrue(not shown or errors[0].endswith(f"--text={shown}"), errors)

    def test_kernel_hooks(self):
        """What makes initial ramdisks and boot entries is never failed by us, in no chroot without /proc."""
        path = self.script("kernel/update-initramfs", "check")
        kernel, initrd = self.dir / "vmlinuz-6.1", self.dir / "initrd.img-6.1"
        self.assertEqual(self.sh(f"exec sh {path} 6.1 {initrd}"), (0, []))  # not installed yet
        kernel.write_text("")
        want = [f"check --kernel {kernel} --initrd {initrd}"]
        self.assertEqual(self.sh(f"exec sh {path} 6.1 {initrd}"), (0, want))
        self.assertEqual(self.sh(f"DPKG_ROOT=/target exec sh {path} 6.1 {initrd}"), (0, []))
        path = self.script("kernel/95-rapidreboot.install", "check")
        for words, want in (("add 6.1 /boot/x/6.1 /boot/vmlinuz", ["check"]), ("remove 6.1 /boot/x/6.1", []),
                            ("inspect", []), ("", [])):
            self.assertEqual(self.sh(f"exec sh {path} {words}"), (0, want))
        path.write_text(path.read_text().replace("/proc/self", "/proc/none"))
        self.assertEqual(self.sh(f"exec sh {path} add 6.1"), (0, []))

    def displays(self, modules, in_use=(), stage="pre-jump", unload=True):
        """Exit status of the hook, and which modules it removed."""
        log, consoles = self.dir / "removed", self.dir / "vtconsole"
        log.write_text("")
        (self.dir / "modules").write_text("".join(f"{m} 16384 0 - Live 0x0\n" for m in modules))
        for i, kind in enumerate(("(S) dummy device", "(M) frame buffer device")):
            (consoles / f"vtcon{i}").mkdir(parents=True, exist_ok=True)
            (consoles / f"vtcon{i}/name").write_text(kind + "\n")
            (consoles / f"vtcon{i}/bind").write_text("1\n")
        rmmod = self.dir / "rmmod"
        rmmod.write_text(f'#!/bin/sh\ncase $1 in {"|".join(in_use) or "-"}) exit 1 ;; esac\n'
                         f'echo "$1" >>{log}\n')
        rmmod.chmod(0o755)
        hook = pathlib.Path(__file__).parents[2] / "integration/hooks/50-display-drivers"
        text = hook.read_text().replace("/proc/modules", str(self.dir / "modules"))
        env = {"PATH": f"{self.dir}:{os.environ['PATH']}"}
        if unload:
            env["RAPIDREBOOT_DISPLAY_DRIVERS"] = "unload"
        run = subprocess.run(["sh", "-c", text.replace("/sys/class/vtconsole", str(consoles)),
                              "hook", stage, "Debian"], env=env, capture_output=True, text=True)
        bound = [(consoles / f"vtcon{i}/bind").read_text().strip() for i in range(2)]
        return run.returncode, log.read_text().split(), bound

    def test_display_drivers(self):
        kept, freed = ["1", "1"], ["1", "0"]
        nvidia = ["nvidia", "nvidia_uvm", "nvidia_modeset", "nvidia_drm"]
        self.assertEqual(self.displays(["ext4", *nvidia]),
                         (0, ["nvidia_drm", "nvidia_modeset", "nvidia_uvm", "nvidia"], freed))
        self.assertEqual(self.displays(["amdgpu"]), (0, ["amdgpu"], freed))
        self.assertEqual(self.displays(["nvidia"], in_use=["nvidia"]), (1, [], kept))
        self.assertEqual(self.displays(["ext4", "nvidiafb_x"]), (0, [], kept))
        self.assertEqual(self.displays(nvidia, unload=False), (0, [], kept))
        self.assertEqual(self.displays(nvidia, stage="pre-handover"), (0, [], kept))


if __name__ == "__main__":
    main()
