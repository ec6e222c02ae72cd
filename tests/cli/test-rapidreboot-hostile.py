#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Configurations and tables that cost as much as they can: each ends in a sentence, or is read, within
seconds and in little memory."""
import json
import os
import resource
import subprocess
import time

from kexec_machine import PROGRAM, main
from reboot_machine import RebootTest

SECONDS = 20                # of the processor, and under a sanitizer; without limits it is hours
WAIT = 600                  # by the clock: a busy machine gives a program less than all of a processor
MEMORY = 512 << 20


class Hostile(RebootTest):
    def limited(self, *args, **env):
        """Runs the command, which may take so much time and memory and no more."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            if "ASAN_OPTIONS" not in os.environ:    # reserves address space by the terabyte
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        return subprocess.run([PROGRAM, *args], env=self.environ(env=env), text=True,
                              capture_output=True, errors="replace", timeout=WAIT, check=False,
                              preexec_fn=limit)

    def list(self, path, text):
        self.set(path, text)
        return self.limited("list", "--long", "--config", "/" + path)

    def assertSpent(self, run, limit):
        self.assertEqual(run.returncode, 1, run.stdout[-500:] + run.stderr)
        self.assertIn(f"is not read to its end: it asks for more than {limit}", run.stderr)
        self.assertEqual(run.stdout, "")

    def test_include(self):
        """Three lines that include themselves, sixteen deep: 43 million files."""
        run = self.list("boot/extlinux/extlinux.conf", "INCLUDE extlinux.conf\n" * 3)
        self.assertSpent(run, "32768 files and directories")

    def test_macros(self):
        text = "${A}=" + "a" * 60000 + "\n"
        for i in range(4096):
            text += f"/t{i}\n    protocol: linux\n    path: boot():/v\n"
            text += "    module_path: boot():/${A}\n" * 3 + "    cmdline: ${A}\n"
        self.assertSpent(self.list("boot/limine.conf", text), "64 MiB of boot entries")

    def test_append(self):
        text = "APPEND " + "a" * (1 << 20) + "\n"
        text += "".join(f"LABEL l{i}\nKERNEL /k\n" for i in range(4000))
        self.assertSpent(self.list("boot/syslinux/syslinux.cfg", text), "64 MiB of boot entries")

    def test_back_references(self):
        """What GRUB would need years for is not tried; what is short is."""
        run = self.list("boot/grub/grub.cfg",
                        r"regexp '(.*)(.*)(.*)(.*)\1\2\3\4x' " + "a" * 60 + "\n" +
                        r"if regexp '(a+)b\1$' aaabaaa; then " +
                        f"menuentry a {{ linux {self.kernel}\n}}\nfi\n")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("* a", run.stdout)
        self.assertIn("are not tried", run.stdout + run.stderr)

    def test_grub_files(self):
        """A script that reads a file of 16 MiB again and again."""
        self.set("boot/grub/big", "#" * (15 << 20))
        run = self.list("boot/grub/grub.cfg", "while true; do source /boot/grub/big; done\n")
        self.assertEqual(run.returncode, 1, run.stderr)

    def test_time_limit(self):
        """Whatever only reads ends when its time is over, with nothing on standard output."""
        self.take_menu()
        for words in (["list"], ["show"], ["check"], ["status"], ["load", "-n"], ["-n"], ["--when", "+5", "-n"]):
            begin = time.monotonic()
            run = self.limited(*words, "--time-limit", "1", FAKE_HANGS="1")
            with self.subTest(words):
                self.assertEqual((run.returncode, run.stdout), (9, ""), run.stderr)
                self.assertIn("no answer after 1 second, and nothing was changed", run.stderr)
                self.assertGreaterEqual(time.monotonic() - begin, 1)

    def test_time_limit_words(self):
        self.take_menu()
        for words in (["list", "--time-limit", "0"], ["list", "--time-limit", "1h"], ["list", "--time-limit", "86401"],
                      ["load", "--time-limit", "9"], ["-y", "--time-limit", "9"]):
            r = self.run_it(*words)
            self.assertEqual((r.rc, r.calls), (2, []), r.err)
        self.assertEqual(self.limited("list", "--time-limit", "86400").returncode, 0)

    def test_controls(self):
        """No text of the boot loader's configuration commands the terminal, whatever prints it."""
        self.take_menu("set default=0\nmenuentry 'a\x1b[2Jb\x07\xc2\x9b31m' {\n"
                       f" linux {self.kernel} x\x1b[31m root=/dev/sda1\n initrd /boot/\x1b]0;gone\n}}\n"
                       "echo 'said \x1b[5m'\n")
        for args in (["list"], ["show"], ["check", "-v"], ["load", "-n", "-v"], ["-n", "-v"], ["status"],
                     ["list", "--json"], ["show", "--json"], ["check", "--json"], ["status", "--json"],
                     ["eval-grub", "/boot/grub/grub.cfg"], ["show", "a\x1b[2J"]):
            r = self.run_it(*args)
            for text in (r.out, r.err):
                self.assertEqual([c for c in text if c not in "\n\t" and
                                  (c < " " or "\x7f" <= c <= "\x9f")], [], (args, text))

    def test_sparse(self):
        """Files of 4 GiB without a block: none is read to its end to find out that it is too long."""
        self.take_menu()
        for name in ("proc/self/mountinfo", "boot/grub/grubenv", "proc/iomem", "proc/cmdline", "etc/os-release", "etc/fstab",
                     "etc/rapidreboot.conf", "proc/modules", "var/lib/fwupd/pending.db", "run/utmp"):
            path = self.root / name
            before = path.read_bytes() if path.exists() else None
            self.set(name, "")
            os.truncate(path, 4 << 30)
            for words in (["check"], ["list"], ["status"]):
                with self.subTest(name, words=words):
                    self.assertIn(self.limited(*words).returncode, (0, 1, 3, 8))
            path.unlink()
            if before is not None:
                path.write_bytes(before)
        for path in (self.initrd, self.kernel):
            os.truncate(path, 4 << 30)
            begin = resource.getrusage(resource.RUSAGE_CHILDREN)
            run = subprocess.run([PROGRAM, "check"], env=self.environ(), capture_output=True, timeout=WAIT, check=False)
            end = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.assertIn(run.returncode, (3, 8), run.stderr)
            self.assertLess(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime, SECONDS)

    def test_record(self):
        """A record that cannot be read may have an attempt that nobody confirmed: not known is not well."""
        self.take_menu()
        for text, status in (("", "ok"), ("2\tresult=confirmed\n", "unknown"), ("\0" * 100 + "\n", "unknown"),
                             ("2\n" * (256 << 10), "unknown")):
            self.set("var/lib/rapidreboot/attempts", text)
            run = self.limited("check", "--json")
            h1 = [c for c in json.loads(run.stdout)["checks"] if c["id"] == "H1"]
            self.assertEqual([c["status"] for c in h1], [status], text[:40])

    def test_many_mounts(self):
        """A host of containers: its entries are read like any other's."""
        self.take_menu()
        where = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"
        self.set("proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda7 rw\n" + "".join(
            f"{i} 21 0:{i} / {where}/{i:064x}/shm rw,nosuid,relatime shared:{i} - ext4 /dev/x rw\n"
            for i in range(30, 30030)))
        run = self.limited("list")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(self.kernel, run.stdout)


main()
