# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds dumps in the compressed and the flattened format of makedumpfile.

Written from makedumpfile's IMPLEMENTATION, diskdump_mod.h and makedumpfile.h. Pages are packed by the
reference programs of each format: zlib of Python, zstd(1), lzop(1).
"""

import struct
import subprocess
import zlib

PAGE = 4096
ZLIB, LZO, SNAPPY, ZSTD = 1, 2, 4, 0x20
NAMES = {3: b"i686", 21: b"ppc64", 62: b"x86_64", 183: b"aarch64"}


def lzo(page):
    """The one block in what lzop writes: header, sizes, checksum, block (lzop's doc/)."""
    out = subprocess.run(["lzop", "-c"], input=page, stdout=subprocess.PIPE, check=True).stdout
    flags, = struct.unpack_from(">I", out, 17)
    at = 33 + (4 if flags & 0x800 else 0)
    at += 1 + out[at] + 4
    n, packed_n = struct.unpack_from(">II", out, at)
    at += 8 + 4 * sum(bool(flags & f) for f in (0x1, 0x100))
    if packed_n < n:
        at += 4 * sum(bool(flags & f) for f in (0x2, 0x200))
    assert n == len(page)
    return out[at:at + packed_n]


def zstd(page):
    return subprocess.run(["zstd", "-qc"], input=page, stdout=subprocess.PIPE, check=True).stdout


PACK = {0: lambda page: page, ZLIB: zlib.compress, LZO: lzo, ZSTD: zstd}


def pages_of(machine, place, page_n=PAGE):
    """{frame: page} of the machine's memory."""
    pages = {}
    for at, content in machine.memory.items():
        for i, byte in enumerate(content, place(at)):
            if byte or i // page_n not in pages:
                pages.setdefault(i // page_n, bytearray(page_n))[i % page_n] = byte
    return {frame: bytes(page) for frame, page in pages.items()}


def sub_header(machine, info_at, info_n, phys_base, max_frame):
    """struct kdump_sub_header: longs, and 64-bit numbers that i386 aligns to 4 bytes."""
    order, long = machine.order, "Q" if machine.bits == 64 else "I"
    return struct.pack(order + long + "ii" + long * 2 + ("Q" + long) * 3 + "QQQ",
                       phys_base % 2 ** machine.bits, 31, 0, 0, 0, info_at, info_n, 0, 0, 0, 0,
                       0, 0, max_frame)


def header(machine, page_n, bitmap_blocks, max_frame, version, status):
    """struct disk_dump_header"""
    names = b"".join(n.ljust(65, b"\0") for n in (b"Linux", b"crashed", b"6.0.0-test", b"#1",
                                                   NAMES[machine.machine], b"(none)"))
    head = b"KDUMP   " + struct.pack(machine.order + "i", version) + names
    head += b"\0" * (-len(head) % machine.word) + machine.long(0) * 2
    return head + struct.pack(machine.order + "IiiIIIIIii", status, page_n, 1, bitmap_blocks,
                              max_frame, 0, 0, 0, 0, 1)


def compressed(machine, pages, flags=0, page_n=PAGE, version=6, phys_base=0, left_out=()):
    """A dump with @pages, {frame: page}; of those in @left_out only the place is known."""
    block = lambda data: data + b"\0" * (-len(data) % page_n)
    max_frame = max(pages) + 1
    bitmaps = []
    for frames in (pages, [f for f in pages if f not in left_out]):
        bitmap = bytearray(-(-max_frame // 8))
        for frame in frames:
            bitmap[frame // 8] |= 1 << frame % 8
        bitmaps.append(block(bytes(bitmap)))
    info = "\n".join(machine.info).encode()
    info_at = page_n + 256
    sub = sub_header(machine, info_at, len(info), phys_base, max_frame)
    head = block(header(machine, page_n, 2 * len(bitmaps[0]) // page_n,
                        max_frame if version < 6 else 0, version, flags))
    head += block(sub.ljust(256, b"\0") + info) + b"".join(bitmaps)
    kept = sorted(f for f in pages if f not in left_out)
    descriptors, data, at = b"", b"", len(head) + 24 * len(kept)
    zero = None
    for frame in kept:
        packed = PACK[flags](pages[frame])
        raw = len(packed) >= page_n
        packed = pages[frame] if raw else packed
        where = at + len(data)
        if not any(pages[frame]):  # all pages of zeros share one
            where = zero = zero or where
        if where == at + len(data):
            data += packed
        descriptors += struct.pack(machine.order + "QIIQ", where, len(packed),
                                   0 if raw else flags, 0)
    return head + descriptors + data


def flattened(dump, part_n=5000, twice=b""):
    """What `makedumpfile -F` writes of @dump; its first bytes are written once more, last."""
    out = (b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")
    starts = range(0, len(dump), part_n)
    parts = [(s, dump[s:s + part_n]) for s in starts[::2]] + [(s, dump[s:s + part_n])
                                                              for s in starts[1::2]]
    if twice:
        parts[0] = (0, twice + parts[0][1][len(twice):])
        parts.append((0, dump[:len(twice)]))
    for start, part in parts:
        if any(part):  # pages of zeros are skipped, and are a hole then
            out += struct.pack(">qq", start, len(part)) + part
    return out + struct.pack(">qq", -1, -1)
