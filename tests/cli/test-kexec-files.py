#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that are no kernel: no signal, no word on stdout, nothing loaded, whatever the options."""
import gzip
import lzma
import random
import struct

from kexec_machine import MachineTest, bzimage, elf64, main


def pe(sections=0, extra=b""):
    """PE/COFF by the Microsoft specification: DOS header, COFF header, no optional header."""
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, sections, 0, 0, 0, 0, 0)
    return dos + coff + extra


def corpus():
    image = bzimage()
    rng = random.Random(1)
    files = {
        "empty": b"",
        "one-byte": b"\x7f",
        "text": b"once upon a time there was no kernel\n" * 40,
        "zeros": b"\0" * 8192,
        "pe-without-sections": pe(),
        "pe-with-sections-outside": pe(9, b"\xff" * 400),
        "pe-header-outside": b"MZ".ljust(0x3C, b"\0") + b"\xff\xff\xff\xff",
        "elf-program": open("/bin/true", "rb").read(),
        "elf-header-only": elf64()[:64],
        "elf-cut": elf64()[:100],
        "elf-huge-table": elf64()[:54] + b"\xff\xff\xff\xff" + elf64()[58:],
        "gzip-of-text": gzip.compress(b"text\n" * 1000),
        "gzip-cut": gzip.compress(image)[:100],
        "xz-of-text": lzma.compress(b"text\n" * 1000),
        "zstd-magic-only": b"\x28\xb5\x2f\xfd",
        "lz4-magic-only": b"\x02\x21\x4c\x18",
        "multiboot-magic-only": struct.pack("<III", 0x1BADB002, 0, -0x1BADB002 & 0xFFFFFFFF),
        "multiboot2-magic-only": struct.pack("<IIII", 0xE85250D6, 0, 16,
                                             -(0xE85250D6 + 16) & 0xFFFFFFFF),
    }
    for n in (1, 0x1F0, 0x1FF, 0x202, 0x206, 0x26B, 511, 512, 1023, 1024, 1025, 3000,
              len(image) - 1000):
        files[f"bzimage-cut-{n}"] = image[:n]
    for i in range(40):
        files[f"random-{i}"] = rng.randbytes(rng.choice((16, 600, 5000)))
    return files


class Garbage(MachineTest):
    def check(self, words):
        r = self.run_kexec("-l", *words)
        self.assertIn(r.rc, (1, 255), (words, r.err))
        self.assertEqual((r.out, r.calls), ("", []))
        self.assertNotEqual(r.err, "")
        self.assertTrue(r.err.endswith("\n"))

    def test_kernels(self):
        for name, data in corpus().items():
            path = self.file(name, data)
            for words in ([], ["-s"], ["-c"], ["-t", "bzImage64"], ["-t", "multiboot2-x86"],
                          ["-t", "uki"]):
                with self.subTest((name, words)):
                    self.check([*words, path])

    def test_special_files(self):
        for path in (str(self.dir), "/dev/null", "/proc/self/mem"):
            with self.subTest(path):
                self.check([path])

    def test_bits_flipped(self):
        """Every header field of a good kernel, one after the other, at its extremes."""
        image = bzimage()
        for at in range(0x1F1, 0x26C):
            for value in (0x00, 0xFF):
                damaged = bytearray(image)
                damaged[at] = value
                path = self.file("damaged", bytes(damaged))
                with self.subTest((hex(at), value)):
                    r = self.run_kexec("-l", "-c", "--dry-run", "--json", path)
                    self.assertIn(r.rc, (0, 1, 255), r.err)


if __name__ == "__main__":
    main()
