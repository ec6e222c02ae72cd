#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person sees on terminals of 80 and 200 columns, beside screens/NAME-COLUMNS.txt. Those files are written
by hand, from rapidreboot(8) and from what a newcomer should see; nothing writes them."""
import pathlib

from kexec_machine import PROGRAM, main
from reboot_machine import RebootTest
from screen import Terminal

SCREENS = pathlib.Path(__file__).resolve().parent / "screens"
ROOT = "root=UUID=0a3407de-014b-458b-b5c1-848e92a327a3 ro"

# As grub-mkconfig of Debian 12 writes it, with two kernels and another system on the disk.
MENU = f"""
set default="0"
menuentry 'Debian GNU/Linux' --class debian --id 'gnulinux-simple-0a34' {{
 linux /boot/vmlinuz-6.1.0-51-amd64 {ROOT} quiet
 initrd /boot/initrd.img-6.1.0-51-amd64
}}
submenu 'Advanced options for Debian GNU/Linux' --id 'gnulinux-advanced-0a34' {{
"""
for release in ("6.1.0-51-amd64", "6.1.0-50-amd64"):
    for mode, title, words in (("advanced", "", "quiet"), ("recovery", " (recovery mode)", "single")):
        MENU += (f" menuentry 'Debian GNU/Linux, with Linux {release}{title}' "
                 f"--id 'gnulinux-{release}-{mode}-0a34' {{\n"
                 f"  linux /boot/vmlinuz-{release} {ROOT} {words}\n  initrd /boot/initrd.img-{release}\n }}\n")
MENU += """}
menuentry 'Windows Boot Manager (on /dev/sda1)' --id 'osprober-efi-1' {
 chainloader /EFI/Microsoft/Boot/bootmgfw.efi
}
menuentry 'UEFI Firmware Settings' --id 'uefi-firmware' {
 fwsetup
}
"""


class Screens(RebootTest):
    def setUp(self):
        super().setUp()
        self.maxDiff = None
        for release in ("6.1.0-51-amd64", "6.1.0-50-amd64"):
            for name, source in ((f"vmlinuz-{release}", self.kernel), (f"initrd.img-{release}", self.initrd)):
                self.set(f"boot/{name}", "")
                (self.root / "boot" / name).write_bytes(pathlib.Path(source).read_bytes())
        self.take_menu(MENU)
        self.set("proc/sys/kernel/osrelease", "6.1.0-50-amd64\n")
        self.set("proc/cmdline", f"BOOT_IMAGE=/boot/vmlinuz-6.1.0-50-amd64 {ROOT} quiet\n")

    def screen(self, args, columns, rows=40, env=None):
        environ = self.environ(env={"TERM": "vt100", "LC_ALL": "C.UTF-8", **(env or {})})
        t = Terminal([PROGRAM, *args], environ, rows, columns)
        self.addCleanup(t.close)
        return t

    def assertScreen(self, t, name):
        want = (SCREENS / f"{name}.txt").read_text().splitlines()
        lines = t.screen.lines()
        while lines and not lines[-1]:
            lines.pop()
        self.assertEqual("\n".join(lines), "\n".join(want), name)

    def assertSaid(self, name, *args, rc=0, rows=40, **how):
        for columns in (80, 200):
            with self.subTest((name, columns)):
                t = self.screen(args, columns, rows, **how)
                self.assertEqual(t.wait(), rc, t.screen.lines())
                self.assertScreen(t, f"{name}-{columns}")

    def test_list(self):
        self.assertSaid("list", "list")
        self.assertSaid("list-ascii", "list", env={"LC_ALL": "C"})

    def test_menu(self):
        for columns in (80, 200):
            with self.subTest(columns):
                t = self.screen(["menu"], columns, 24)
                t.shows("q: leave")
                self.assertScreen(t, f"menu-{columns}")
                t.type("q")
                self.assertEqual(t.wait(), 6)


if __name__ == "__main__":
    main()
