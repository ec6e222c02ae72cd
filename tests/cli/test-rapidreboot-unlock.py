#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--unlock: what it refuses, that a key is never promised where none is handed over, and that such a load is not reused."""
import errno
import gzip
import json
import stat
import termios
from pathlib import Path

from kexec_machine import PROGRAM, main
from screen import Terminal
from when_machine import LOADED, SYMBOLS, PackedTest, kcore

SCRIPT = "scripts/local-top/cryptroot"
TABLE = "cryptroot/crypttab"
UUID = "5d0f8a52-6f0d-4a6c-8f1e-2f6f8a1c9d21"
VOLUME = f"cryptroot UUID={UUID} "
RECORD = "var/lib/rapidreboot/unlock"
QUESTION = "Passphrase for cryptroot (now, so that nobody has to type it at the console):"
WRONG = "no key slot has this passphrase"


def cpio(members):
    """An archive by cpio(5), new ASCII format."""
    data = b""
    for name, contents in [*members, ("TRAILER!!!", "")]:
        name = name.encode() + b"\0"
        fields = [1, 0o100644, 0, 0, 1, 0, len(contents), 0, 0, 0, 0, len(name), 0]
        for part in (b"070701" + b"".join(b"%08x" % f for f in fields) + name, contents.encode()):
            data += part + b"\0" * (-len(part) % 4)
    return data + b"\0" * (-len(data) % 512)


class UnlockMachine(PackedTest):
    def setUp(self):
        super().setUp()
        self.program("/usr/sbin/cryptsetup")
        self.set_table("none luks")

    def set_members(self, *members):
        self.set_initrd(gzip.compress(cpio([("init", "#!/bin/sh\n"), *members])))

    def set_table(self, key):
        self.set_members((SCRIPT, "#!/bin/sh\n"), (TABLE, VOLUME + key + "\n"))


