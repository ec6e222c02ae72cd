#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Give the decoders streams that the real tools have written.

    run-image-decompress.py TEST-PROGRAM

Writes contents and streams into a folder and runs the program on it. The folder has NAME.raw and
NAME.FORMAT..., and a list of them: name, format as compression_detect() spells it, and whether the
format has a checksum over its contents. A missing tool fails the test.
"""
import os
import pathlib
import random
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))    # in a cross build: the emulator

# Suffix, format, contents checked, command from stdin to stdout.
TOOLS = [
    ("gz", "gzip", True, ["gzip", "-9", "-n"]),
    ("fast.gz", "gzip", True, ["gzip", "-1"]),
    ("xz", "xz", True, ["xz", "--format=xz", "--lzma2=dict=1MiB"]),
    # as scripts/xz_wrap.sh of Linux does for an x86 kernel
    ("kernel.xz", "xz", True, ["xz", "--check=crc32", "--x86", "--lzma2=dict=128MiB"]),
    ("lzma", "lzma", False, ["xz", "--format=lzma", "--lzma1=dict=1MiB"]),
    ("zst", "zstd", True, ["zstd", "-q", "-3"]),
    # a window of 128 MiB, as kernels have; from stdin, so without the size of the contents
    ("long.zst", "zstd", True, ["zstd", "-q", "-1", "--long=27"]),
    ("unchecked.zst", "zstd", False, ["zstd", "-q", "--no-check"]),
    ("lz4", "lz4", True, ["lz4", "-q"]),
    ("linked.lz4", "lz4", True, ["lz4", "-q", "-9", "-BD", "-B4"]),
    ("legacy.lz4", "lz4", False, ["lz4", "-q", "-l", "-9"]),
    ("bz2", "bzip2", True, ["bzip2"]),
    ("lzo", "lzop", True, ["lzop", "-c"]),
    # as scripts/Makefile.lib of Linux does
    ("best.lzo", "lzop", True, ["lzop", "-c", "-9"]),
    ("crc32.lzo", "lzop", False, ["lzop", "-c", "-1", "--crc32"]),
    ("unchecked.lzo", "lzop", False, ["lzop", "-c", "-F"]),
]


def contents():
    words = random.Random(1)
    noise = bytes(words.getrandbits(8) for _ in range(5000))
    text = b" ".join(b"%d" % words.getrandbits(9) for _ in range(60000))
    return {
        "small": b"Linux version 6.1.0-50-cloud-amd64 (debian-kernel@lists.debian.org)\n" * 4,
        "noise": noise,
        "text": text,
        "blocks": text + bytes(8 << 20) + noise,    # more than one block of 8 MiB, lz4 -l
        "zeros": bytes(2 << 20),                    # a bomb, as bombs go
    }


# Meson has malloc(3) overwrite what it hands out, for our decoders; xz would have a gigabyte overwritten.
TOOL_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MALLOC_PERTURB_"}


def run(command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True, env=TOOL_ENVIRONMENT).stdout


def main():
    missing = sorted({t[3][0] for t in TOOLS if not shutil.which(t[3][0])})
    if missing:
        sys.exit(f"missing: {', '.join(missing)} (tools/install-deps installs them)")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = []
        for raw, data in contents().items():
            (folder / f"{raw}.raw").write_bytes(data)
            for suffix, form, checked, command in TOOLS:
                stream = run(command, data)
                file = f"{raw}.{suffix}"
                (folder / file).write_bytes(stream)
                lines.append(f"{raw} {file} {form} {int(checked)}\n")
                # What the Linux build appends to all but gzip, whose own trailer is the same.
                sized = stream + struct.pack("<I", len(data))
                (folder / f"{file}.sized").write_bytes(sized)
        (folder / "list").write_text("".join(lines))
        sys.exit(subprocess.run([*WRAPPER, sys.argv[1], folder]).returncode)


main()
