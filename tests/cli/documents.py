# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands that documents tell to type, run one after the other on a captured machine by the recorded commands."""
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

from kexec_machine import PROGRAM
from reboot_machine import RebootTest

TREE = pathlib.Path(__file__).resolve().parents[2]
# Programs of others that are really run: they read what they are given and print.
HARMLESS = ("cat", "echo", "grep", "head", "jq", "rm", "sed", "true")
# Programs of others that only write down what they were asked.
RECORDED = ("systemctl", "virsh")
# Places in examples that are below the folder of the test.
PLACES = re.compile(r"(?<![\w.])/(?=(?:boot|mnt|tmp|var/crash|proc/vmcore)\b)")
SETTING = re.compile(r"[A-Z_]+=")


@dataclasses.dataclass
class Block:
    """Lines of one example, and the line of the document that they begin in."""
    lines: list
    number: int

    @property
    def is_settings(self):
        return all(SETTING.match(line) or line.startswith("#") for line in self.lines)


def fenced(text, first=1):
    """The parts between lines of three backticks."""
    blocks, inside = [], None
    for number, line in enumerate(text.splitlines(), first):
        if line.startswith("```"):
            if inside is not None:
                blocks.append(inside)
            inside = Block([], number + 1) if inside is None else None
        elif inside is not None:
            inside.lines.append(line)
    assert inside is None, "``` without its end"
    return blocks


def section(text, title):
    """(its text, its first line), or None."""
    found = re.search(rf"^# {title}\n(.*?)(?=^# |\Z)", text, re.M | re.S)
    return (found[1], text[:found.start(1)].count("\n") + 1) if found else None


class DocumentTest(RebootTest):
    """A machine with a GRUB menu, whose kernel and initial ramdisk are /boot/vmlinuz and /boot/initrd.img."""
    machine = "qemu-uefi-6g-crash"

    def setUp(self):
        super().setUp()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        (self.root / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
        for folder in ("boot", "mnt", "tmp", "var/crash"):
            (self.dir / folder).mkdir(parents=True)
        for name, to in (("kernel", "boot/vmlinuz"), ("initrd", "boot/initrd.img")):
            shutil.move(getattr(self, name), self.dir / to)
            setattr(self, name, str(self.dir / to))
        self.take_files()
        self.take_menu()
        self.set("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n")
        self.set("etc/default/kdump-tools", f"USE_KDUMP=1\nKDUMP_KERNEL={self.kernel}\nKDUMP_INITRD={self.initrd}\n")
        shutil.copytree(self.root / "boot", self.dir / "mnt/boot", dirs_exist_ok=True)
        copy = self.dir / "mnt" / self.kernel.lstrip("/")
        copy.parent.mkdir(parents=True)
        shutil.copy(self.kernel, copy)
        self.asked = self.dir / "asked"
        self.programs = self.dir / "programs"
        self.programs.mkdir()
        for name, program in (("rapidreboot", PROGRAM), ("coldreboot", os.environ["COLDREBOOT_RECORDED"]),
                              ("kexec", os.environ["KEXEC_ITSELF"]), ("vmcore-dmesg", os.environ["VMCORE_DMESG"])):
            (self.programs / name).symlink_to(program)
        for name in HARMLESS:
            program = shutil.which(name)
            self.assertIsNotNone(program, f"{name} is not installed: tools/install-deps")
            (self.programs / name).symlink_to(program)
        for name in RECORDED:
            (self.programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{self.asked}\n')
            (self.programs / name).chmod(0o755)

    def type(self, line):
        """What comes of a line that somebody types into a shell."""
        line = PLACES.sub(f"{self.dir}/", line)
        self.assertNotRegex(line, r"(?<![\w=])/(usr|s?bin)/", "a program by its path would not be the recorded one")
        return subprocess.run(["/bin/sh", "-c", line], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env={**self.environ(), "PATH": str(self.programs)})

    def type_all(self, block, exits, where):
        """Runs each line of @block; @exits: of those that do not end with 0."""
        for number, line in enumerate(block.lines, block.number):
            if not line.strip() or line.startswith("#"):
                continue
            run = self.type(line)
            self.assertEqual(run.returncode, exits.get(line, 0), f"{where}:{number}: {line}\n{run.stdout}{run.stderr}")
            yield line, run
