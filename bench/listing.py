# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts what `rapidreboot list` costs on large menus, in instructions of the bench's machine.

An instruction is a nanosecond of that machine's clock: 20 million are 20 ms at one instruction a
nanosecond, which today's processors reach easily. The time on this machine is shown as well.
"""

import dataclasses
import os
import subprocess
import tempfile
import time

import guest
import images
import stamp as stamping
import vm

TARGET = 20  # milliseconds, or million instructions
RUNS = 15  # on this machine, of which the fastest counts
LIMIT = 570
GRUB_ENTRIES, BLS_ENTRIES = 200, 1000
UUID = "0b1dc0de-0000-4000-8000-123456789abc"
MENUS = ("grub", "bls")
CASES = [(f"list, {GRUB_ENTRIES} entries of GRUB", "grub", ()),
         (f"list --json, {GRUB_ENTRIES} entries of GRUB", "grub", ("--json",)),
         (f"list, {BLS_ENTRIES} BLS entries", "bls", ()),
         (f"list --json, {BLS_ENTRIES} BLS entries", "bls", ("--json",))]
ENTRY = """menuentry 'Debian GNU/Linux, with Linux {v}' --class debian --class gnu-linux --class os $menuentry_id_option 'gnulinux-{v}-advanced-{u}' {{
	load_video
	insmod gzio
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	insmod part_gpt
	insmod ext2
	set root='hd0,gpt2'
	if [ x$feature_platform_search_hint = xy ]; then
	  search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 --hint-efi=hd0,gpt2  {u}
	else
	  search --no-floppy --fs-uuid --set=root {u}
	fi
	echo	'Loading Linux {v} ...'
	linux	/boot/vmlinuz-{v} root=UUID={u} ro  quiet
	echo	'Loading initial ramdisk ...'
	initrd	/boot/initrd.img-{v}
}}
"""


def menu_files(kind):
    """{path: content} of a system with a menu of this kind."""
    files = {"etc/os-release": "ID=debian\nNAME=Debian\n"}
    if kind == "grub":
        versions = [f"6.{n // 10}.{n % 10}-amd64" for n in range(GRUB_ENTRIES)]
        inside = "".join(ENTRY.format(v=v, u=UUID) for v in versions[1:])
        files["boot/grub/grub.cfg"] = (
            "set default=0\nfunction load_video { insmod all_video; }\nmenuentry_id_option=--id\nexport menuentry_id_option\n"
            + ENTRY.format(v=versions[0], u=UUID) + "submenu 'Advanced options' {\n" + inside + "}\n")
    else:
        versions = [f"6.{n // 100}.{n % 100}-1.x86_64" for n in range(BLS_ENTRIES)]
        for v in versions:
            files[f"boot/loader/entries/0123456789abcdef0123456789abcdef-{v}.conf"] = (
                f"title Linux ({v})\nversion {v}\nmachine-id 0123456789abcdef0123456789abcdef\nlinux /vmlinuz-{v}\n"
                f"initrd /initrd.img-{v}\noptions root=UUID={UUID} ro rhgb quiet\n")
    for v in versions:
        files[f"boot/vmlinuz-{v}"] = files[f"boot/initrd.img-{v}"] = "x"
    return files


def words(kind, options, root):
    return ["list", *options, "--root", f"{root}/{kind}", "--fs", f"uuid:{UUID}=/"]


def run_here(program, folder, kind, options):
    """Milliseconds of the fastest run on this machine."""
    best = None
    for _ in range(RUNS):
        start = time.monotonic()
        subprocess.run([program, *words(kind, options, folder)], stdout=subprocess.DEVNULL, check=True, timeout=60)
        took = (time.monotonic() - start) * 1e3
        best = took if best is None else min(best, took)
    return best


def build(program, stamp, folder):
    """The initramfs that runs every case between two stamps, and an empty program beside them."""
    jobs = [f"stamp {n}-start\nmust rapidreboot {' '.join(words(kind, options, '/menus'))} > /dev/null 2>&1\nstamp {n}-end"
            for n, (_, kind, options) in enumerate(CASES)]
    job = "\n".join(["sleep 5", "stamp empty-start", "must busybox true", "stamp empty-end", *jobs,
                     "poweroff -f"]) + "\n"
    archive = guest.base(job)
    guest.add_program(archive, "sbin/rapidreboot", program)
    archive.file("bin/stamp", stamp, 0o755)
    for kind in MENUS:
        for path, text in menu_files(kind).items():
            archive.data(f"menus/{kind}/{path}", text)
    return archive.save(os.path.join(folder, "list"))


def count(program, stamp, machine):
    """{case: instructions} in the virtual machine; "empty" is a program that does nothing."""
    with tempfile.TemporaryDirectory(prefix="rapidreboot-bench.") as folder:
        console = os.path.join(folder, "debugcon")
        machine = dataclasses.replace(machine, extra=(
            "-icount", "shift=0,sleep=off", "-debugcon", f"file:{console}"))
        end = vm.run(machine, images.kernel("sid"), build(program, stamp, folder),
                     "console=ttyS0 panic=-1 quiet nokaslr", folder, LIMIT)
        stamps = stamping.read(console)
    if f"{len(CASES) - 1}-end" not in stamps or guest.failures(end.log):
        raise RuntimeError(f"list: the machine did not come to its end ({end.reason})\n{end.log[-1500:]}")
    result = {name: stamps[f"{n}-end"] - stamps[f"{n}-start"] for n, (name, _, _) in enumerate(CASES)}
    result["empty"] = stamps["empty-end"] - stamps["empty-start"]
    return result


def measure(program, stamp, machine):
    """Rows of instructions and of milliseconds on this machine."""
    counts = count(program, stamp, machine)
    with tempfile.TemporaryDirectory(prefix="rapidreboot-bench.") as folder:
        for kind in MENUS:
            for path, text in menu_files(kind).items():
                place = os.path.join(folder, kind, path)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "w", encoding="utf-8") as file:
                    file.write(text)
        return [{"case": name, "instructions": counts[name], "empty": counts["empty"], "target": TARGET,
                 "milliseconds": run_here(program, folder, kind, options)} for name, kind, options in CASES]


def table(rows):
    yield f"{'':40} {'million instructions':>20} {'ms here':>8}   target"
    for row in rows:
        yield (f"{row['case']:40} {row['instructions'] / 1e6:20.1f} {row['milliseconds']:8.1f}   <= {row['target']}")
    yield f"{'(an empty program)':40} {rows[0]['empty'] / 1e6:20.1f}"
