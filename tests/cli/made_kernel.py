# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels and archives made from nothing, by their specifications, that can be unpacked."""
import gzip
import struct

from kexec_machine import bzimage


def archive(name, content):
    return archive_of({name: content})


def archive_of(files):
    """Documentation/driver-api/early-userspace/buffer-format.rst: newc, the files and the trailer."""
    out = b""
    for path, data in (*files.items(), ("TRAILER!!!", b"")):
        fields = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (path.encode() + b"\0", data):
            out += part
            out += bytes(-len(out) % 4)
    return out


def vmlinux():
    """System V ABI: an executable with one PT_LOAD at 16 MiB. It has no relocation table, so it can
    only be entered with nokaslr."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, 0x1000000, 64, 0, 0, 64,
                         56, 1, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 4096, 0xFFFFFFFF81000000, 0x1000000, 8192, 8192, 1 << 21)
    return (header + load).ljust(4096, b"\0") + bytes(range(256)) * 32


def packed_bzimage():
    """payload_offset 0x400, payload_length what gzip made; its last word is the unpacked size."""
    payload = gzip.compress(vmlinux(), mtime=0)
    image = bytearray(bzimage(bytes(0x400) + payload + bytes(4096 - len(payload) % 16)))
    struct.pack_into("<I", image, 0x24C, len(payload))
    return bytes(image)
