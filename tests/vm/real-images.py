#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows the library real kernel files and compares what it says with what other tools say.

    tests/vm/real-images.py [DESCRIBE-IMAGE]

The kernels of every suite as bzImage, as vmlinux and packed by every compressor; those for arm64 as Image, packed as a
whole and into EFI zboot images by every compressor; Xen; a unified kernel image; files that are no kernels. Names of files tell the release, binutils the addresses,
the compressors' own tools the unpacked bytes. Fetches what is missing; nothing is skipped.
"""
import array
import os
import re
import struct
import subprocess
import sys
import tempfile

import derived
import images
import initramfs

SLIDE = 0x2a00000   # a virtual move of 21 large pages
MAP_BASE = 0xffffffff80000000   # Documentation/arch/x86/x86_64/mm.rst, kernel text mapping
PROGRAM = os.path.join(images.TOP, "build/work/tests/vm/describe-image")
COMPRESSIONS = {"gz": "gzip", "xz": "xz", "lzma": "lzma", "bz2": "bzip2", "lzo": "lzop", "zst": "zstd",
                "lz4": "lz4", "lz4-legacy": "lz4"}
DOM0 = "dom0"   # a generic kernel: its payload is packed by xz
TIMEOUT = 120   # seconds, for one file


class Report:
    """Counts, and prints what is not as it has to be."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.passed = self.failed = 0

    def equal(self, what, found, expected):
        if found == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {what}: found {found!r}, expected {expected!r}", flush=True)

    def describe(self, path, *args):
        """A dictionary of lists, or the sentence of the refusal."""
        run = subprocess.run([self.program, path, *args], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, check=False, timeout=TIMEOUT)
        if run.returncode not in (0, 1):
            return f"exit status {run.returncode}: {run.stderr}"
        if run.returncode:
            return run.stderr.strip()
        found = {}
        for line in run.stdout.splitlines():
            key, _, value = line.partition(" ")
            found.setdefault(key, []).append(value)
        return found

    def refused(self, path, errno, words):
        found = self.describe(path)
        self.equal(f"{path} is refused", isinstance(found, str) and found.split()[0], str(errno))
        self.equal(f"{path}: the reason", bool(re.search(words, str(found))), True)

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def readelf(path):
    """Entry point and PT_LOADs as binutils reads them."""
    text = subprocess.run(["readelf", "-lW", path], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout
    entry = int(re.search(r"Entry point (0x[0-9a-f]+)", text)[1], 16)
    loads = re.findall(r"^\s+LOAD\s+\S+ (\S+) (\S+) (\S+) (\S+)", text, re.M)
    return entry, [tuple(int(field, 16) for field in load) for load in loads]


def check_elf(report, what, found, path, is_linux):
    entry, loads = readelf(path)
    report.equal(f"{what}: entry", int(found["entry"][0], 16), entry)
    report.equal(f"{what}: segments",
                 [tuple(int(field, 16) for field in load.split()) for load in found["load"]], loads)
    report.equal(f"{what}: Linux", found["linux"], [str(int(is_linux))])


def check_bzimage(report, suite):
    path, content = images.kernel(suite), read(images.kernel(suite))
    release = re.search(r"modules/([^/]+)/vmlinuz$|vmlinuz-([^/]+)$", path)
    out = os.path.join(report.folder, f"vmlinux-{suite}")
    found = report.describe(path, "-", out)

    if isinstance(found, str):
        report.equal(f"{suite}: bzImage", found, "accepted")
        return
    report.equal(f"{suite}: type", found["type"], ["bzImage64"])
    report.equal(f"{suite}: release", found["release"], [release[1] or release[2]])
    report.equal(f"{suite}: payload", read(out) == derived.extract_vmlinux(content), True)
    report.equal(f"{suite}: as bzImage", report.describe(path, "bzImage")["type"], ["bzImage"])
    check_elf(report, f"{suite}: vmlinux", report.describe(out), out, True)
    report.equal(f"{suite}: vmlinux type", report.describe(out)["type"], ["elf-x86_64"])
    # without symbols and section headers, as some tools leave it
    stripped = os.path.join(report.folder, f"stripped-{suite}")
    subprocess.run(["objcopy", "--strip-all", "--strip-section-headers", out, stripped],
                   check=False, stderr=subprocess.DEVNULL)
    if not os.path.exists(stripped):    # binutils before 2.41
        header = bytearray(read(out))
        header[40:48], header[58:64] = bytes(8), bytes(6)   # e_shoff; sizes and counts
        report.file(f"stripped-{suite}", bytes(header))
    report.equal(f"{suite}: stripped", report.describe(stripped)["linux"], ["1"])
    # half a file, as a full /boot leaves it
    report.refused(report.file(f"half-{suite}", content[:len(content) // 2]), -74, "cut off")


def relocation_lists(vmlinux):
    """The lists behind the section headers, read from the file's end as the kernel's decompressor
    does (arch/x86/boot/compressed/misc.c): for 32 bits, inverse (to 6.14), for 64 bits."""
    offset, = struct.unpack_from("<Q", vmlinux, 0x28)
    size, count = struct.unpack_from("<HH", vmlinux, 0x3a)
    at, lists = len(vmlinux), []
    while at > offset + size * count:
        places = array.array("I")
        at -= 4
        while (word := int.from_bytes(vmlinux[at:at + 4], "little")):
            places.append(word)
            at -= 4
        lists.append(places)
    return lists


def expected_slide(vmlinux, image, start):
    """The kernel at @image, which is linked at physical @start, moved by SLIDE."""
    lists = relocation_lists(vmlinux)
    signs = {2: (1, 1), 3: (1, -1, 1)}[len(lists)]
    image = bytearray(image)
    for number, (places, sign) in enumerate(zip(lists, signs)):
        width = 8 if number == len(lists) - 1 else 4
        for place in places:
            at = place + 0xffffffff00000000 - MAP_BASE - start
            value = int.from_bytes(image[at:at + width], "little") + sign * SLIDE
            image[at:at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    return image, lists


def check_slide(report, program, suite):
    """Every kernel as the loader unpacks and moves it, beside what its own decompressor would do."""
    payload, before, after = (os.path.join(report.folder, name)
                              for name in ("payload", "before", "after"))
    slide = os.path.join(os.path.dirname(program), "slide-image")
    run = subprocess.run([slide, images.kernel(suite), hex(SLIDE), payload, before, after],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                         timeout=TIMEOUT)
    report.equal(f"{suite}: moved", (run.returncode, run.stdout[:6]), (0, "start "))
    if run.returncode:
        return print(run.stdout)
    said = {line.split()[0]: int(line.split()[1], 0) for line in run.stdout.splitlines()}
    vmlinux, plain = derived.extract_vmlinux(read(images.kernel(suite))), read(before)
    # the payload and its relocation table, which extract_vmlinux() keeps
    report.equal(f"{suite}: unpacked", read(payload) == vmlinux, True)
    entry, loads = readelf(payload)
    report.equal(f"{suite}: entry of vmlinux", said["entry"], entry)
    report.equal(f"{suite}: start", said["start"], min(paddr for _, paddr, _, _ in loads))
    report.equal(f"{suite}: size", len(plain),
                 max(paddr + size for _, paddr, _, size in loads) - said["start"])
    # compressed/kaslr.c: 1 GiB, from 16 MiB on, in steps of 2 MiB
    step, span = 1 << 21, -(-len(plain) >> 21) << 21
    report.equal(f"{suite}: slots", said["slots"], 1 + ((1 << 30) - (16 << 20) - span) // step)
    moved, lists = expected_slide(vmlinux, plain, said["start"])
    report.equal(f"{suite}: every byte of the moved kernel", read(after) == moved, True)
    addresses = [int.from_bytes(moved[at:at + 8], "little") for at in
                 (place + 0xffffffff00000000 - MAP_BASE - said["start"] for place in lists[-1])]
    low = sum(address < MAP_BASE + SLIDE for address in addresses)
    report.equal(f"{suite}: at most 1 % of 64-bit values below the slide",
                 low * 100 <= len(addresses) and len(addresses) > 100000, True)
    return None


INITRD_PACKERS = {"zstd": ["zstd", "-q1c"], "xz": ["xz", "-0c", "--check=crc32"],
                  "gzip": ["gzip", "-1c"], "lz4": ["lz4", "-qlc"]}


def check_initrd(report, program):
    """All modules of a kernel as an initrd: packed by every tool, behind a plain archive."""
    early, archive = initramfs.Archive(), initramfs.Archive()
    early.data("kernel/x86/microcode/none.bin", bytes(3000))
    archive.tree("lib/modules", images.modules(images.SUITES[0]))
    early = read(early.save(os.path.join(report.folder, "early")))
    plain = archive.save(os.path.join(report.folder, "plain"))
    files = subprocess.run(["cpio", "-t", "--quiet"], input=read(plain), stdout=subprocess.PIPE,
                           check=True).stdout.split(b"\n")
    for name, packer in INITRD_PACKERS.items():
        packed = subprocess.run([*packer, plain], stdout=subprocess.PIPE, check=True).stdout
        path, out = report.file("initrd", early + packed), os.path.join(report.folder, "unpacked")
        run = subprocess.run([os.path.join(os.path.dirname(program), "unpack-initrd"), path, out],
                             stdout=subprocess.PIPE, text=True, check=False, timeout=TIMEOUT)
        report.equal(f"initrd, {name}", run.stdout, "unpacked 1\n")
        report.equal(f"initrd, {name}: bytes", read(out) == early + read(plain), True)
        found = subprocess.run(["cpio", "-t", "--quiet"], input=read(out)[len(early):],
                               stdout=subprocess.PIPE, check=True).stdout.split(b"\n")
        report.equal(f"initrd, {name}: files", found == files and len(files) > 100, True)


def check_compressed(report, suite):
    for shape, name in (("bzImage", "bzImage64"), ("vmlinux", "elf-x86_64")):
        for suffix, compression in COMPRESSIONS.items():
            path = derived.image(suite, f"{shape}.{suffix}")
            found = report.describe(path)
            what = f"{suite}: {shape}.{suffix}"
            if isinstance(found, str):
                report.equal(what, found, "accepted")
                continue
            report.equal(what, (found["compression"], found["type"]), ([compression], [name]))


def check_xen(report):
    packed = images.xen()
    plain = report.file("xen", subprocess.run(["gzip", "-dc", packed], stdout=subprocess.PIPE,
                                              check=True).stdout)
    report.equal("Xen: type", report.describe(packed)["type"], ["multiboot2-x86"])
    for name in ("multiboot2-x86", "multiboot-x86", "elf-x86"):
        found = report.describe(packed, name)
        report.equal(f"Xen as {name}", found["type"], [name])
        check_elf(report, f"Xen as {name}", found, plain, False)


def check_uki(report, suite):
    initrd = report.file("initrd", b"070701 not unpacked here")
    path = derived.build_uki(images.kernel(suite), initrd, "root=/dev/vda1 quiet\n",
                             os.path.join(report.folder, "uki.efi"))
    out = os.path.join(report.folder, "uki-vmlinux")
    found = report.describe(path, "-", out)
    report.equal("UKI: type", found["type"], ["uki"])
    report.equal("UKI: command line", found["cmdline"], ["root=/dev/vda1 quiet"])
    report.equal("UKI: initial ramdisks", found["initrds"], ["1"])
    report.equal("UKI: release", found["release"], [images.release(suite)])
    report.equal("UKI: payload", read(out) == derived.extract_vmlinux(read(images.kernel(suite))),
                 True)


def zboot(stream, kind):
    """@stream as drivers/firmware/efi/libstub/zboot-header.S and Makefile.zboot put it into an EFI program."""
    header = bytearray(0x1000)
    header[0:2], header[4:8] = b"MZ", b"zimg"
    struct.pack_into("<II", header, 8, len(header), len(stream))
    header[0x18:0x18 + len(kind)] = kind
    struct.pack_into("<II", header, 0x38, 0x818223cd, 0x40)
    header[0x40:0x42] = b"PE"
    return bytes(header) + stream


# Suffix of derived.COMPRESSORS: name in the header of a zboot image. All but gzip have the size behind the stream.
ZBOOT = {"gz": b"gzip", "xz": b"xzkern", "lzma": b"lzma", "lzo": b"lzo", "zst": b"zstd", "lz4-legacy": b"lz4"}


def check_arm64(report, suite):
    """The kernel of @suite for arm64 as it is, and in every wrapping."""
    path = images.kernel(f"arm64-{suite}")
    content = read(path)
    release = re.search(r"modules/([^/]+)/vmlinuz$|vmlinuz-([^/]+)$", path)
    expected = {"release": [release[1] or release[2]], "text_offset": ["0x0"], "pages": ["1"], "anywhere": ["1"],
                "size": [hex(struct.unpack_from("<Q", content, 16)[0])]}
    wrapped = {"Image": content}
    if suite == images.SUITES[0]:
        for suffix, kind in ZBOOT.items():
            stream = derived.COMPRESSORS[suffix](content)
            wrapped[f"vmlinuz, {suffix}"] = zboot(stream, kind) + (b"" if suffix == "gz" else struct.pack("<I", len(content)))
        wrapped["Image, packed"] = derived.COMPRESSORS["gz"](content)
    for what, data in wrapped.items():
        out = os.path.join(report.folder, "arm64-out")
        found = report.describe("--arm64", report.file("arm64", data), "-", out)
        if isinstance(found, str):
            report.equal(f"arm64 {suite}: {what}", found, "accepted")
            continue
        report.equal(f"arm64 {suite}: {what}", {key: found.get(key) for key in expected}, expected)
        report.equal(f"arm64 {suite}: {what}: type", found["type"], [what.partition(",")[0]])
        report.equal(f"arm64 {suite}: {what}: the Image", read(out) == content, True)
    for what, data in wrapped.items():
        half = report.describe("--arm64", report.file("half", data[:len(data) // 2]))
        report.equal(f"arm64 {suite}: half of {what}", str(half)[:4], "-74 ")


def check_strangers(report):
    report.refused(sys.executable, -8, "dynamic linker|operating system")
    report.refused("/bin/true", -8, "dynamic linker|operating system")
    report.refused(images.busybox(), -8, "dynamic linker|operating system")
    report.refused(images.systemd_stub(), -8, "EFI program")
    report.refused("/etc/passwd", -8, "no kernel image")
    report.refused(report.file("empty", b""), -8, "empty")


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else PROGRAM
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not a program: build it first (make), or name it")
    images.fetch([*(f"linux-{suite}" for suite in (*images.SUITES, DOM0)),
                  *(f"linux-arm64-{suite}" for suite in images.SUITES), "busybox",
                  "systemd-stub", "xen"])
    with tempfile.TemporaryDirectory(prefix="rapidreboot-images.") as folder:
        report = Report(program, folder)
        for suite in (*images.SUITES, DOM0):
            check_bzimage(report, suite)
            check_slide(report, program, suite)
        for suite in images.SUITES:
            check_arm64(report, suite)
        check_initrd(report, program)
        check_compressed(report, images.SUITES[0])
        check_xen(report)
        check_uki(report, images.SUITES[-1])
        check_strangers(report)
    print(f"{report.passed} passed, {report.failed} failed, 0 skipped")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
