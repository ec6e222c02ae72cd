#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person sees on terminals of 80 and 200 columns, beside screens/NAME-COLUMNS.txt. Those files are written
by hand, from rapidreboot(8) and from what a newcomer should see, or were read line by line; nothing writes them."""
import pathlib
import re

from kexec_machine import PROGRAM, main
from reboot_machine import RebootTest
from screen import Terminal

SCREENS = pathlib.Path(__file__).resolve().parent / "screens"
COUNTS = re.compile(r"\d+ checks, 0 notes, \d+ unknown")
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
CPU = "vendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU E3\nflags\t\t: fpu lm constant_tsc nonstop_tsc\n"


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
        # how many checks there are, and can look into this machine, is not what these screens are about
        lines = [COUNTS.sub("N checks, 0 notes, N unknown", line) for line in lines]
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

    def test_looked_at(self):
        """The kernel of this menu cannot be opened here, which is what B1 is for."""
        self.assertSaid("check-refused", "check", rc=3)
        self.assertSaid("load-refused", "load", rc=3)
        self.assertSaid("show", "show", "5")
        self.assertSaid("help-timeline", "help", "timeline")
        self.assertSaid("usage", "list", "--jsno", rc=2)

    def take_kernel(self):
        """A machine on which a kernel can be loaded, with nothing that speaks against it."""
        self.take_menu(f"set default=0\nmenuentry 'Debian GNU/Linux' {{\n linux {self.kernel} {ROOT}\n"
                       f" initrd {self.initrd}\n}}\n")
        self.set("proc/cpuinfo", CPU)
        self.set("proc/sys/kernel/hostname", "web1\n")
        (self.root / "etc/systemd/system").mkdir(parents=True, exist_ok=True)

    def one(self, name, *args, rc=0, typed=None, columns=80):
        t = self.screen(args, columns)
        if typed:
            t.shows("[y/N]")
            t.type(typed)
        self.assertEqual(t.wait(), rc, t.screen.lines())
        self.assertScreen(t, f"{name}-{columns}")

    def test_day(self):
        """What one types and reads on a day, each line of it."""
        for columns in (80, 200):
            with self.subTest(columns):
                self.take_kernel()
                for name, *args in (("status", "status"), ("check", "check"), ("load", "load"),
                                    ("status-loaded", "status"), ("unload", "unload"), ("enable", "enable"),
                                    ("disable", "disable")):
                    self.one(name, *args, columns=columns)
                self.one("no", rc=6, typed="n\n", columns=columns)
                self.one("when", "--when", "+5", typed="y\n", columns=columns)
                self.one("status-ordered", "status", columns=columns)
                self.one("cancel", "--cancel", columns=columns)
                self.one("clear", "clear", rc=6, columns=columns)
                (self.root / "run/rapidreboot/request").unlink(missing_ok=True)

    def test_colors(self):
        """Red for what does not go on; none where they are not wanted; never the only sign."""
        t = self.screen(["check"], 80)
        self.assertEqual(t.wait(), 3)
        self.assertEqual(t.screen.colored["red"][0], "refuse")
        self.assertIn("warning", t.screen.colored["yellow"])
        for env, args in (({"NO_COLOR": "1"}, []), ({"TERM": "dumb"}, []), ({}, ["--color", "never"]),
                          ({"TERM": ""}, [])):
            with self.subTest((env, args)):
                t = self.screen(["check", *args], 80, env=env)
                self.assertEqual(t.wait(), 3)
                self.assertEqual(t.screen.colored, {})
        for env, args in (({"NO_COLOR": ""}, []), ({"NO_COLOR": "1"}, ["--color=always"])):
            with self.subTest((env, args)):
                t = self.screen(["check", *args], 80, env=env)
                self.assertEqual(t.wait(), 3)
                self.assertIn("red", t.screen.colored)
        self.assertNotIn("\033", self.assertRuns(["check"], 3).out)
        self.assertIn("\033[0;1;31mrefuse\033[0m", self.assertRuns(["check", "--color=always"], 3).out)

    def test_ascii(self):
        """Every character that is ours in the C locale."""
        for args in (["help"], ["help", "status"], ["status"], ["check", "-v"], ["timeline"]):
            r = self.run_it(*args)
            self.assertTrue((r.out + r.err).isascii(), args)


if __name__ == "__main__":
    main()
