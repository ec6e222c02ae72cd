#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The menu, by what is on the screen of a terminal."""
import json
import os
import signal

from kexec_machine import PROGRAM, main
from reboot_machine import RebootTest
from screen import Terminal

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE, PAGE_DOWN, PAGE_UP = "\x1b[1~", "\x1b[4~", "\x1b[3~", "\x1b[6~", "\x1b[5~"
ASKED = "run /usr/bin/systemctl kexec"


class Menu(RebootTest):
    def setUp(self):
        super().setUp()
        self.take_menu()
        # the call that is told the command line
        self.set("etc/rapidreboot.conf", "WAY=file\n")

    def start(self, *args, rows=24, columns=80, env=None, says_size=True):
        (self.dir / "log").unlink(missing_ok=True)
        environ = self.environ(env={"TERM": "vt100", "LC_ALL": "C.UTF-8", **(env or {})})
        t = Terminal([PROGRAM, "menu", "--kexec-file-syscall", *args], environ, rows, columns, says_size)
        self.addCleanup(t.close)
        return t

    def log(self):
        log = self.dir / "log"
        return log.read_text().splitlines() if log.exists() else []

    def chosen(self, t):
        rows = sorted(t.screen.reversed_rows)
        self.assertEqual(len(rows), 1, t.screen.lines())
        line = t.screen.lines()[rows[0]]
        self.assertTrue(line.startswith("> "), line)
        return line[6:].split("  ")[0]

    def chooses(self, t, title):
        t.wait_for(lambda: len(t.screen.reversed_rows) == 1 and self.chosen(t) == title, title)

    def assertLeft(self, t, rc):
        self.assertEqual(t.wait(), rc, t.screen.lines())
        self.assertEqual(t.attributes(), t.before)
        self.assertTrue(t.screen.cursor_shown)
        self.assertFalse(t.screen.reverse)


