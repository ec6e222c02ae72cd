#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/troubleshooting.md: each message that it quotes is printed by the command above it, on a machine where that is wrong
which its heading says. "…" in a quotation is any text. Checks that it names exist."""
import errno
import pathlib
import re

from documents import TREE, DocumentTest, fenced
from kexec_machine import main

PAGE = TREE / "docs/troubleshooting.md"
ID = re.compile(r"\b[A-HW][0-9]{1,2}\b")


def quoted():
    """(heading, block) of each quotation."""
    text = PAGE.read_text()
    lines = text.splitlines()
    for block in fenced(text):
        heading = next(line for line in reversed(lines[:block.number - 1]) if line.startswith("### "))
        yield heading[4:], block


class Quoted(DocumentTest):
    def switched_off(self):
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")

    def without_kexec(self):
        (self.root / "sys/kernel/kexec_loaded").unlink()

    def locked_down(self):
        self.set("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")

    def inhibited(self):
        self.set("run/systemd/inhibit/7", "WHAT=shutdown\nMODE=block\nWHO=apt\nWHY=upgrade\n")

    def came_back(self):
        self.assertEqual(self.type("rapidreboot --yes").returncode, 0)
        self.next_boot(0x72)

    def damaged(self):
        for path in (pathlib.Path(self.kernel), self.root / self.kernel.lstrip("/")):
            path.write_bytes(path.read_bytes()[:600])

    def missing(self):
        self.take_menu("menuentry 'Gone' {\n linux /boot/vmlinuz-gone root=/dev/sda1\n}\n")

    def no_entry(self):
        (self.root / "boot/grub/grub.cfg").unlink()

    def not_registered(self):
        """As on Alpine: BusyBox is process 1 and runs OpenRC."""
        self.take_init("busybox")
        self.set("run/openrc/softlevel", "default\n")
        self.set("etc/init.d/rapidreboot-jump", "#!/sbin/openrc-run\n")
        (self.root / "etc/init.d/rapidreboot-jump").chmod(0o755)

    def another_system(self):
        self.take_menu("menuentry 'Windows' {\n chainloader +1\n}\n")

    def odd_settings(self):
        self.set("etc/rapidreboot.conf", "SAVE=yes\nDIET=perhaps\n")

    def refused(self, number):
        self.errors = {"FAKE_ERRORS": f"file_load={number}"}

    # heading -> what is done to the machine for each of its quotations
    WRONG = {
        "Loading is switched off": [switched_off],
        "The kernel has no kexec": [without_kexec],
        "Lockdown and signatures": [locked_down],
        "Something holds the shutdown off": [inhibited],
        "The last attempt failed": [came_back],
        "The kernel is damaged or missing": [damaged, missing],
        "There is no boot entry": [no_entry],
        "Init runs nothing of ours": [not_registered],
        "Not permitted": [lambda self: self.refused(errno.EPERM)],
        "The key was rejected": [lambda self: self.refused(errno.EKEYREJECTED)],
        "Not enough memory": [lambda self: self.refused(errno.ENOMEM)],
        "Init refused": [lambda self: self.errors.update(FAKE_EXITS="systemctl=1")],
        "It goes through the firmware": [another_system],
        "A setting has no effect": [odd_settings],
        "A word is not understood": [lambda self: None],
    }

    def setUp(self):
        super().setUp()
        self.errors = {}

    def environ(self, **how):
        return {**super().environ(**how), **self.errors}

    def test_messages(self):
        used = []
        for heading, block in quoted():
            with self.subTest(f"{heading}, line {block.number}"):
                self.doCleanups()
                self.setUp()
                self.assertIn(heading, self.WRONG)
                self.WRONG[heading][used.count(heading)](self)
                used.append(heading)
                run = self.type(block.lines[0].removeprefix("# "))
                said = (run.stdout + run.stderr).splitlines()
                for line in block.lines[1:]:
                    pattern = ".*".join(re.escape(part) for part in line.split("…"))
                    self.assertTrue(any(re.fullmatch(pattern, one) for one in said), (line, said))
        self.assertEqual(sorted(used), sorted(h for h, done in self.WRONG.items() for _ in done))

    def test_healthy(self):
        """None of it is printed by a machine that has nothing wrong."""
        run = self.type("rapidreboot --dry-run")
        for _, block in quoted():
            for line in block.lines[1:]:
                if "…" not in line:
                    self.assertNotIn(line, run.stdout + run.stderr)

    def test_checks_exist(self):
        known = set(re.findall(r'\{ "([A-HW]\d+)",', "".join(
            path.read_text() for path in (TREE / "src/preflight").rglob("*.c"))))
        self.assertGreater(len(known), 60)
        text = PAGE.read_text()
        self.assertEqual(set(ID.findall(text)) - known, set())
        settings = re.findall(r"`([A-Z_]+)=\w", text)
        self.assertNotEqual(settings, [])
        for name in settings:
            self.assertIn(f"*{name}*=", (TREE / "man/rapidreboot.conf.5.scd").read_text())


if __name__ == "__main__":
    main()
