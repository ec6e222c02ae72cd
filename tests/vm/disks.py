# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds disk images that firmware and boot loaders can start from; no mounts, no privileges.

A partition is a file of its own first (ext4 by mke2fs, FAT by mtools), then goes to its place in
the image behind a partition table written here. Tables: MBR as every BIOS knows it, GPT as in the
UEFI specification 2.10, section 5.3.
"""

import binascii
import os
import shutil
import struct
import subprocess
import uuid

SECTOR = 512
FIRST = 2048  # sector of the first partition; the gap before it takes GRUB's core image
GPT_ENTRIES, GPT_ENTRY_SIZE = 128, 128
GPT_SECTORS = GPT_ENTRIES * GPT_ENTRY_SIZE // SECTOR  # of the table itself
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
XBOOTLDR = "bc13c2ff-59e6-4262-a352-b275fd6f7172"
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
TOOL_SECONDS = 120


def _run(*argv):
    env = dict(os.environ, MTOOLS_SKIP_CHECK="1", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    subprocess.run(argv, check=True, timeout=TOOL_SECONDS, stdout=subprocess.DEVNULL, env=env)


def _empty(path, megabytes):
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)


def ext4(path, megabytes, tree, fs_uuid):
    """An ext4 image with everything below the directory @tree, all of it root's."""
    _empty(path, megabytes)
    _run("mke2fs", "-q", "-t", "ext4", "-U", fs_uuid, "-E", "root_owner=0:0", "-d", tree, path)
    return path


def fat(path, megabytes, tree):
    """A FAT image with everything below the directory @tree."""
    _empty(path, megabytes)
    _run("mformat", "-i", path, "::")
    names = sorted(os.listdir(tree))
    if names:
        _run("mcopy", "-s", "-i", path, *(os.path.join(tree, name) for name in names), "::")
    return path


def hidden_sectors(path):
    """Writes into the FAT image @path that it is the first partition of a disk, which its boot sector reads."""
    with open(path, "r+b") as file:
        file.seek(28)  # BPB_HiddSec: Microsoft, FAT specification 1.03
        file.write(struct.pack("<I", FIRST))


def _put(disk, sector, source):
    disk.seek(sector * SECTOR)
    with open(source, "rb") as file:
        shutil.copyfileobj(file, disk, 1 << 20)


def _layout(partitions):
    """(first sector, sectors) of each partition file, one after the other."""
    at = FIRST
    for source in partitions:
        sectors = os.path.getsize(source) // SECTOR
        yield at, sectors
        at += sectors


def mbr(path, partitions, boot_code, core=None, first=0x83):
    """
    A disk with the given partitions, of Linux but for the @first, that a BIOS starts: @boot_code in the first
    sector loads @core from the sectors after it, or the first partition's own boot sector.
    """
    with open(boot_code, "rb") as file:
        code = file.read(440)
    with open(path, "wb") as disk:
        disk.write(code.ljust(446, b"\0"))
        for source, (at, sectors) in zip(partitions, _layout(partitions)):
            is_first = at == FIRST
            disk.write(struct.pack("<B3sB3sII", 0x80 if is_first else 0, b"\xfe\xff\xff",
                                   first if is_first else 0x83, b"\xfe\xff\xff", at, sectors))
        disk.write(b"\0" * (510 - disk.tell()) + b"\x55\xaa")
        for source, (at, _) in zip(partitions, _layout(partitions)):
            _put(disk, at, source)
    if core:
        embed(path, core)
    return path


def embed(path, core):
    """Puts GRUB's @core before the first partition of a disk."""
    if os.path.getsize(core) > (FIRST - 1) * SECTOR:
        raise ValueError(f"{core} does not fit before the first partition")
    with open(path, "r+b") as disk:
        _put(disk, 1, core)


def _gpt_header(here, other, last, table, disk_uuid, table_crc):
    def pack(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, here, other,
                           FIRST, last - GPT_SECTORS - 1, disk_uuid, table, GPT_ENTRIES,
                           GPT_ENTRY_SIZE, table_crc)

    return pack(binascii.crc32(pack(0))).ljust(SECTOR, b"\0")


def gpt(path, partitions, attributes=0):
    """A disk with partitions [(file, type)], all of them with these attributes."""
    sources = [source for source, _ in partitions]
    entries = b""
    for (source, kind), (at, sectors) in zip(partitions, _layout(sources)):
        entries += struct.pack("<16s16sQQQ72s", uuid.UUID(kind).bytes_le,
                               uuid.uuid5(uuid.NAMESPACE_OID, source).bytes_le, at,
                               at + sectors - 1, attributes, b"")
    end = at + sectors
    last = end + GPT_SECTORS  # the backup header; the backup table lies before it
    entries = entries.ljust(GPT_ENTRIES * GPT_ENTRY_SIZE, b"\0")
    common = (uuid.uuid5(uuid.NAMESPACE_OID, path).bytes_le, binascii.crc32(entries))
    with open(path, "wb") as disk:
        disk.write(b"\0" * 446 + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff\xff\xff", 1,
                                             last) + b"\0" * 48 + b"\x55\xaa")
        disk.write(_gpt_header(1, last, last, 2, *common) + entries)
        for source, (at, _) in zip(sources, _layout(sources)):
            _put(disk, at, source)
        disk.seek(end * SECTOR)
        disk.write(entries + _gpt_header(last, 1, last, end, *common))
    return path