class Choosing(Menu):
    def test_screen(self):
        t = self.start()
        t.shows("q: leave")
        lines = t.screen.lines()
        self.assertEqual(lines[0], "rapidreboot: choose what to start")
        kernel = self.kernel
        self.assertEqual(lines[1], "      TITLE         KERNEL")
        self.assertEqual(lines[2:6], [f"> *   Test          {kernel}", f"      Second        {kernel}",
                                      "    ! Other system", "    ! Gone"])
        self.assertEqual(lines[19], "* next, ! not by kexec")
        self.assertTrue("".join(lines[20:23]).endswith("root=/dev/sda1 ro"), lines)
        self.assertTrue(lines[23].startswith("Up, Down: choose"))
        self.assertFalse(t.screen.cursor_shown)
        t.type("q")
        self.assertLeft(t, 6)
        self.assertEqual([line for line in t.screen.lines() if line],
                         ["rapidreboot: nothing was done"])
        self.assertEqual(self.log(), [])

    def test_moves(self):
        t = self.start()
        t.shows("q: leave")
        for keys, title in ((DOWN, "Second"), (UP, "Test"), (UP, "Test"), ("jj",
                            "Other system"), ("\x1bOA", "Second"),
                            (END, "Gone"), ("\x1b[H", "Test"),
                            ("\x1b[F", "Gone"), (DOWN,
                            "Gone"), (PAGE_UP, "Test"),
                            (PAGE_DOWN, "Gone"),
                            ("\x1b[1;5A\x1b[200~", "Other system"),
                            ("\x10\x10\x0e", "Second")):
            t.type(keys)
            self.chooses(t, title)
        t.type("\x1b")
        self.assertLeft(t, 6)

    def test_leaves(self):
        """Every way out puts the terminal back, and none of them does anything."""
        for keys in ("q", "\x1b", "\x03", "\x04"):
            with self.subTest(keys):
                t = self.start()
                t.shows("q: leave")
                self.assertNotEqual(t.attributes(), t.before)
                t.type(keys)
                self.assertLeft(t, 6)
                self.assertEqual(self.log(), [])

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number):
                t = self.start()
                t.shows("q: leave")
                t.process.send_signal(number)
                self.assertLeft(t, -number)
                self.assertEqual(self.log(), [])

    def test_stop(self):
        t = self.start()
        t.shows("q: leave")
        t.process.send_signal(signal.SIGTSTP)
        t.wait_for(lambda: t.attributes() == t.before, "the terminal as it was")
        t.wait_for(lambda: t.screen.cursor_shown, "the cursor")
        t.process.send_signal(signal.SIGCONT)
        t.shows("q: leave")
        self.chooses(t, "Test")
        t.type("q")
        self.assertLeft(t, 6)

    def test_starts(self):
        """The chosen entry is started as any other reboot, with the same question."""
        t = self.start()
        t.shows("q: leave")
        t.type(DOWN + "\r")
        t.shows("Restart this machine into Second (6.1.0-test)? [y/N]")
        self.assertEqual(t.attributes(), t.before)
        t.type("n\n")
        self.assertLeft(t, 6)
        self.assertEqual(self.log(), [])
        t = self.start("-y")
        t.shows("q: leave")
        t.type(DOWN + "\r")
        self.assertLeft(t, 0)
        self.assertIn(ASKED, self.log())
        self.assertIn("root=/dev/sda2\"", self.log()[0])

    def entry(self, title, root):
        return f"menuentry '{title}' {{\n linux {self.kernel} root={root}\n}}\n"

    def started(self):
        [call] = [line for line in self.log() if line.startswith("kexec_file_load")]
        return call

    def test_twins(self):
        """Of two entries with one title the chosen one is started."""
        self.take_menu(self.entry("Twin", "/dev/sda1") + self.entry("Twin", "/dev/sda2"))
        t = self.start("-y")
        t.shows("q: leave")
        t.type(DOWN + "\r")
        self.assertLeft(t, 0)
        self.assertIn("root=/dev/sda2", self.started())

    def test_moved(self):
        """Somebody puts another entry on top while the menu is shown: the chosen one is started."""
        both = self.entry("Test", "/dev/sda1") + self.entry("Second", "/dev/sda2")
        self.take_menu(both)
        t = self.start("-y")
        t.shows("q: leave")
        self.take_menu(self.entry("New", "/dev/sda3") + both)
        t.type(DOWN + "\r")
        self.assertLeft(t, 0)
        self.assertIn("root=/dev/sda2", self.started())

    def test_changed(self):
        """The chosen one is not there any more as it was: it is said, and the menu shown anew."""
        self.take_menu(self.entry("Test", "/dev/sda1") + self.entry("Second", "/dev/sda2"))
        t = self.start("-y")
        t.shows("q: leave")
        self.take_menu(self.entry("Test", "/dev/sda1") + self.entry("Second", "/dev/sda9") +
                       self.entry("Third", "/dev/sda3"))
        t.type(DOWN + "\r")
        t.shows("the boot configuration has changed: choose again")
        self.assertTrue(any(line.startswith("      Third") for line in t.screen.lines()))
        self.assertEqual(self.log(), [])
        t.type(DOWN + "\r")
        self.assertLeft(t, 0)
        self.assertIn("root=/dev/sda9", self.started())

    def test_recorded(self):
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        t = self.start("-y")
        t.shows("q: leave")
        t.type("\r")
        self.assertLeft(t, 0)
        [a] = json.loads(self.assertRuns(["timeline", "--json"], 0, []).out)
        self.assertEqual((a["why"], a["entry"]), ("menu", "Test"))

    def test_not_bootable(self):
        t = self.start()
        t.shows("q: leave")
        for key in ("\r", "e"):
            t.type(END + key)
            t.shows("kexec cannot start this entry")
            t.type(UP)
            t.shows("q: leave")
        t.type("q")
        self.assertLeft(t, 6)