class Unlock(UnlockMachine):
    def refuses(self, args, rc, *sentences, **how):
        """Nothing is loaded and nothing is noted."""
        r = self.assertRuns(args, rc, **how)
        for sentence in sentences:
            self.assertIn(sentence, r.err)
        self.assertNotIn("load", r.calls)
        self.assertIsNone(self.read(LOADED))
        self.assertFalse((self.root / RECORD).exists())
        return r

    def test_nobody_to_ask(self):
        for args in (["load", "--unlock"], ["-y", "--unlock"]):
            self.assertEqual(self.refuses(args, 3, "nobody can be asked for a passphrase", "--unlock-from FD").calls, [])

    def test_options(self):
        for words in (["--when", "+5"], ["--cancel"], ["--root", str(self.root)]):
            self.refuses(["--unlock-from", "3", *words], 2, "--unlock cannot be used with " + words[0])
        self.refuses(["--unlock-from", "0"], 2, "--yes goes with it", typed="y\n")
        for number in ("x", "-1", "99999999", ""):
            self.refuses(["load", "--unlock-from", number], 2, "not the number of a descriptor")
        self.refuses(["load", "--unlock", "--no-unlock"], 2, "--unlock and --no-unlock exclude each other")

    def test_descriptor(self):
        self.refuses(["load", "--unlock-from", "0"], 3, "--unlock-from 0: it is empty", typed="")
        self.refuses(["load", "--unlock-from", "0"], 3, "longer than a passphrase can be", typed="p" * 600)
        self.refuses(["load", "--unlock-from", "77"], 3, "--unlock-from 77: Bad file descriptor")

    def test_initial_ramdisk(self):
        for members in ([], [(TABLE, VOLUME + "none luks\n")], [(SCRIPT, "#!/bin/sh\n")], [(SCRIPT, ""), (TABLE, "")]):
            self.set_members(*members)
            r = self.refuses(["load", "--unlock-from", "0"], 3, self.initrd + ": what has made it is not known here: keys can be handed only to",
                             typed="secret\n")
            self.assertFalse([call for call in r.calls if "cryptsetup" in call])

    def test_makers(self):
        """By files that their images have, and no others: each is said, and nothing is loaded."""
        systemd = ("usr/bin/systemd-cryptsetup", "")
        dracut, gentoo = ("usr/lib/dracut/build-parameter.txt", ""), ("lib/dracut/build-parameter.txt", "")
        for members, said in (([("conf/initramfs.conf", "")], "initramfs-tools, without a table of encrypted volumes"),
                              ([dracut], "dracut, without systemd"),
                              ([dracut, systemd], "dracut, with systemd"),
                              ([("usr/lib/systemd/systemd-cryptsetup", ""), dracut], "dracut, with systemd"),
                              ([("buildconfig", ""), ("hooks/encrypt", "")], "mkinitcpio:"),
                              ([("buildconfig", ""), systemd], "mkinitcpio, with systemd"),
                              ([("etc/booster.init.yaml", "")], "booster"),
                              ([gentoo, ("lib/dracut/dracut-gk-version.info", "")], "genkernel"),
                              ([systemd], "what has made it is not known here")):
            with self.subTest(said):
                self.set_members(*members)
                self.refuses(["load", "--unlock-from", "0"], 3, said, "cryptroot/crypttab", typed="secret\n")

    def test_wrong(self):
        for args in (["load"], ["-y"]):
            r = self.refuses([*args, "--unlock-from", "0"], 3, "no key slot has this passphrase", typed="secret horse\n", exits={"cryptsetup": 2})
            self.assertNotIn("secret horse", r.out + r.err)

    def test_no_cryptsetup(self):
        (self.root / "usr/sbin/cryptsetup").unlink()
        self.refuses(["load", "--unlock-from", "0"], 3, "no cryptsetup in /usr/sbin", typed="secret\n")

    def test_no_header(self):
        """A volume that is not there, although cryptsetup took the passphrase."""
        self.refuses(["load", "--unlock-from", "0"], 3, f"by-uuid/{UUID}: No such file", typed="secret\n")

    def test_replaced(self):
        """The image that had a key is gone once another one is loaded, and so is what the key was for."""
        entry = f"{UUID} 31 9e107d9d372bb682\n"
        self.set(RECORD, entry)
        (self.root / RECORD).chmod(stat.S_IRUSR | stat.S_IWUSR)
        r = self.assertRuns(["load"], 4, errors={"load": errno.EPERM, "file_load": errno.EPERM})
        self.assertNotIn("key slot", r.err)
        r = self.assertRuns(["load"], 0, ["load"])
        # this machine has no such volume: it is tried, said, and not forgotten
        self.assertIn(f"a key slot that is named in /{RECORD} was not emptied: /dev/disk/by-uuid/{UUID}: No such file", r.err)
        self.assertEqual(self.read(RECORD), entry)

    def loads_without_key(self):
        r = self.assertRuns(["load", "--unlock-from", "0"], 0, ["load"], typed="secret\n")
        self.assertIn("asks for no passphrase: no key is handed over", r.err)

    def test_never_loaded_already(self):
        self.set_table("/cryptroot/keyfiles/root.key luks")
        self.set("proc/kallsyms", SYMBOLS)
        self.assertRuns(["load"], 0, ["load"])
        self.set("sys/kernel/kexec_loaded", "1\n")
        (self.root / "proc/kcore").write_bytes(kcore(int(self.line(LOADED, "start"))))
        self.assertIn("is loaded already", self.assertRuns(["load"], 0, []).err)
        self.loads_without_key()
        # nor is what was loaded with it taken for an ordinary load
        self.assertIsNone(self.line(LOADED, "same"))
        (self.root / "proc/kcore").write_bytes(kcore(int(self.line(LOADED, "start"))))
        self.assertRuns(["load"], 0, ["load"])


