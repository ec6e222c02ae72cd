#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plans for captured machines: what `kexec --dry-run --json --root MACHINE` says.

Each plan is compared with a golden file, and, because a golden file only says that nothing has
changed, checked against rules that are computed here afresh from the machine's own files: the
memory map handed over is firmware's, every segment lies in RAM that both firmware and the running
kernel call RAM, nothing overlaps, everything is aligned. UPDATE_GOLDEN=1 rewrites the files.

usage: plans.py KEXEC [CASE…]
"""

import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PAGE, MIB = 4096, 1 << 20

WITHOUT_FIRMWARE_MAP = "without firmware map"  # a change to the machine, not an option

# name: (machine, image, what else on the command line)
CASES = {
    "virtual-machine": ("qemu-bios-3g", "bzImage", ["-c", "--append=console=ttyS0"]),
    "virtual-machine-file": ("qemu-bios-3g", "bzImage", ["-s", "--append=console=ttyS0"]),
    "virtual-machine-auto": ("qemu-bios-3g", "bzImage", ["--reuse-cmdline"]),
    "above-4g": ("qemu-bios-6g", "bzImage", ["-c", "--initrd=/initrd"]),
    "below-4g-32bit": ("qemu-bios-6g", "bzImage", ["--entry-32bit", "--initrd=/initrd"]),
    "bounded": ("qemu-bios-6g", "bzImage", ["--mem-min=0x10000000", "--mem-max=0x2fffffff"]),
    "three-initrds": ("qemu-bios-3g", "bzImage",
                      ["-c", "--initrd=/initrd", "--initrd=/odd", "--initrd=/initrd"]),
    "laptop-uefi": ("qemu-uefi-3g", "bzImage", ["-c", "--initrd=/initrd", "--append=quiet"]),
    "laptop-uefi-noefi": ("qemu-uefi-3g", "bzImage", ["-c", "--noefi"]),
    "crash-reservation": ("qemu-uefi-6g-crash", "bzImage", ["-c", "--initrd=/initrd"]),
    "server-many-ranges": ("qemu-many-ranges", "bzImage", ["-c", "--initrd=/initrd"]),
    # a kernel without CONFIG_FIRMWARE_MEMMAP: /proc/iomem is all there is, with 380 ranges in it
    "server-many-ranges-iomem": ("qemu-many-ranges", "bzImage",
                                 ["-c", "--initrd=/initrd", WITHOUT_FIRMWARE_MAP]),
    # Debian's 6.1 on QEMU's virt,gic-version=3, 2 GiB: tables of the interrupt controller lie in RAM
    "arm64": ("qemu-arm64-gicv3", "Image", ["-c", "--initrd=/initrd", "--append=quiet", "--console-serial"]),
    "arm64-auto": ("qemu-arm64-gicv3", "Image", ["--reuse-cmdline"]),
    "arm64-bzImage": ("qemu-arm64-gicv3", "bzImage", ["-c"]),
    "unprivileged": ("qemu-unprivileged", "bzImage", ["-c"]),
    "unprivileged-file": ("qemu-unprivileged", "bzImage", ["-s", "--append=quiet"]),
}


def bzimage():
    """The smallest file that is a 64-bit bzImage: Documentation/arch/x86/boot.rst."""
    setup = bytearray(2 * 512)
    struct.pack_into("<B", setup, 0x1f1, 1)              # setup_sects
    struct.pack_into("<HH", setup, 0x1fe, 0xaa55, 0x6aeb)  # boot_flag, jump over the header
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, 0x20f)          # version 2.15
    struct.pack_into("<H", setup, 0x20e, 0x300 - 0x200)  # kernel_version
    setup[0x300:0x30c] = b"6.1.0-golden"
    struct.pack_into("<B", setup, 0x211, 1)              # loaded high
    struct.pack_into("<IBBHI", setup, 0x230, 2 * MIB, 1, 21, 0x7f, 2047)
    struct.pack_into("<I", setup, 0x22c, 0x7fffffff)     # initrd_addr_max
    struct.pack_into("<QI", setup, 0x258, 16 * MIB, 40 * MIB)  # pref_address, init_size
    return bytes(setup) + bytes(range(256)) * 40


def arm64_image():
    """The smallest file that is an Image of arm64: Documentation/arch/arm64/booting.rst."""
    image = bytearray(4096)
    image[0:2] = b"MZ"
    struct.pack_into("<QQQ", image, 8, 0, 40 * MIB, 0xa)  # text_offset, image_size, 4 KiB pages, anywhere
    image[0x38:0x3c] = b"ARM\x64"
    struct.pack_into("<I", image, 0x3c, 0x40)
    struct.pack_into("<4sH", image, 0x40, b"PE\0\0", 0xaa64)
    return bytes(image) + bytes(range(256)) * 40


def make_root(machine, root):
    shutil.copytree(HERE / "machines" / machine, root, dirs_exist_ok=True)
    (root / "Image").write_bytes(arm64_image())
    (root / "bzImage").write_bytes(bzimage())
    (root / "initrd").write_bytes(b"070701" + bytes(9994))
    (root / "odd").write_bytes(b"x" * 1001)


def run(kexec, case, root):
    machine, image, options = CASES[case]
    make_root(machine, root)
    if WITHOUT_FIRMWARE_MAP in options:
        shutil.rmtree(root / "sys/firmware/memmap")
    command = [kexec, "--root", str(root), "--dry-run", "--json", "-l", "/" + image]
    command += [o for o in options if o != WITHOUT_FIRMWARE_MAP]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    plan = json.loads(done.stdout) if done.stdout else None
    return {"exit": done.returncode, "stderr": done.stderr.replace(str(root), "ROOT"),
            "plan": plan}


# ---- the rules, worked out from the machine's files

KEPT = {"System RAM": 1, "Reserved": 2, "reserved": 2, "ACPI Tables": 3,
        "ACPI Non-volatile Storage": 4, "Unusable memory": 5, "Persistent Memory": 7,
        "Persistent Memory (legacy)": 12, "Soft Reserved": 2, "Unknown E820 type": 2}


def iomem(root):
    """Top-level ranges of /proc/iomem as (start, end, name), end exclusive."""
    lines = (root / "proc/iomem").read_text().splitlines()
    found = [re.match(r"([0-9a-f]+)-([0-9a-f]+) : (.*)", line) for line in lines]
    return [(int(m[1], 16), int(m[2], 16) + 1, m[3]) for m in found if m]


def firmware_map(root):
    folder = root / "sys/firmware/memmap"
    entries = [[(folder / n / f).read_text().strip() for f in ("start", "end", "type")]
               for n in (os.listdir(folder) if folder.is_dir() else [])]
    return [(int(s, 16), int(e, 16) + 1, t) for s, e, t in entries]


def told_map(root):
    """What the next kernel should be told, joined where neighbours are alike."""
    told = []
    for start, end, name in sorted(firmware_map(root) or iomem(root)):
        if name not in KEPT:
            continue
        if told and told[-1][1] == start and told[-1][2] == KEPT[name]:
            told[-1] = (told[-1][0], end, KEPT[name])
        else:
            told.append((start, end, KEPT[name]))
    return told


def children(root):
    """What /proc/iomem shows inside of other ranges."""
    return [(int(a, 16), int(b, 16) + 1) for a, b in
            re.findall(r"^ +([0-9a-f]+)-([0-9a-f]+) : ", (root / "proc/iomem").read_text(), re.M)]


def lpi_tables(root):
    """Of an interrupt controller GICv3, as the log of its kernel has them."""
    found = re.findall(r"LPI \w+ table @(0x[0-9a-f]+)", (root / "var/log/dmesg").read_text())
    return [(int(at, 16), int(at, 16) + 0x10000) for at in found]


def broken_arm64_rules(plan, root):
    segments = {s["name"]: s for s in plan["segments"]}
    taken = children(root) + lpi_tables(root)
    usable = [(s, e) for s, e, n in iomem(root) if n == "System RAM"]
    if len(lpi_tables(root)) != 3 or len(taken) < 8:
        yield f"the machine has {taken}"
    for name, s in segments.items():
        if s["start"] % 65536 or s["end"] % 65536 or s["data_size"] > s["end"] - s["start"]:
            yield f"{name} is not aligned, or too small"
        if not any(a <= s["start"] and s["end"] <= b for a, b in usable):
            yield f"{name} is not in RAM"
        if any(a < s["end"] and s["start"] < b for a, b in taken):
            yield f"{name} lies over what the running kernel or a device has there"
        if not s["checked"] and name != "purgatory":
            yield f"{name} is not checked"
    kernel, tree = segments["kernel"], segments["device tree"]
    if kernel["start"] % (2 * MIB) or kernel["end"] - kernel["start"] < 40 * MIB:
        yield "the kernel is misaligned, or has less than image_size"
    if plan["kernel_entry"] != kernel["start"]:
        yield "the kernel is entered at the wrong place"
    if tree["start"] // (2 * MIB) != (tree["end"] - 1) // (2 * MIB):
        yield "the device tree crosses a multiple of 2 MiB"


def broken_rules(plan, root, options):
    if plan["architecture"] == "aarch64":
        yield from broken_arm64_rules(plan, root)
        return
    segments, memory = plan["segments"], plan["memory"]
    told = told_map(root)
    # Before firmware's map is believed, the running kernel must agree that it is RAM.
    usable = [(s, e) for s, e, n in iomem(root) if n == "System RAM"]
    kept_off = [(int(a, 16), int(b, 16) + 1) for a, b in
                re.findall(r"([0-9a-f]+)-([0-9a-f]+) : Crash kernel", (root / "proc/iomem").read_text())]

    if [(m["start"], m["end"], m["e820_type"]) for m in memory] != told:
        yield "the memory map handed over is not the firmware's"
    ends = 0
    for s in sorted(segments, key=lambda s: s["start"]):
        where = f"{s['name']} {s['start']:#x}-{s['end']:#x}"
        if s["start"] % PAGE or s["end"] % PAGE or not s["start"] < s["end"]:
            yield f"{where} is not whole pages"
        if s["data_size"] > s["end"] - s["start"]:
            yield f"{where} holds {s['data_size']} bytes"
        if s["start"] < ends:
            yield f"{where} overlaps the one before"
        if s["start"] < MIB:
            yield f"{where} lies in the first MiB"
        if not any(a <= s["start"] and s["end"] <= b for a, b in usable):
            yield f"{where} is not RAM of the running kernel"
        if any(a < s["end"] and s["start"] < b for a, b in kept_off):
            yield f"{where} overlaps the crash kernel"
        if not any(a <= s["start"] and s["end"] <= b and t == 1 for a, b, t in told):
            yield f"{where} is not RAM in the map handed over"
        ends = s["end"]
    named = {s["name"]: s for s in segments}
    kernel, purgatory = named["kernel"], named["purgatory"]
    if kernel["start"] % (2 * MIB) or kernel["start"] < 16 * MIB:
        yield "the kernel is misaligned or below its preferred address"
    if kernel["end"] - kernel["start"] != 40 * MIB:
        yield "the kernel has not init_size bytes"
    if plan["kernel_entry"] != kernel["start"] + (0 if "--entry-32bit" in options else 0x200):
        yield "the kernel is entered at the wrong place"
    if not purgatory["start"] <= plan["entry"] < purgatory["end"]:
        yield "the old kernel does not jump into the purgatory"
    if "--entry-32bit" in options and ends > 1 << 32:
        yield "a 32-bit entry with memory above 4 GiB"
    if "--mem-max=0x2fffffff" in options and (
            ends > 0x30000000 or min(s["start"] for s in segments) < 0x10000000):
        yield "a segment lies outside the bounds asked for"
    if not all(s["checked"] for s in segments if s["name"] != "purgatory"):
        yield "a segment is not checked"


def without_compiler(got):
    """The golden files hold for every compiler: how large it makes the purgatory is left out."""
    for segment in (got["plan"] or {"plan": {}})["plan"].get("segments", []):
        if segment["name"] == "purgatory":
            segment["data_size"] = None
    return got


class Impossible(Exception):
    """The program under test was built without what the case needs."""


def problems(kexec, case):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        got = run(kexec, case, root)
        if "was built without a compiler" in got["stderr"]:
            raise Impossible(got["stderr"].strip())
        if got["plan"] and got["plan"]["plan"].get("segments"):
            yield from broken_rules(got["plan"]["plan"], root, CASES[case][2])
    golden = HERE / "plan" / (case + ".json")
    text = json.dumps(without_compiler(got), indent=1) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    if not golden.exists():
        yield f"{golden} is missing"
    elif golden.read_text() != text:
        yield f"differs from {golden}; it says now:\n{text}"


def main():
    kexec, failed = sys.argv[1], 0
    cases = sys.argv[2:] or list(CASES)
    print(f"1..{len(cases)}")
    for i, case in enumerate(cases, 1):
        try:
            found = list(problems(kexec, case))
        except Impossible as why:
            print(f"ok {i} - {case} # SKIP {why}")
            continue
        print(f"{'not ok' if found else 'ok'} {i} - {case}")
        for problem in found:
            print("#   " + problem.replace("\n", "\n#   "))
        failed += bool(found)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