class Once(Menu):
    """What only the boot loader starts: it is told to start it once, and the machine goes through the firmware."""
    HEEDS = "load_env\nif [ \"${next_entry}\" ]; then set default=\"${next_entry}\"; else set default=0; fi\n"
    COLD = "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot"

    def setUp(self):
        super().setUp()
        self.program("/usr/sbin/grub-reboot")
        self.take_other()

    def take_other(self, head=HEEDS):
        """A menu whose configuration heeds grub-reboot(8), as grub-mkconfig writes it, or another one."""
        self.take_menu(head + f"menuentry 'Test' {{\n linux {self.kernel} root=/dev/sda1\n}}\n"
                       "submenu 'More' --id 'more' {\n menuentry 'Other system' "
                       "--id 'other' {\n  chainloader +1\n }\n}\n"
                       "menuentry 'Gone' {\n linux /boot/vmlinuz-gone\n}\n")

    def does(self, entry="more>other"):
        """What grub-reboot(8) does: an environment block of 1024 bytes."""
        (self.dir / "env").write_text(f"# GRUB Environment Block\nnext_entry={entry}\n".ljust(1024, "#"))
        return {"FAKE_DOES_grub-reboot": f"cp {self.dir}/env {self.root}/boot/grub/grubenv"}

    def choose(self, *args, typed="y\n", **env):
        (self.root / "boot/grub/grubenv").unlink(missing_ok=True)
        t = self.start(*args, env=env)
        t.shows("q: leave")
        t.type(DOWN)
        t.shows("Enter: once, through the firmware")
        t.type("e")
        t.shows("kexec cannot start this entry")
        t.type("\r")
        if typed:
            t.shows("Restart this machine once into Other system, through the firmware? [y/N]")
            t.type(typed)
        return t

    def test_starts(self):
        t = self.choose(**self.does())
        self.assertLeft(t, 0)
        self.assertEqual([line for line in self.log() if line.startswith("run ")],
                         ["run /usr/sbin/grub-reboot more>other", self.COLD])
        t = self.choose("--yes", typed=None, **self.does())
        self.assertLeft(t, 0)
        self.assertIn(self.COLD, self.log())

    def test_declined(self):
        t = self.choose(typed="n\n", **self.does())
        self.assertLeft(t, 6)
        self.assertEqual(self.log(), [])

    def test_not_heeded(self):
        """The loader would start something else all the same: nothing is rebooted."""
        for env, head in ((self.does(), "set default=0\n"), (self.does("0"), self.HEEDS), ({}, self.HEEDS)):
            with self.subTest((env, head)):
                self.take_other(head)
                t = self.choose(**env)
                self.assertLeft(t, 1)
                shown = " ".join(t.screen.lines())
                self.assertIn("but would start Test by its configuration", shown)
                self.assertNotIn(self.COLD, self.log())

    def test_fails(self):
        t = self.choose(FAKE_EXITS="grub-reboot=1", **self.does())
        self.assertLeft(t, 1)
        self.assertIn("grub-reboot failed (exit status 1)", " ".join(t.screen.lines()))
        self.assertEqual(self.log(), ["run /usr/sbin/grub-reboot more>other"])
        (self.root / "usr/sbin/grub-reboot").unlink()
        t = self.choose()
        self.assertLeft(t, 1)
        self.assertIn("there is no such program", " ".join(t.screen.lines()))
        self.assertEqual(self.log(), [])

    def test_init_refuses(self):
        """The next boot starts it all the same, which is said."""
        t = self.choose(FAKE_EXITS="systemctl=1", **self.does())
        self.assertLeft(t, 5)
        self.assertIn("the next boot starts Other system all the same", " ".join(t.screen.lines()))

    def test_what_cannot(self):
        """Files that are missing are missing for the boot loader, too; no time, no other root."""
        t = self.start()
        t.shows("q: leave")
        t.type(END + "\r")
        t.shows("kexec cannot start this entry")
        t.type("q")
        self.assertLeft(t, 6)
        t = self.choose("--when", "+5", typed=None)
        self.assertLeft(t, 2)
        self.assertEqual(self.log(), [])
        t = self.choose("-n", typed=None)
        self.assertLeft(t, 0)
        self.assertIn("grub would start Other system once, through the firmware", t.screen.lines())
        self.assertEqual(self.log(), [])

    def test_systemd_boot(self):
        (self.root / "boot/grub/grub.cfg").unlink()
        loader = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
        variable = lambda text: b"\x06\0\0\0" + (text + "\0").encode("utf-16-le")
        self.set("boot/loader/loader.conf", "default a.conf\n")
        self.set("boot/loader/entries/a.conf", "title A\nlinux /vmlinuz\n")
        self.set("boot/loader/entries/w.conf", "title Windows\nefi /w.efi\n")
        self.set("boot/vmlinuz", "x")
        self.set("boot/w.efi", "MZ")
        self.set("sys/firmware/efi/efivars/.x", "")
        efivars = self.root / "sys/firmware/efi/efivars"
        (efivars / f"LoaderInfo-{loader}").write_bytes(variable("systemd-boot 252"))
        (self.dir / "var").write_bytes(variable("w.conf"))
        self.program("/usr/bin/bootctl")
        t = self.start(env={"FAKE_DOES_bootctl": f"cp {self.dir}/var {efivars}/LoaderEntryOneShot-{loader}"})
        t.shows("q: leave")
        t.type(HOME)
        t.shows("Enter: once, through the firmware")
        t.type("\r")
        t.shows("Restart this machine once into Windows")
        t.type("y\n")
        self.assertLeft(t, 0)
        self.assertEqual([line for line in self.log() if line.startswith("run ")],
                         ["run /usr/bin/bootctl set-oneshot w.conf", self.COLD])

    def test_by_number(self):
        t = self.start(env={"TERM": "dumb", **self.does()})
        t.shows("nothing to leave:")
        t.type("1\n")
        t.shows("Restart this machine once into Other system")
        t.type("y\n")
        self.assertEqual(t.wait(), 0)
        self.assertIn(self.COLD, self.log())


