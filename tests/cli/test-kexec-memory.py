#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much memory kexec needs to load what it does not unpack: little beside the image itself."""
import gzip
import os
import random
import subprocess

import kexec_machine
from kexec_machine import MachineTest, bzimage, main
from made_kernel import archive

MIB = 1 << 20
PEAK_MEMORY = os.environ["PEAK_MEMORY"]


class Memory(MachineTest):
    beyond = 8 * MIB    # the promise

    def setUp(self):
        super().setUp()
        noise = random.Random(1)
        self.kernel = self.file("vmlinuz", bzimage(noise.randbytes(16 * MIB)))
        self.initrd = self.file("initrd.img", noise.randbytes(40 * MIB))
        self.image = os.path.getsize(self.kernel) + os.path.getsize(self.initrd)

    def peak(self, *args):
        """Bytes that the command held at most; it has to succeed."""
        log, peak = self.dir / "log", self.dir / "peak"
        environ = {"FAKE_LOG": str(log), "FAKE_ROOT": str(self.root), "LC_ALL": "C"}
        run = subprocess.run([PEAK_MEMORY, peak, kexec_machine.PROGRAM, "-l", *args, self.kernel],
                             env=environ, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(log.read_text())
        return int(peak.read_text()) * 1024

    def test_segments(self):
        peak = self.peak("-c", f"--initrd={self.initrd}")
        self.assertLessEqual(peak, self.image + self.beyond)
        # the image is looked at, byte by byte: the figure means something
        self.assertGreater(peak, self.image)

    def test_without_digest(self):
        self.assertLessEqual(self.peak("-c", "-i", f"--initrd={self.initrd}"),
                             self.image + self.beyond)

    def test_file(self):
        """The kernel reads it: nothing of it need be here."""
        self.assertLessEqual(self.peak("-s", f"--initrd={self.initrd}"), self.beyond)

    def test_joined(self):
        other = self.file("other.img", bytes(20 * MIB))
        self.assertLessEqual(self.peak("-c", f"--initrd={self.initrd}", f"--initrd={other}"),
                             self.image + 20 * MIB + self.beyond)
        # joined in a file of memory, and nothing beside it
        self.assertLessEqual(self.peak("-s", f"--initrd={self.initrd}", f"--initrd={other}"),
                             self.image + 20 * MIB + self.beyond)

    def test_bombs(self):
        """Each of them may be unpacked, in an eighth of memory, and not all at the same time."""
        self.take_machine("qemu-bios-3g")
        budget, size = 3 * 1024 * MIB // 8, 150 * MIB
        text = random.Random(2).randbytes(MIB // 100).ljust(MIB, b"\0")    # just not too dense
        bomb = gzip.compress(archive("zeros", text * (size // MIB)), 1)
        self.assertGreater(200 * len(bomb), size)
        args = [f"--initrd={self.file(f'{i}.img', bomb)}" for i in range(10)]
        peak = self.peak("--fast", *args)
        self.assertGreater(peak, size)
        self.assertLess(peak, 2 * budget + self.image + 10 * len(bomb) + 64 * MIB)


if __name__ == "__main__":
    main()
