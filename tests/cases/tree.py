# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines made of a table of files: {path: text}, with words for what is no text.

    "text"              a file with this text
    "-> target"         a symbolic link
    "@none"             nothing: takes a file of an earlier table away
    "@dir"              an empty directory
    "@old CONTENT"      such contents with a time of writing of 2001, as rpm sets it
    "@kernel"           a bzImage that can be loaded (Documentation/arch/x86/boot.rst)
    "@initrd"           a cpio archive with /init
    "@efi-text TEXT"    an EFI variable of UTF-16 text (UEFI 2.10, 8.2: four bytes of attributes)
    "@efi-byte N"       an EFI variable of one byte
    "@efi-u64 N"        an EFI variable of eight
    "@raw TEXT"         an EFI variable of these bytes
    "@pe"               a PE file that is no kernel
    "@uki NAME=TEXT|…"  a PE file with sections; "@kernel" and "@initrd" stand for such contents
    "@sha256 CONTENT"   the digest of such contents, 32 bytes
    "@smbios11 A|B||C"  an SMBIOS table with structures of type 11, these strings in them, "%" for a new line
    "@luks2 JSON"       a LUKS2 header with this metadata (LUKS2 on-disk format, 2.1 and 3)
    "@grubenv A=B|…"    an environment block of GRUB, 1024 bytes
"""
import hashlib
import os
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
os.environ.setdefault("KEXEC_RECORDED", "/bin/false")
os.environ.setdefault("MACHINES", str(pathlib.Path(__file__).resolve().parents[1] / "golden/machines"))
# pylint: disable=wrong-import-position
from kexec_machine import bzimage
from reboot_machine import cpio

# What every machine has here: x86_64, process with all capabilities, 6 GiB, nothing loaded.
COMMON = {
    "proc/cmdline": "root=/dev/vda ro\n",
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R)\n",
    "proc/iomem": "00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n"
                  "00100000-bffdffff : System RAM\n100000000-23fffffff : System RAM\n",
    "proc/meminfo": "MemTotal: 8388608 kB\nMemFree: 4194304 kB\nMemAvailable: 4194304 kB\n",
    "proc/self/status": "CapEff:\t000001ffffffffff\n",
    "proc/sys/kernel/arch": "x86_64\n",
    "proc/sys/kernel/kexec_load_disabled": "0\n",
    "proc/sys/kernel/osrelease": "6.1.0-test\n",
    "proc/version": "Linux version 6.1.0-test (x@y) #1 SMP\n",
    "proc/self/mountinfo": "20 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n",
    "sys/dev/block/254:0": "-> ../../devices/pci/virtio0/block/vda",
    "sys/class/block/vda/size": "1\n",
    "sys/kernel/kexec_loaded": "0\n",
    "dev/null": "",
    "dev/vda": "",
    "run/utmp": "",
    "lib/modules/6.1.0-test/modules.dep": "",
    "boot/vmlinuz": "@kernel",
    "boot/initrd": "@initrd",
}


def smbios(text):
    """Structures (DSP0134 6.1.2, 7.12): one of type 1 without strings, those of type 11, the end."""
    table = bytes([1, 8, 0, 1]) + bytes(4) + b"\0\0"
    for structure in text.split("||"):
        strings = structure.split("|")
        table += bytes([11, 5, 1, 1, len(strings)]) + b"".join(s.encode() + b"\0" for s in strings) + b"\0"
    return table + bytes([127, 4, 2, 1]) + b"\0\0"


def pe(sections):
    """PE/COFF: a stub, the signature at 0x40, header, section table, each section on 512 bytes."""
    optional = struct.pack("<HBBIIIII", 0x20B, 0, 0, 0, 0, 0, 0, 0).ljust(112 + 16 * 8, b"\0")
    table, data = b"", b""
    first = -(-(0x40 + 24 + len(optional) + 40 * len(sections)) // 512) * 512
    for n, (name, content) in enumerate(sections):
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(content), 0x1000 * (n + 1) << 8,
                             len(content), first + len(data), 0, 0, 0, 0, 0x40000040)
        data += content.ljust(-(-len(content) // 512) * 512, b"\0")
    header = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, len(sections), 0, 0, 0, len(optional), 0x22)
    front = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + header + optional + table
    return front.ljust(first, b"\0") + data


def luks2(metadata):
    front = struct.pack(">6sHQ", b"LUKS\xba\xbe", 2, 0x8000)
    return (front.ljust(4096, b"\0") + metadata.encode()).ljust(0x8000, b"\0")


def content(text):
    word, _, rest = text.partition(" ")
    if word == "@kernel":
        return bzimage(bytes(8192))
    if word == "@initrd":
        return cpio("init", "lib/modules/6.1.0-test/modules.dep")
    if word == "@efi-text":
        return struct.pack("<I", 6) + (rest + "\0").encode("utf-16-le")
    if word == "@efi-byte":
        return struct.pack("<IB", 6, int(rest))
    if word == "@efi-u64":
        return struct.pack("<IQ", 7, int(rest))
    if word == "@raw":
        return struct.pack("<I", 7) + rest.encode()
    if word == "@pe":
        return pe([(".text", b"x")])
    if word == "@uki":
        parts = [part.partition("=") for part in rest.split("|")]
        return pe([(name, content(value)) for name, _, value in parts])
    if word == "@sha256":
        return hashlib.sha256(content(rest)).digest()
    if word == "@smbios11":
        return smbios(rest.replace("%", "\n"))
    if word == "@luks2":
        return luks2(rest)
    if word == "@grubenv":
        lines = "".join(line + "\n" for line in rest.split("|"))
        return ("# GRUB Environment Block\n" + lines).ljust(1024, "#").encode()
    return text.encode()


def make(root, *tables):
    """All tables in one tree; the later ones win."""
    files = {}
    for table in tables:
        files.update(table)
    for name, text in files.items():
        path = root / name
        if text == "@none":
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text[3:])
        elif text == "@dir":
            path.mkdir(exist_ok=True)
        elif text.startswith("@old "):
            path.write_bytes(content(text[5:]))
            os.utime(path, (10**9, 10**9))
        else:
            path.write_bytes(content(text))
