#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/quick-start.md: what it tells to type on each distribution, on a captured machine with the boot loader and the init system
of that distribution. Commands of ours are run; those of others are written down, and what they would need is looked for."""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

from documents import TREE, DocumentTest, fenced
from kexec_machine import main

PAGE = TREE / "docs/quick-start.md"
OTHERS = ("make", "apt", "meson", "systemctl", "cp", "rc-update", "tools/install-deps")
ENTRY = "title {title}\nversion 6.1.0-test\nlinux {kernel}\ninitrd {initrd}\noptions root=/dev/sda1 ro\n"


def sections():
    """heading -> its blocks"""
    text = PAGE.read_text()
    found = {}
    for block in fenced(text):
        heading = re.findall(r"^## (.*)$", "\n".join(text.splitlines()[:block.number]), re.M)[-1]
        found.setdefault(heading, []).append(block)
    return found


class QuickStart(DocumentTest):
    def setUp(self):
        super().setUp()
        for name in OTHERS:
            path = self.programs / name
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.asked}"\n')
            path.chmod(0o755)
        (self.programs / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
        (self.programs / "sudo").chmod(0o755)

    # ---- machines

    def debian(self):
        pass

    def fedora(self):
        self.set("etc/os-release", "ID=fedora\n")
        self.set("boot/grub2/grub.cfg", "set default=0\nblscfg\n")
        self.boot_entry("Fedora Linux")
        (self.root / "boot/grub/grub.cfg").unlink()

    def arch(self):
        self.set("etc/os-release", "ID=arch\n")
        self.set("boot/loader/loader.conf", "default arch.conf\n")
        self.boot_entry("Arch Linux", "arch")
        (self.root / "boot/grub/grub.cfg").unlink()

    def alpine(self):
        """BusyBox is process 1 and runs OpenRC; nothing of ours is registered."""
        self.set("etc/os-release", "ID=alpine\n")
        (self.root / "boot/grub/grub.cfg").unlink()
        self.set("boot/extlinux.conf", "DEFAULT lts\nLABEL lts\n  MENU LABEL Linux lts\n"
                                       f"  LINUX {self.kernel}\n  INITRD {self.initrd}\n  APPEND root=/dev/sda1 ro\n")
        self.take_init("busybox")
        self.set("run/openrc/softlevel", "default\n")
        # of `make install`
        share = self.root / "usr/local/share/rapidreboot/integration/openrc"
        share.mkdir(parents=True)
        for path in (TREE / "integration/openrc").glob("*.in"):
            shutil.copy(path, share / path.stem)

    def boot_entry(self, title, name="entry"):
        self.set(f"boot/loader/entries/{name}.conf", ENTRY.format(title=title, kernel=self.kernel, initrd=self.initrd))

    # heading -> machine, kind of the boot loader, names of the package managers that it is for
    SYSTEMS = {
        "Debian, Ubuntu": (debian, "grub", ["apt-get"]),
        "Fedora, RHEL, openSUSE": (fedora, "grub", ["dnf", "zypper"]),
        "Arch": (arch, "systemd-boot", ["pacman"]),
        "Alpine": (alpine, "extlinux", ["apk"]),
    }

    # ---- what others' commands need

    def needs(self, line, managers):
        words = shlex.split(line)
        if words[0] == "make":
            self.assertRegex((TREE / "Makefile").read_text(), rf"(?m)^{(words[1:] or ['all'])[0]}: ")
        elif words[0] == "tools/install-deps":
            for manager in managers:
                run = subprocess.run([TREE / words[0], "--list", words[1]], env={**os.environ, "DEPS_MANAGER": manager},
                                     capture_output=True, text=True, timeout=60)
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                self.assertIn("scdoc", run.stdout.split())
        elif words[:2] == ["systemctl", "enable"]:
            unit = (TREE / f"integration/systemd/{words[2]}.in").read_text()
            self.assertIn("[Install]", unit)
        elif words[:2] == ["meson", "setup"]:
            options = (TREE / "meson_options.txt").read_text()
            recipe = (TREE / "packaging/arch/PKGBUILD").read_text()
            for name in re.findall(r"-D(\w+)=", line):
                self.assertIn(f"option('{name}'", options)
            for word in words:
                if word.startswith("-D"):
                    self.assertIn(word, recipe)
        elif words[0] == "rc-update":
            script = f"etc/init.d/{words[2]}"
            self.assertIsNotNone(self.read(script), f"{script} is not there to be added")
            self.set(f"etc/runlevels/{words[3]}/{words[2]}", self.read(script))
            (self.root / f"etc/runlevels/{words[3]}/{words[2]}").chmod(0o755)
        elif words[0] == "cp":
            *paths, to = words[1:]
            found = [p for path in paths for p in pathlib.Path(str(self.root) + path).parent.glob(pathlib.Path(path).name)]
            self.assertNotEqual(found, [])
            for path in found:
                self.set(to.lstrip("/") + path.name, path.read_text())
                (self.root / to.lstrip("/") / path.name).chmod(0o755)
        elif words[0] == "apt":
            self.assertEqual(words[1:], ["install", "./build/deb/rapidreboot_*.deb"])
        else:
            self.assertEqual(words[:2], ["meson", words[1]])
            self.assertIn(words[1], ("compile", "install"))

    def install(self, blocks, managers):
        """Types what installs it; each line is one of another program."""
        for block in blocks:
            for line in block.lines:
                self.needs(line.removeprefix("sudo "), managers)

    def hooks(self):
        run = self.type("rapidreboot check --json")
        return next(c for c in json.loads(run.stdout)["checks"] if c["id"] == "G8")

    # ---- tests

    def test_sections(self):
        self.assertEqual(set(sections()), set(self.SYSTEMS) | {"Everywhere: look, then reboot", "Make it the usual way", "Servers"})

    def test_each(self):
        for name, (machine, loader, managers) in self.SYSTEMS.items():
            with self.subTest(name):
                self.doCleanups()
                self.setUp()
                machine(self)
                self.install(sections()[name], managers)
                self.assertEqual(self.hooks()["status"], "ok")
                self.assertEqual(json.loads(self.type("rapidreboot list --json").stdout)["loader"]["kind"], loader)
                for block in sections()["Everywhere: look, then reboot"]:
                    if "timeline" in block.lines[0]:
                        self.next_boot(0xD0)
                    for line, run in self.type_all(block, {"sudo rapidreboot check": 8}, name):
                        if line.endswith("timeline"):
                            self.assertIn("kexec", run.stdout.splitlines()[0])
                        if line == "sudo rapidreboot":
                            self.assertIn("restarts into", run.stderr)

    def test_others(self):
        for name in ("Make it the usual way", "Servers"):
            for block in sections()[name]:
                with self.subTest(f"{name}, line {block.number}"):
                    self.doCleanups()
                    self.setUp()
                    list(self.type_all(block, {}, name))

    def test_alpine(self):
        """The lines are those of the check, and without them it refuses."""
        self.alpine()
        found = self.hooks()
        self.assertEqual((found["status"], found["severity"]), ("finding", "refuse"))
        block, = sections()["Alpine"]
        self.assertIn(" && ".join(block.lines[-4:]), found["remedy"])


if __name__ == "__main__":
    main()
