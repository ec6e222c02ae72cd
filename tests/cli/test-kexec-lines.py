#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines of kexec made up from its table of options, on every captured machine, with files and kernels
that fail: it never crashes or hangs, ends with a documented exit status, and says why it failed.

KEXEC_LINES is their number (default: a few seconds' worth), KEXEC_LINES_SEED where the series begins. A line
that fails prints its own number, which as the seed of a single line gives it again."""
import errno
import os
import pathlib
import random
import re

from kexec_machine import MACHINES, MachineTest, main

OPTIONS = pathlib.Path(__file__).resolve().parents[2] / "completions/kexec.opts"
NUMBER = int(os.environ.get("KEXEC_LINES", "60"))
SEED = int(os.environ.get("KEXEC_LINES_SEED", "1"))
CALLS = ("file_load", "file_unload", "load", "unload", "reboot", "random", "eth0")
ERRNOS = (errno.EPERM, errno.EBUSY, errno.ENOSYS, errno.EINVAL, errno.ENOMEM, errno.ENOEXEC, errno.EADDRNOTAVAIL,
          errno.EBADMSG, errno.ENOKEY, errno.EKEYREJECTED, errno.EIO, errno.EINTR, 4095)
TEXTS = ("", "-", "--", "a b", "root=/dev/sda1 crashkernel=256M", "\x1b]0;x\x07\x1b[31m", "%s%n", "x" * 3000, "=",
         "\n\nx", "\u202egnp", "-1", "0", "0x", "18446744073709551616", "0xffffffffffffffff", "1g", "64M", "9600")
# What a terminal could obey; file names and words may hold it.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def options():
    """[(spellings, whether it takes a value)]"""
    table = []
    for line in OPTIONS.read_text().splitlines():
        names = line.split("|")[0].split()
        if names and names[0].startswith("-"):
            table.append(([n.split("=")[0] for n in names], any("=" in n for n in names)))
    return table


class Lines(MachineTest):
    def files(self, rng):
        """Paths of kernels, ramdisks, and things that are neither."""
        kernel = bytearray(pathlib.Path(self.kernel).read_bytes())
        for _ in range(rng.randrange(1, 9)):
            kernel[rng.randrange(min(len(kernel), 0x280))] = rng.choice((0, 1, 0x7f, 0x80, 0xff))
        paths = [self.kernel, self.kernel, self.kernel, self.initrd, self.file("damaged", bytes(kernel)),
                 self.file("cut", bytes(kernel[:rng.randrange(len(kernel))])), self.file("empty", b""),
                 self.file("\x1b[31mred", b"x"), str(self.dir), str(self.dir / "absent"), "/dev/null", "/dev/zero"]
        fifo = self.dir / "fifo"
        if not fifo.exists():
            os.mkfifo(fifo)
        return [*paths, str(fifo)]

    def line(self, rng, paths):
        words = []
        for names, has_value in rng.choices(options(), k=rng.randrange(0, 7)):
            name = rng.choice(names)
            if not has_value and rng.random() > 0.02:
                words.append(name)
                continue
            value = str(MACHINES / rng.choice(self.machines)) if name == "--root" and rng.random() < 0.8 else \
                rng.choice(paths if rng.random() < 0.5 else TEXTS)
            words += [f"{name}={value}"] if name.startswith("--") and rng.random() < 0.8 else [name, value]
        words += [rng.choice(paths) for _ in range(rng.choice((0, 1, 1, 1, 1, 2)))]
        if rng.random() < 0.1:
            words.insert(rng.randrange(len(words) + 1), rng.choice(TEXTS))
        return [w.replace("\0", "") for w in words]

    def try_line(self, number):
        rng = random.Random(number)
        self.take_machine(rng.choice(self.machines))
        if rng.random() < 0.3:
            self.set("sys/kernel/kexec_loaded", rng.choice(("0\n", "1\n", "", "x")))
        if rng.random() < 0.1:
            self.set(rng.choice(("proc/iomem", "proc/cmdline", "proc/cpuinfo", "proc/self/mountinfo")),
                     rng.choice(TEXTS))
        words = self.line(rng, self.files(rng))
        errors = {rng.choice(CALLS): rng.choice(ERRNOS) for _ in range(rng.choice((0, 0, 1, 2)))}
        r = self.run_kexec(*words, errors=errors)       # knows the exit statuses; a signal is none of them
        status = any(w in ("-S", "--status") for w in words)
        if r.rc and not status:
            self.assertTrue(r.first.strip(), "nothing is said")
        self.assertIsNone(CONTROL.search(r.err + r.out), (words, r.err, r.out))
        self.assertNotRegex(r.err, r"Sanitizer|runtime error|assert")
        if "--dry-run" in words and not {"-e", "--exec", "-u", "--unload", "-f", "--force"} & set(words):
            self.assertFalse([c for c in r.calls if "load" in c], r.log)

    def test_lines(self):
        self.machines = sorted(p.name for p in MACHINES.iterdir())
        self.assertTrue(self.machines and len(options()) > 40)
        for number in range(SEED, SEED + NUMBER):
            with self.subTest(seed=number):
                self.try_line(number)


main()
