#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`rapidreboot crash save` on the memory of real kernels, beside makedumpfile.

A distribution kernel boots in QEMU, fills memory and frees most of it again, and says whether the filter
knows it (`rapidreboot crash status`, over /proc/kcore). QEMU then writes its memory, which both programs
make a dump of: of 6.1, which every makedumpfile knows, they have to leave out the same pages, and what
is kept has to be of much the same size. The log has to be the same in all three. Half a minute a
machine without hardware virtualisation; the last line is "N passed, N failed, N skipped".
"""

import argparse
import importlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree may be read-only
import guest  # noqa: E402
import images  # noqa: E402
import vm  # noqa: E402

machines = importlib.import_module("vmcore-dmesg")
Trouble = machines.Trouble

LIMIT = 900  # seconds a program may take for a dump of 1 GiB
SIZE_MAX = 1.02  # of makedumpfile's, with the same pages and packing
ROM = 0xfffc0  # page frame: QEMU's firmware
KNOWN = ("bookworm",)  # kernels that Debian 12's makedumpfile knows

JOB = r"""
must insmod /modules/qemu_fw_cfg.ko
yes "memory that is in use" | head -c 52428800 >/tmp/kept
yes "memory that was used and is free again" | head -c 209715200 >/tmp/freed
section sizes wc -c /tmp/kept /tmp/freed
rm /tmp/freed
section status rapidreboot crash status --json
echo "@@ ready"
sleep 600
"""


def build_initrd(folder, suite, rapidreboot):
    archive = guest.base(JOB)
    machines.add_module(archive, suite)
    guest.add_program(archive, "sbin/rapidreboot", rapidreboot)
    return archive.save(os.path.join(folder, "initrd.cpio"))


def kept_pages(path):
    """Page frames of the second bitmap (makedumpfile, IMPLEMENTATION)."""
    with open(path, "rb") as file:
        head = file.read(464)
        page_n, sub, blocks = struct.unpack_from("<iiI", head, 428)
        file.seek((1 + sub + blocks // 2) * page_n)
        bitmap = file.read(blocks // 2 * page_n)
    return {i * 8 + bit for i, byte in enumerate(bitmap) if byte for bit in range(8)
            if byte >> bit & 1}


def run(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=LIMIT, check=False)
    if done.returncode:
        raise Trouble(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def put_parts_first(path):
    """QEMU has section headers in front of the program headers, which Debian 12's makedumpfile looks for
    right behind the ELF header."""
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        head = bytearray(file.read(64))
        at, n = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
        file.seek(at)
        parts = file.read(56 * n)
        if at != 64:
            struct.pack_into("<QQ", head, 32, 64, 0)  # e_phoff, e_shoff
            struct.pack_into("<HHH", head, 58, 0, 0, 0)
            file.seek(0)
            file.write(head + parts)


def check_status(said):
    """What the filter finds over /proc/kcore, and that the files were written at all."""
    sizes = [int(line.split()[0]) for line in said["sizes"].splitlines()]
    if sizes[:2] != [52428800, 209715200]:
        raise Trouble(f"the machine's files are not whole: {said['sizes']}")
    filter_ = json.loads(said["status"])["filter"]
    print(f"  /proc/kcore: {filter_}", flush=True)
    if not filter_ or not filter_["knows_kernel"]:
        raise Trouble("the filter does not know the running kernel")


def compare(suite, core, ours, args):
    counts = json.loads(run([args.rapidreboot, "crash", "save", "--json", core, ours]))
    print(f"  ours: {counts}", flush=True)
    for name in ("unknown", "unreadable"):
        if counts[name] > counts["pages"] // 100:
            raise Trouble(f"{counts[name]} pages are {name}")
    if counts["free"] * 4096 < 200 << 20 or counts["cache"] * 4096 < 50 << 20:
        raise Trouble("memory that was freed, or that files are in, is in the dump")
    if run([args.vmcore_dmesg, ours]) != run([args.vmcore_dmesg, core]):
        raise Trouble("the log is another one after the copy")
    theirs = ours + ".makedumpfile"
    run(["makedumpfile", "-c", "-d", "31", core, theirs])
    if run([args.vmcore_dmesg, theirs]) != run([args.vmcore_dmesg, core]):
        raise Trouble("the log of makedumpfile's dump is another one")
    if suite not in KNOWN:
        return
    a, b = kept_pages(ours), kept_pages(theirs)
    print(f"  kept: {len(a)} pages, by makedumpfile {len(b)}; only by us {len(a - b)}, only by "
          f"them {len(b - a)}; {os.path.getsize(ours)} and {os.path.getsize(theirs)} bytes",
          flush=True)
    # Firmware's memory, of which the kernel has no struct pages: makedumpfile leaves out what nobody
    # knows, we keep it. /proc/vmcore has no such parts.
    if b - a or len(a - b) != counts["unknown"] or min(a - b, default=ROM) < ROM:
        raise Trouble(f"other pages than makedumpfile's: only by us {sorted(a - b)[:20]}, only by "
                      f"them {sorted(b - a)[:20]}")
    if os.path.getsize(ours) > SIZE_MAX * os.path.getsize(theirs):
        raise Trouble("the dump is larger than makedumpfile's")


def check(suite, args):
    with tempfile.TemporaryDirectory(prefix="dump.") as folder:
        initrd = build_initrd(folder, suite, args.rapidreboot)
        with machines.boot(folder, suite, initrd, machines.CPUS[4]) as qemu:
            said = guest.sections(qemu.log())
            qemu.command("stop")
            core = machines.dump(qemu, os.path.join(folder, "core"), False)
        put_parts_first(core)
        if args.keep:
            shutil.copy(core, os.path.join(args.keep, f"core-{suite}"))
        check_status(said)
        compare(suite, core, os.path.join(folder, "ours"), args)


def main():
    parser = argparse.ArgumentParser(description=re.split("\n\n", __doc__)[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", default=list(images.SUITES),
                        help="whose kernels (default: " + " ".join(images.SUITES) + ")")
    for name in ("rapidreboot", "vmcore-dmesg"):
        parser.add_argument("--" + name, metavar="PATH", help="the command to test",
                            default=os.path.join(images.TOP, "build/bin", name))
    parser.add_argument("--keep", metavar="FOLDER", help="copy each machine's memory there")
    args = parser.parse_args()
    for program in ("makedumpfile", vm.find_qemu() or "qemu-system-x86_64"):
        if not shutil.which(program):
            sys.exit(f"{program} is not here: install it (tools/install-deps)")
    images.fetch(["busybox"] + ["linux-" + suite for suite in args.suites])
    failed = 0
    for suite in args.suites:
        print(f"# {suite}: Linux {images.release(suite)}", flush=True)
        try:
            check(suite, args)
        except Trouble as trouble:
            print(f"FAIL {suite}: {trouble}", flush=True)
            failed += 1
    print(f"{len(args.suites) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except images.Missing as missing:
        sys.exit(f"tests/vm: {missing}")