class Editing(Menu):
    def edit(self, *keys, end="\r", start=True):
        """Edits the second entry ("root=/dev/sda2"), starts it, returns the command line."""
        t = self.start("-y")
        t.shows("q: leave")
        t.type(DOWN)
        self.chooses(t, "Second")
        t.type("e")
        t.shows("Enter: keep")
        self.assertTrue(t.screen.cursor_shown)
        for key in keys:
            t.type(key)
        t.type(end)
        t.shows("q: leave")
        t.type("\r")
        self.assertLeft(t, 0)
        [loaded] = [line for line in self.log() if line.startswith("kexec_file_load")]
        return loaded.split('cmdline="')[1].rsplit('"', 1)[0]

    def test_lines(self):
        # as it was, from an entry that nobody edited
        plain = self.edit(end="\x1b")
        self.assertTrue(plain.endswith("root=/dev/sda2"), plain)
        for keys, want in (([" single"], plain + " single"),
                           ([" x", "\x7f", "\b", "\x7f", "1"], plain[:-1] + "1"),
                           ([HOME, "a ", END, " b"], "a " + plain + " b"),
                           (["\x15", "one two  ", "\x17", "three"], "one three"),
                           (["\x15", "abc", LEFT, LEFT, "\x0b", "x"], "ax"),
                           (["\x15", "abc", HOME, DELETE, RIGHT, "-"], "b-c"),
                           (["\x01", "\x0b", "q=\"a b\" $x"], "q=\"a b\" $x"),
                           (["\x15", "gr\u00fc\u00dfe", LEFT, LEFT, DELETE], "gr\u00fce")):
            with self.subTest(keys):
                self.assertEqual(self.edit(*keys), want)

    def test_escape(self):
        self.assertTrue(self.edit(" thrown-away", end="\x1b").endswith("root=/dev/sda2"))

    def test_shown(self):
        t = self.start()
        t.shows("q: leave")
        t.type("e")
        t.shows("its command line")
        t.type("\x15" + "x" * 100 + "end")
        t.wait_for(lambda: t.screen.lines()[21] == "x" * 20 + "end", "a second row")
        self.assertEqual(t.screen.lines()[20], "x" * 80)
        self.assertEqual((t.screen.row, t.screen.column), (21, 23))
        # more than there is room for: the end, where the cursor is
        t.type("y" * 200)
        t.wait_for(lambda: t.screen.lines()[22] == "y" * 63, "rows that have moved")
        self.assertEqual((t.screen.row, t.screen.column), (22, 63))
        t.type(HOME)
        t.wait_for(lambda: t.screen.lines()[20] == "x" * 80, "the beginning")
        self.assertEqual((t.screen.row, t.screen.column), (20, 0))
        t.type("\r")
        t.shows("Test (edited)")
        t.type("q")
        self.assertLeft(t, 6)