class Asked(UnlockMachine):
    """The question on a terminal."""

    def start(self, *args, **how):
        (self.dir / "log").unlink(missing_ok=True)
        t = Terminal([PROGRAM, *args, "--unlock"], self.environ(env={"TERM": "vt100"}, **how), rows=40, columns=200)
        self.addCleanup(t.close)
        return t

    def answer(self, t, number, text):
        """Types @text when the question is there for the @number-th time, and the terminal is silent."""
        def asks():
            asked = sum(QUESTION in line for line in t.screen.lines())
            return asked == number and not t.attributes()[3] & termios.ECHO

        t.wait_for(asks, f"question {number}")
        t.type(text)

    def left(self, t, rc):
        """What it has shown; the terminal is as it was and nothing was done."""
        self.assertEqual(t.wait(), rc, t.screen.lines())
        self.assertEqual(t.attributes(), t.before)
        self.assertIsNone(self.read(LOADED))
        self.assertFalse((self.root / RECORD).exists())
        log = self.dir / "log"
        self.assertNotIn("load", log.read_text().split() if log.exists() else [])
        return "\n".join(t.screen.lines())

    def test_three_tries(self):
        t = self.start("load", exits={"cryptsetup": 2})
        for number, word in enumerate(("first horse", "second horse", "third horse"), 1):
            self.answer(t, number, word + "\n")
        shown = self.left(t, 3)
        self.assertEqual(shown.count(QUESTION), 3)
        self.assertEqual(shown.count(WRONG), 3)
        self.assertNotIn("horse", shown)

    def test_empty(self):
        t = self.start("load")
        self.answer(t, 1, "\n")
        t.shows("an empty passphrase opens nothing")
        self.answer(t, 2, "\x03")
        self.left(t, 6)

    def test_given_up(self):
        for what, keys in (("Ctrl-C", "\x03"), ("Ctrl-C in a line", "half\x03"), ("Ctrl-D", "\x04")):
            with self.subTest(what):
                t = self.start("load")
                self.answer(t, 1, keys)
                shown = self.left(t, 6)
                self.assertIn("no passphrase: nothing was done", shown)
                self.assertNotIn("half", shown)

    def test_other_failure(self):
        """What another passphrase does not help against is not asked again."""
        t = self.start("load", exits={"cryptsetup": 4})
        self.answer(t, 1, "secret horse\n")
        shown = self.left(t, 3)
        self.assertEqual(shown.count(QUESTION), 1)
        self.assertIn("/usr/sbin/cryptsetup failed with status 4", shown)

