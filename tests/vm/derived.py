# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes other shapes of a kernel: extracted vmlinux, compressed vmlinux, unified kernel image.

They are kept in the cache under derived/<release>/ and made again when the kernel is newer.
The tools that make them (zstd, lz4, objcopy) are not ours: they are the oracle.
"""

import bz2
import gzip
import lzma
import os
import struct
import subprocess
import tempfile

import images

TOOL_TIMEOUT = 300  # seconds
# UKI sections in the order of systemd's ukify; each starts on a page of its own.
UKI_ALIGN = 4096

ZSTD = b"\x28\xb5\x2f\xfd"
LZ4_LEGACY = b"\x02\x21\x4c\x18"
XZ = b"\xfd7zXZ\0"
GZIP = b"\x1f\x8b"


def _filter(argv, content):
    return subprocess.run(argv, input=content, stdout=subprocess.PIPE, check=True,
                          timeout=TOOL_TIMEOUT).stdout


def payload(bzimage):
    """The compressed vmlinux inside a bzImage (Documentation/arch/x86/boot.rst, payload_offset)."""
    setup_sectors = bzimage[0x1f1] or 4
    offset, length = struct.unpack_from("<II", bzimage, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    return bzimage[start:start + length]


def extract_vmlinux(bzimage):
    """The ELF image in a bzImage; the last four bytes of the payload are its size, not data."""
    packed = payload(bzimage)
    if packed.startswith(GZIP):
        return gzip.decompress(packed)
    if packed.startswith(XZ):
        return lzma.LZMADecompressor().decompress(packed)
    if packed.startswith(ZSTD):
        return _filter(["zstd", "-dcq"], packed[:-4])
    if packed.startswith(LZ4_LEGACY):
        return _filter(["lz4", "-dcq"], packed[:-4])
    raise images.Missing(f"a kernel payload that starts with {packed[:6].hex()} is not known here")


def build_uki(kernel, initrd, cmdline, out):
    """Wrap a kernel as systemd's ukify does: sections added behind systemd's stub."""
    stub = images.systemd_stub()
    end = 0
    table = subprocess.run(["objdump", "-h", stub], stdout=subprocess.PIPE, text=True, check=True,
                           timeout=TOOL_TIMEOUT).stdout
    for line in table.splitlines():
        fields = line.split()
        if len(fields) == 7 and fields[0].isdigit():
            end = max(end, int(fields[3], 16) + int(fields[2], 16))
    with tempfile.TemporaryDirectory() as folder:
        line_file = os.path.join(folder, "cmdline")
        with open(line_file, "w", encoding="utf-8") as file:
            file.write(cmdline)
        argv = ["objcopy"]
        for name, path in ((".cmdline", line_file), (".initrd", initrd), (".linux", kernel)):
            end += -end % UKI_ALIGN
            argv += ["--add-section", f"{name}={path}", "--change-section-vma", f"{name}={end:#x}"]
            end += os.path.getsize(path)
        subprocess.run(argv + [stub, out], check=True, timeout=TOOL_TIMEOUT)
    return out


COMPRESSORS = {
    "gz": lambda content: gzip.compress(content, 1),
    "xz": lambda content: lzma.compress(content, preset=0),
    "lzma": lambda content: lzma.compress(content, format=lzma.FORMAT_ALONE, preset=0),
    "bz2": lambda content: bz2.compress(content, 1),
    "lzo": lambda content: _filter(["lzop", "-c", "-1"], content),
    "zst": lambda content: _filter(["zstd", "-cq", "-1"], content),
    "lz4": lambda content: _filter(["lz4", "-cq", "-1"], content),
    "lz4-legacy": lambda content: _filter(["lz4", "-cql", "-1"], content),
}


def _cached(suite, name, make):
    source = images.kernel(suite)
    folder = os.path.join(images.CACHE, "derived", images.release(suite))
    path = os.path.join(folder, name)
    if os.path.exists(path) and os.path.getmtime(path) >= os.path.getmtime(source):
        return path
    os.makedirs(folder, exist_ok=True)
    with open(source, "rb") as file:
        content = make(file.read())
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)
    os.rename(file.name, path)
    return path


def image(suite, shape):
    """The kernel of @suite as "bzImage", "vmlinux", or either with a compressor's suffix."""
    base, _, suffix = shape.partition(".")
    if base == "bzImage" and not suffix:
        return images.kernel(suite)
    unpack = extract_vmlinux if base == "vmlinux" else bytes
    if not suffix:
        return _cached(suite, shape, unpack)
    return _cached(suite, shape, lambda content: COMPRESSORS[suffix](unpack(content)))