class Terminals(Menu):
    def many(self, n):
        self.take_menu("set default=0\n" + "".join(
            f"menuentry 'Entry {i:02}' {{\n linux {self.kernel} n={i}\n}}\n" for i in range(n)))

    def test_scrolls(self):
        self.many(40)
        t = self.start(rows=12, columns=40)
        t.shows("Up, Down")
        self.assertEqual([line.split(" /")[0].rstrip() for line in t.screen.lines()[2:7]],
                         ["> *   Entry 00"] + [f"      Entry {i:02}" for i in range(1, 5)])
        t.type(DOWN * 7)
        self.chooses(t, "Entry 07")
        self.assertTrue(t.screen.lines()[2].startswith("      Entry 03"))
        self.assertIn("n=7", "".join(t.screen.lines()[8:11]))
        t.type(END)
        self.chooses(t, "Entry 39")
        t.type(PAGE_UP)
        self.chooses(t, "Entry 34")
        t.type("q")
        self.assertLeft(t, 6)

    def test_resized(self):
        self.many(40)
        t = self.start()
        t.shows("q: leave")
        t.screen.__init__(10, 30)
        t.set_size(10, 30)
        t.process.send_signal(signal.SIGWINCH)
        t.wait_for(lambda: t.screen.lines()[9].startswith("Up, Down: choose"), "ten rows")
        self.assertEqual(t.screen.lines()[2], "> *   Entry 00")
        self.assertTrue(all(len(line) <= 30 for line in t.screen.lines()))
        t.type("q")
        self.assertLeft(t, 6)

    def test_tiny(self):
        """Whatever the size, keys work and nothing scrolls."""
        for rows, columns in ((1, 10), (2, 1), (3, 5), (7, 20), (8, 20), (8, 1)):
            with self.subTest((rows, columns)):
                t = self.start("-y", rows=rows, columns=columns)
                t.wait_for(lambda: t.screen.lines()[0 if rows < 8 else 2].startswith(">"), "menu")
                t.type(DOWN + "e x\r")
                t.read(0.3)
                t.type("\r")
                self.assertLeft(t, 0)
                self.assertIn("root=/dev/sda2 x", self.log()[0])

    def test_serial(self):
        """A line that does not know the size of the screen at its end: the screen tells it."""
        t = self.start(rows=30, columns=100, says_size=False)
        t.wait_for(lambda: t.screen.lines()[29].startswith("Up, Down"), "all rows used")
        t.type(DOWN)
        self.chooses(t, "Second")
        t.type("q")
        self.assertLeft(t, 6)

    def test_hostile_titles(self):
        """Nothing in a title is a command to the terminal, and nothing is wider than the screen."""
        self.take_menu("set default=0\nmenuentry 'a\x1b[2Jb\x9bc\x07 \N{SNOWMAN} \xc2\x9b31m' {\n"
                       f" linux {self.kernel} x\x1b[31m\n}}\nmenuentry '{'w' * 300}' {{\n"
                       f" linux {self.kernel}\n}}\n")
        t = self.start()
        t.shows("q: leave")
        self.assertEqual(t.screen.lines()[3], "      " + "w" * 25 + "…" + "w" * 48)
        self.assertIn("a?[2Jb", t.screen.lines()[2])
        self.assertIn("\N{SNOWMAN}", t.screen.lines()[2])
        t.type("q")
        self.assertLeft(t, 6)
        t = self.start(env={"LC_ALL": "C"})
        t.shows("q: leave")
        self.assertTrue(all(line.isascii() for line in t.screen.lines()))
        t.type("q")
        self.assertLeft(t, 6)

    def test_dumb(self):
        for env in ({"TERM": "dumb"}, {"TERM": ""}):
            t = self.start("-y", env=env)
            t.shows("nothing to leave:")
            self.assertTrue(any(line.startswith("  0 *   Test  ") for line in t.screen.lines()))
            self.assertIn("  3   ! Gone", t.screen.lines())
            t.type("1\n")
            t.shows("keep it:")
            t.type("a b\n")
            self.assertEqual(t.wait(), 0)
            self.assertIn('cmdline="a b"', self.log()[0])
        for answer in ("\n", "3\n", "9\n", "x\n", "-1\n", "\x04"):
            t = self.start("-y", env={"TERM": "dumb"})
            t.shows("nothing to leave:")
            t.type(answer)
            self.assertEqual(t.wait(), 6, answer)
            self.assertEqual(self.log(), [])

    def test_no_terminal(self):
        r = self.assertRuns(["menu"], 1, [], env={"TERM": "vt100"})
        self.assertIn("rapidreboot list", r.err)
        self.assertRuns(["menu", "Second"], 2, [])
        self.assertRuns(["menu", "--cmdline", "x"], 2, [])

    def test_gone(self):
        """A line that is hung up."""
        t = self.start()
        t.shows("q: leave")
        process = t.process
        # the other end first, so that reads fail rather than wait
        os.close(t.slave)
        os.close(t.master)
        self.assertIn(process.wait(timeout=60), (6, -signal.SIGHUP))
        t.master, t.slave = os.pipe()
        self.assertEqual(self.log(), [])


if __name__ == "__main__":
    main()
