#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kexec --fast --cache: what was unpacked is used again for the very same files, and for no others."""
import gzip
import os
import re
import stat
import subprocess

from kexec_machine import MachineTest, main
from made_kernel import archive, packed_bzimage, vmlinux

SUFFIX = ".prepared"
HEADER = 4096


class Cache(MachineTest):
    def setUp(self):
        super().setUp()
        self.plain = archive("init", b"text of no great interest\n" * 4000)
        self.kernel = self.file("vmlinuz", packed_bzimage())
        self.initrd = self.file("initrd.img", gzip.compress(self.plain))
        self.cache = self.dir / "cache"

    def run_load(self, *args, **kwargs):
        return self.run_kexec("-l", "--fast", f"--cache={self.cache}", "K", "--append=nokaslr",
                              f"--initrd={self.initrd}", *args, **kwargs)

    def load(self, *args):
        """Returns what --debug says of the cache."""
        r = self.run_load("-d", *args)
        self.assertEqual((r.rc, r.calls), (0, ["load"]), r.err)
        self.assertIn("kexec: copy:", r.err)
        sizes = [int(size, 16) for size in re.findall(r"bufsz=0x([0-9a-f]+)", "\n".join(r.log))]
        self.assertIn(len(self.plain), sizes)
        return "\n".join(re.findall(r".*cache: (.*)", r.err))

    def kept(self):
        return sorted(self.cache.glob("*"))

    def one(self):
        self.assertEqual(len(self.kept()), 1, self.kept())
        return self.kept()[0]

    def fill(self):
        """A cache that has what is asked for."""
        self.load()
        self.assertIn("is used", self.load())

    def test_hit(self):
        first = self.load()
        self.assertIn("No such file", first)
        mode = os.stat(self.cache).st_mode
        self.assertEqual((stat.S_ISDIR(mode), mode & 0o7777), (True, 0o700))
        self.assertEqual(self.one().stat().st_mode & 0o7777, 0o600)
        content = self.one().read_bytes()
        self.assertIn(self.plain, content)
        self.assertIn(vmlinux(), content)
        for _ in range(3):
            self.assertIn("is used", self.load())
        self.assertEqual(self.one().read_bytes(), content)

    def test_dry_run_writes_nothing(self):
        r = self.run_load("--dry-run")
        self.assertEqual(r.rc, 0, r.err)
        self.assertFalse(self.cache.exists())

    def test_failed_load_keeps_nothing(self):
        r = self.run_load(errors={"load": 12})
        self.assertEqual(r.rc, 255)
        self.assertFalse(self.cache.exists())

    def expect_made_anew(self):
        said = self.load()
        self.assertIn("is removed: it was made of other files", said)
        self.assertIn("is used", self.load())
        self.one()

    def test_each_field(self):
        """Everything that the key has, one at a time."""
        self.fill()
        for path in (self.kernel, self.initrd):
            before = os.stat(path)
            times = (before.st_atime_ns, before.st_mtime_ns)
            with self.subTest((path, "nanoseconds of its time")):
                os.utime(path, ns=(times[0], times[1] + 1))
                self.expect_made_anew()
            with self.subTest((path, "another inode")):
                with open(path, "rb") as file:
                    content = file.read()
                os.rename(path, path + ".old")
                with open(path, "wb") as file:
                    file.write(content)
                os.utime(path, ns=times)
                self.expect_made_anew()
        with self.subTest("size"):
            with open(self.initrd, "ab") as file:
                file.write(bytes(4))
            self.expect_made_anew()
        with self.subTest("contents, everything else as it was"):
            self.change_contents()
            self.expect_made_anew()
        with self.subTest("memory, which decides how much is unpacked"):
            self.take_machine("qemu-bios-3g")
            self.expect_made_anew()

    def change_contents(self):
        """The file's times can be set back, but for the one of its inode: both are in the key."""
        before = os.stat(self.initrd)
        with open(self.initrd, "r+b") as file:
            file.seek(4)    # the time in a gzip header: it unpacks to the same
            file.write(b"\1\2\3\4")
        os.utime(self.initrd, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_initrds(self):
        self.fill()
        other = self.file("other.img", gzip.compress(archive("other", b"1")))
        r = self.run_load("-d", f"--initrd={other}")
        self.assertIn("nothing is kept of these files yet", r.err)
        self.assertEqual(len(self.kept()), 2)
        self.assertIn("is used", self.load())

    def test_damage(self):
        """A flipped byte, wherever it is; a file cut off anywhere; one that is longer."""
        self.fill()
        good = self.one().read_bytes()
        path = self.one()
        kernel, initrd = good.index(vmlinux()), good.index(self.plain)
        places = [0, 15, 16, 24, 30, 32, 40, 48, 60, 64, 72, 96, 100, 108, 112, 150, HEADER - 1,
                  kernel, kernel + len(vmlinux()) - 1, initrd, initrd + 777,
                  initrd + len(self.plain) - 1]
        for at in places:
            with self.subTest(("flipped", at)):
                bad = bytearray(good)
                bad[at] ^= 0x10
                path.write_bytes(bad)
                said = self.load()
                self.assertRegex(said, "is removed: it (is damaged|was made of other files)")
                self.assertEqual(self.one().read_bytes(), good)
        for size in (0, 1, 100, HEADER - 1, HEADER, kernel + 5, initrd, len(good) - 1):
            with self.subTest(("cut off", size)):
                path.write_bytes(good[:size])
                self.assertIn("is damaged", self.load())
        with self.subTest("longer"):
            path.write_bytes(good + b"x")
            self.assertIn("is damaged", self.load())
        self.assertIn("is used", self.load())

    def test_not_ours(self):
        """Links, and files that others can reach or may have written."""
        self.fill()
        path, good = self.one(), self.one().read_bytes()
        outside = self.dir / "outside"

        def symlink():
            outside.write_bytes(good)
            outside.chmod(0o600)
            path.symlink_to(outside)

        def hard_link():
            outside.write_bytes(good)
            outside.chmod(0o600)
            os.link(outside, path)

        def readable():
            path.write_bytes(good)
            path.chmod(0o644)

        def fifo():
            os.mkfifo(path, 0o600)

        for attack in (symlink, hard_link, readable, fifo):
            with self.subTest(attack.__name__):
                path.unlink()
                outside.unlink(missing_ok=True)
                attack()
                self.assertIn("not a file of ours alone", self.load())
                self.assertTrue(stat.S_ISREG(path.lstat().st_mode))
                self.assertEqual(path.stat().st_nlink, 1)
                if outside.exists():
                    self.assertEqual(outside.read_bytes(), good)
        with self.subTest("a link where the new file is written"):
            outside.write_bytes(b"precious")
            path.unlink()
            (self.cache / f".{path.name}.new").symlink_to(outside)
            self.load()
            self.assertEqual(outside.read_bytes(), b"precious")
            self.assertEqual(path.read_bytes(), good)

    def expect_unused(self, why):
        said = self.load()
        self.assertRegex(said, why)
        self.assertNotIn("is used", said)

    def test_directory(self):
        self.fill()
        for mode in (0o755, 0o770, 0o701):
            with self.subTest(oct(mode)):
                self.cache.chmod(mode)
                self.expect_unused("has to belong to the one who loads")
        self.cache.chmod(0o700)
        if os.geteuid() == 0:
            with self.subTest("somebody else's"):
                os.chown(self.cache, 12345, 0)
                self.expect_unused("has to belong to the one who loads")
                os.chown(self.cache, 0, 0)
        with self.subTest("a link to it"):
            real = self.dir / "real"
            self.cache.rename(real)
            self.cache.symlink_to(real)
            self.expect_unused("Not a directory|symbolic link")
            self.cache.unlink()
        with self.subTest("a file"):
            self.cache.write_bytes(b"")
            self.expect_unused("Not a directory")
            self.cache.unlink()
        with self.subTest("nowhere"):
            self.cache = self.dir / "no" / "such"
            self.expect_unused("No such file")

    def test_what_is_not_kept(self):
        """Parts that stay packed may unpack with other memory; a whole image is not one's own."""
        with open(self.initrd, "ab") as file:
            file.write(b"something unknown at the end")
        r = self.run_load()
        self.assertEqual(r.rc, 0)
        self.assertFalse(self.cache.exists())

    def test_room(self):
        """1 GiB altogether: the oldest go first, and nothing but files of the cache goes."""
        self.fill()
        path = self.one()
        for number, (name, size) in enumerate((("a", 600), ("b", 300), ("c", 200))):
            with open(self.cache / (name + SUFFIX), "wb") as file:
                os.truncate(file.fileno(), size << 20)
            os.utime(file.name, (1000 + number, 1000 + number))
        (self.cache / "notes").write_text("not ours")
        os.utime(self.cache / "notes", (1, 1))
        path.unlink()
        self.load()
        self.assertEqual([p.name for p in self.kept()],
                         sorted(["b" + SUFFIX, "c" + SUFFIX, "notes", path.name]))

    def test_full_disk(self):
        """On a file system with less room than is needed: a warning, no remains, and it is loaded."""
        small = self.dir / "small"
        small.mkdir()
        script = ('mount -t tmpfs -o size=64k,mode=700 tmpfs "$1" && shift && "$@"; r=$?; '
                  'ls -A "$0"; exit $r')
        probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
        if probe.returncode:
            self.skipTest("no mount namespace can be had here (unshare -m)")
        run = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, str(small), str(small), os.environ["KEXEC_RECORDED"],
             "-l", "--fast", "--append=nokaslr", f"--cache={small}", self.kernel, f"--initrd={self.initrd}"],
            env={"FAKE_LOG": str(self.dir / "log"), "FAKE_ROOT": str(self.root),
                 "PATH": os.environ["PATH"], "LC_ALL": "C"},
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("No space left on device", run.stderr)
        self.assertEqual(run.stdout, "")
        self.assertIn("kexec_load n=", (self.dir / "log").read_text())


if __name__ == "__main__":
    main()
