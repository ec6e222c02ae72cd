#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line of rapidreboot: every wrong word, option or value ends in 2 before anything is
looked at, with one line of the same form, as rapidreboot(8) says under EXIT STATUS."""
import json
import os
import pathlib
import shutil

from kexec_machine import main
from reboot_machine import RebootTest

COMMANDS = ("reboot", "load", "unload", "status", "check", "enable", "disable", "list", "show",
            "eval-grub", "timeline", "menu", "desktop", "clear", "confirm", "hook", "keep", "help")
PLACE = "KIND:NAME=DIR with KIND uuid, label or dev"

WRONG = (
    (["list", "--jsn"], "list: unrecognized option '--jsn' (did you mean '--json'?)"),
    (["list", "word"], "list: 'word' is one word too many"),
    (["list", "--default-kernel"], "list: unrecognized option '--default-kernel' (show takes it)"),
    (["status", "-v"], "status: invalid option -- 'v'"),
    (["list", "--config"], "list: option '--config' requires an argument"),
    (["list", "--json=x"], "list: option '--json' doesn't allow an argument"),
    (["show", "--default"], "show: option '--default' is ambiguous ('--default-kernel', "
                            "'--default-index', '--default-title')"),
    (["show", "--default-index", "Test"], "show: --default-kernel, --default-index and "
                                          "--default-title are about the default entry, 'Test' is "
                                          "too much"),
    (["list", "--firmware", "uefi"], "list: option '--firmware' takes efi or bios, not 'uefi' "
                                     "(did you mean 'efi'?)"),
    (["list", "--firmware=x"], "list: option '--firmware' takes efi or bios, not 'x'"),
    (["list", "--type=lilypad"], "list: option '--type' takes the name of a boot loader, which "
                                 "rapidreboot(8) lists, not 'lilypad'"),
    (["load", "--kernel=x", "--type=grub"],
     "load: --type is about entries, which --kernel does without"),
    (["load", "--kernel=x", "--config=y"],
     "load: --config is about entries, which --kernel does without"),
    (["list", "--grub-flavour=debian"],
     "list: option '--grub-flavour' takes upstream, rh or suse, not 'debian'"),
    (["list", "--fs", "foo"], f"list: option '--fs' takes {PLACE}, not 'foo'"),
    (["show", "--fs", "uuid:1234"], f"show: option '--fs' takes {PLACE}, not 'uuid:1234'"),
    (["show", "--fs", "uuid:=/x"], f"show: option '--fs' takes {PLACE}, not 'uuid:=/x'"),
    (["show", "--fs", "uuid:1234="], f"show: option '--fs' takes {PLACE}, not 'uuid:1234='"),
    (["show", "--fs", "name:1=/x"], f"show: option '--fs' takes {PLACE}, not 'name:1=/x'"),
    (["eval-grub", "--var", "X", "f"], "eval-grub: option '--var' takes NAME=VALUE, not 'X'"),
    (["eval-grub", "--var", "=x", "f"], "eval-grub: option '--var' takes NAME=VALUE, not '=x'"),
    (["eval-grub"], "eval-grub: FILE is missing"),
    (["eval-grub", "a", "b"], "eval-grub: 'b' is one word too many"),
    (["status", "--kernel=x"],
     "status: unrecognized option '--kernel=x' (reboot, load, check, crash load and crash estimate take it)"),
    (["status", "--notice", "--json"], "status: --notice and --json exclude each other"),
    (["timeline", "0"], "timeline: '0' is no number of an attempt: 1 is the last one"),
    (["timeline", "x"], "timeline: 'x' is no number of an attempt: 1 is the last one"),
    (["enable", "x"], "enable: 'x' is one word too many"),
    (["disable", "--now"], "disable: unrecognized option '--now'"),
    (["clear", "--force=H1"], "clear: unrecognized option '--force=H1' (reboot, load, menu and check "
                              "take it)"),
    (["desktop"], "desktop: this is for pkexec to run, which says for whom"),
    (["keep"], "keep: setup SIZE|save|restore is missing"),
    (["keep", "safe"], "keep: 'safe' is none of setup, save and restore"),
    (["keep", "save", "now"], "keep: 'save' stands alone"),
    (["keep", "setup", "much"], "keep: how much? `rapidreboot keep setup SIZE`, with a SIZE such as 512M or 2G"),
    (["hook"], "hook: NAME is missing"),
    (["hook", "laod"], "hook: there is no hook 'laod' (did you mean 'load'?)"),
    (["help", "lst"], "help: there is no command 'lst' (did you mean 'list'?)"),
    (["help", "list", "show"], "help: 'show' is one word too many"),
)

TREES = pathlib.Path(__file__).parents[1] / "golden" / "entries"
# A tree of tests/golden/entries, the configuration in it, its types, and the name it gets instead.
TYPES = (
    ("grub-separate-boot", None, ("grub",), "menu"),
    ("type1-options-initrd", "boot/loader/entries", ("bls", "systemd-boot"), "../conf.d"),
    ("limine", "boot/limine.conf", ("limine",), "menu"),
    ("limine-cfg", None, ("limine",), "menu.cfg"),
    ("refind-scanfor-manual", None, ("refind",), "menu"),
    ("syslinux", "boot/syslinux/syslinux.cfg", ("syslinux", "extlinux"), "menu"),
    ("grub-legacy", "boot/grub/menu.lst", ("grub-legacy",), "menu"),
    ("raspberry-pi-os", "boot/firmware/config.txt", ("raspberry-pi",), "menu"),
    ("zipl-default", "etc/zipl.conf", ("zipl",), "menu"),
)


class Options(RebootTest):
    def test_wrong(self):
        self.take_menu()
        before = self.tree()
        for args, sentence in WRONG:
            with self.subTest(args):
                r = self.assertRuns(args, 2, [])
                self.assertEqual(r.err, f"rapidreboot: {sentence}, try --help\n")
                self.assertEqual(r.out == "", "--json" not in args)     # what it is then: test-rapidreboot-json.py
        self.assertEqual(self.tree(), before)

    def test_values_that_are_right(self):
        self.take_menu()
        (self.root / "data").mkdir()
        for args in (["--fs", "uuid:1234-ABCD=/data"], ["--fs", "label:a=b c=/data"],
                     ["--fs=dev:hd0,gpt2=/data"], ["--var", "a="], ["--var", "a=b=c"],
                     ["--firmware", "bios"], ["--grub-flavour=rh"], ["--js"]):
            with self.subTest(args):
                self.assertRuns(["list", "--root", str(self.root), *args], 0, [])

    def listing(self, root, case, *args):
        given = case / "arguments"
        words = given.read_text().splitlines() if given.exists() else []
        return json.loads(self.assertRuns(["list", "--json", "--root", str(root), *words, *args], 0,
                                          []).out)

    def test_type_reads_any_name(self):
        """A configuration that got another name gives the same entries when its type is said."""
        for name, config, types, other in TYPES:
            case = TREES / name
            for i, kind in enumerate(types):
                with self.subTest(name, type=kind):
                    root = pathlib.Path(self.root) / f"{name}-{i}"
                    shutil.copytree(case / "root", root, symlinks=True)
                    before = self.listing(root, case)
                    if kind in ("bls", "systemd-boot"):
                        (root / "etc").mkdir(exist_ok=True)
                        (root / "etc" / "fstab").write_text("LABEL=r / ext4\nLABEL=b /boot vfat\n")
                    old = root / (config or before["loader"]["config"].lstrip("/"))
                    new = pathlib.Path(os.path.normpath(old.parent / other))
                    old.rename(new)
                    after = self.listing(root, case, "--type", kind,
                                         "--config", "/" + str(new.relative_to(root)))
                    self.assertEqual(after["loader"]["kind"], before["loader"]["kind"])
                    self.assertEqual(self.plain(after), self.plain(before))
                    self.assertIsNone(after["guess"])

    @staticmethod
    def plain(listing):
        """What is started, without the names of the files that say so."""
        keys = ("id", "title", "kernel", "initrds", "cmdline", "bootable", "default")
        return [{k: e[k] for k in keys} for e in listing["entries"]
                if e["type"] != "chainload" and e["type"] != "other"]

    def test_type_without_a_file(self):
        """It decides, whatever else is here; a loader that is not here is an error."""
        tree = str(TREES / "grub-beside-systemd-boot" / "root")
        for kind, loader in (("grub", "grub"), ("bls", "systemd-boot"), ("directory", "directory")):
            r = self.assertRuns(["list", "--json", "--root", tree, "--type", kind], 0, [])
            listing = json.loads(r.out)
            self.assertEqual((listing["loader"]["kind"], listing["guess"]), (loader, None))
        r = self.assertRuns(["list", "--root", tree, "--type=limine"], 1, [])
        self.assertIn("no configuration of limine is found: name it with --config FILE", r.err)
        r = self.assertRuns(["list", "--root", tree, "--type=efistub", "--config=/x"], 1, [])
        self.assertIn("boot options of the firmware are no file", r.err)

    def test_type_words(self):
        """The library knows every word that the option and its completion have."""
        opts = (pathlib.Path(__file__).parents[2] / "completions" / "rapidreboot.opts").read_text()
        words = opts.split("--type=")[1].split()[0].split(",")
        self.assertGreater(len(words), 8)
        for word in words:
            r = self.assertRuns(["list", "--root", str(self.root), "--type", word], 1, [])
            self.assertNotIn("no type", r.err)

    def test_help(self):
        for name in COMMANDS:
            with self.subTest(name):
                r = self.assertRuns([name, "--help"], 0, [])
                self.assertTrue(r.out.startswith("Usage: rapidreboot "), r.out)
                self.assertEqual(self.assertRuns(["help", name], 0, []).out, r.out)
        everything = self.assertRuns(["help"], 0, []).out
        self.assertEqual(everything, self.assertRuns(["--help"], 0, []).out)
        for name in COMMANDS:
            self.assertRegex(everything, rf"(?m)^  {name} ")
        self.assertLessEqual(max(map(len, everything.splitlines())), 100)

    def test_help_comes_before_later_mistakes(self):
        self.assertRuns(["list", "--help", "--nonsense"], 0, [])
        self.assertRuns(["list", "--nonsense", "--help"], 2, [])

    def test_tune(self):
        """Words that shorten the start, each with what it gives up; what the entry decides stays."""
        self.take_menu()

        def plan(*args):
            p = json.loads(self.assertRuns(["--dry-run", "--json", *args], 0, []).out)
            return p | {"cmdline": p["cmdline"].removeprefix(f"BOOT_IMAGE={self.kernel} ")}
        self.assertEqual((plan()["cmdline"], plan()["tuned"]), ("root=/dev/sda1 ro", None))
        p = plan("--tune", "selftests,console", "--append", "loglevel=3")
        self.assertEqual(p["cmdline"], "root=/dev/sda1 ro loglevel=3 cryptomgr.notests")
        self.assertEqual(p["tuned"], "cryptomgr.notests: the kernel does not try its ciphers out before it uses "
                         "them; console: left out, since loglevel=3 is there")
        self.set("etc/rapidreboot.conf", "TUNE=console\n")
        self.assertEqual(plan()["cmdline"], "root=/dev/sda1 ro quiet")
        self.assertEqual(plan("--tune=selftests")["cmdline"], "root=/dev/sda1 ro cryptomgr.notests")
        # as APPEND=, for entries only
        self.assertEqual(plan("--kernel", self.kernel, "--cmdline", "x")["cmdline"], "x")
        self.assertIn("Tuned:        quiet: ", self.assertRuns(["--dry-run"], 0, []).out)
        r = self.assertRuns(["--dry-run", "--tune=mitigations=off"], 2, [])
        self.assertIn("--tune takes selftests, console, separated by commas", r.err)
        self.set("etc/rapidreboot.conf", "TUNE=audit\n")
        r = self.assertRuns(["--dry-run", "--json"], 0, [])
        self.assertIn("TUNE=audit means nothing; expected is selftests, console, or nothing", r.err)


if __name__ == "__main__":
    main()
