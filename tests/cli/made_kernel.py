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


def uki(kernel, initrd, signed=False):
    """A unified kernel image (UAPI.5): a PE32+ file with the sections .linux and .initrd; @signed, its table of
    certificates is not empty."""
    optional = bytearray(0xF0)
    struct.pack_into("<H", optional, 0, 0x20B)
    if signed:
        struct.pack_into("<II", optional, 112 + 4 * 8, 0x1000, 8)
    head, table, data = 0x80 + 24 + len(optional), b"", b""
    start = 0x400
    for name, content in ((b".linux", kernel), (b".initrd", initrd)):
        table += struct.pack("<8sIIIIIIHHI", name, len(content), 0, len(content), start + len(data), 0, 0, 0, 0, 0)
        data += content + bytes(-len(content) % 512)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 2, 0, 0, 0, len(optional), 0)
    front = (b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)).ljust(0x80, b"\0") + coff + bytes(optional)
    assert len(front) == head
    return (front + table).ljust(start, b"\0") + data