class EncryptedMachine(UnlockMachine):
    def setUp(self):
        super().setUp()
        # a volume that the initial ramdisk opens: its header, without key slots and tokens, by the LUKS2 specification
        head = b"LUKS\xba\xbe\0\2" + (0x8000).to_bytes(8, "big")
        areas = json.dumps({"keyslots": {}, "tokens": {}, "config": {"json_size": "12288"}}).encode()
        device = self.root / "dev/disk/by-uuid" / UUID
        device.parent.mkdir(parents=True, exist_ok=True)
        device.write_bytes((head.ljust(4096, b"\0") + areas).ljust(0x8000, b"\0"))
        self.set("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
        disk = self.root / "sys/dev/block/8:1"
        disk.parent.mkdir(parents=True, exist_ok=True)
        disk.symlink_to("../../devices/pci0/ata1/block/sda/sda1")
        self.named = ["--append", f"rd.luks.uuid=luks-{UUID}"]


class Configured(EncryptedMachine, Asked):
    """UNLOCK=ask"""

    def setUp(self):
        super().setUp()
        self.set("etc/rapidreboot.conf", "UNLOCK=ask\n")

    def start(self, *args, **how):
        (self.dir / "log").unlink(missing_ok=True)
        t = Terminal([PROGRAM, *args], self.environ(env={"TERM": "vt100"}, **how), rows=40, columns=200)
        self.addCleanup(t.close)
        return t

    # Those of Asked, by the setting instead of the option
    def test_three_tries(self):
        t = self.start("load", *self.named, exits={"cryptsetup": 2})
        for number in (1, 2, 3):
            self.answer(t, number, "horse\n")
        self.assertEqual(self.left(t, 3).count(WRONG), 3)

    def test_empty(self):
        t = self.start("load", *self.named)
        self.answer(t, 1, "\n")
        t.shows("an empty passphrase opens nothing")
        self.answer(t, 2, "\x03")
        self.left(t, 6)

    def test_given_up(self):
        t = self.start("-y", *self.named)
        self.answer(t, 1, "\x04")
        self.assertIn("no passphrase: nothing was done", self.left(t, 6))

    def test_other_failure(self):
        t = self.start("load", *self.named, exits={"cryptsetup": 4})
        self.answer(t, 1, "secret horse\n")
        self.assertIn("/usr/sbin/cryptsetup failed with status 4", self.left(t, 3))

    def loads(self, *args):
        """Without a question."""
        t = self.start("load", *args)
        self.assertEqual(t.wait(), 0, t.screen.lines())
        self.assertIsNotNone(self.read(LOADED))
        shown = "\n".join(t.screen.lines())
        self.assertNotIn("Passphrase", shown)
        return shown

    def test_nothing_encrypted(self):
        """A setting that is the same on all machines of a fleet changes nothing on those without such a volume."""
        self.assertNotIn("no key is handed over", self.loads())
        self.assertIsNotNone(self.line(LOADED, "same"))

    def test_taken_back(self):
        self.assertIn("The next boot asks for a passphrase", self.loads("--no-unlock", *self.named))

    def test_switched_off(self):
        self.set("etc/rapidreboot.conf", "UNLOCK=no\n")
        self.assertIn("The next boot asks for a passphrase", self.loads(*self.named))

    def test_other_initrd(self):
        self.set_members()
        t = self.start("load", *self.named)
        shown = self.left(t, 3)
        self.assertIn("what has made it is not known here", shown)
        self.assertIn("UNLOCK= of rapidreboot.conf wants keys", shown)

    def test_without_terminal(self):
        """Nobody is asked, and so the check refuses."""
        r = self.assertRuns(["load", *self.named], 3)
        self.assertIn("F1  refuse", r.err)
        self.assertNotIn("load", r.calls)

    def test_check(self):
        """It says what the reboot would do; `-v` names the volume, in more lines than this screen has."""
        for setting, finds in (("ask", False), ("no", True)):
            self.set("etc/rapidreboot.conf", f"UNLOCK={setting}\n")
            t = self.start("check", *self.named)
            self.assertEqual(t.wait(), 8)
            self.assertEqual(any("F1  warning" in line for line in t.screen.lines()), finds)


class KeyFile(EncryptedMachine):
    """UNLOCK=keyfile"""

    NAME = f"luks-{UUID}"  # as the command line has it
    KEY = f"etc/cryptsetup-keys.d/{NAME}.key"

    def setUp(self):
        super().setUp()
        self.set("etc/rapidreboot.conf", f"UNLOCK=keyfile\nAPPEND=rd.luks.uuid={self.NAME}\n")
        self.set(self.KEY, "secret horse")
        self.set_members((SCRIPT, "#!/bin/sh\n"), (TABLE, f"{self.NAME} UUID={UUID} none luks\n"))

    def refuses(self, args, rc, sentence, **how):
        r = self.assertRuns(args, rc, **how)
        self.assertIn(sentence, r.err)
        self.assertNotIn("secret horse", r.out + r.err)
        self.assertNotIn("load", r.calls)
        self.assertIsNone(self.read(LOADED))
        return r

    def tried(self, r):
        return [call for call in r.log if call == "run cryptsetup open with 1 secrets"]

    def test_opens_nothing(self):
        r = self.refuses(["load"], 3, "no key slot has this passphrase", exits={"cryptsetup": 2})
        self.assertEqual(len(self.tried(r)), 1)
        self.assertIn("--no-unlock", r.err)

    def test_volume_is_not_there(self):
        """The file was taken, and this machine has no such device."""
        r = self.refuses(["load"], 3, f"by-uuid/{UUID}: No such file")
        self.assertEqual(len(self.tried(r)), 1)

    def test_no_file(self):
        (self.root / self.KEY).unlink()
        self.assertIn("F1  refuse", self.refuses(["load"], 3, "asks for a passphrase").err)

    def test_changed_by_others(self):
        (self.root / self.KEY).chmod(0o666)
        self.refuses(["load"], 3, self.KEY)

    def test_other_name(self):
        """The table of the initial ramdisk decides which volumes ask, whatever check F1 thinks they are called."""
        self.set_table("none luks")
        r = self.refuses(["load"], 3, "/etc/cryptsetup-keys.d/cryptroot.key: no such file: it would be the key file of \"cryptroot\"")
        self.assertEqual(self.tried(r), [])

    def test_time(self):
        """The key would lie in memory until then."""
        self.assertIn("F1  refuse", self.refuses(["--when", "+5"], 3, "asks for a passphrase").err)

    def test_ordinary_reboot(self):
        self.take_init("sysvinit")
        self.program("/usr/sbin/cryptsetup")
        self.set("var/lib/rapidreboot/enabled", "")
        r = self.refuses(["hook", "load"], 0, "no key slot has this passphrase", exits={"cryptsetup": 2}, env={"RUNLEVEL": "6"})
        self.assertIn("nothing is loaded: this is a reboot through the firmware", r.err)
        self.assertEqual(len(self.tried(r)), 1)

    def test_check(self):
        self.assertNotIn("F1  ", self.assertRuns(["check"], 8).out)
        self.assertIn("F1  refuse", self.assertRuns(["check", "--no-unlock"], 3).out)


if __name__ == "__main__":
    main()
