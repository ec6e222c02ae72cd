#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crash kernels of real kernels: loaded, panicked into, read.

A distribution kernel boots with crashkernel=, loads itself as crash kernel in the way that the case
asks for, and panics. The capture kernel has to come up, to have the dump in /proc/vmcore, and to find
the panic in it; its program headers are compared with the machine's own /proc/iomem. One machine a
case, half a minute each without hardware virtualisation. The last line is "N passed, N failed,
N skipped".
"""

import argparse
import dataclasses
import os
import re
import struct
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree may be read-only
import derived  # noqa: E402
import guest  # noqa: E402
import images  # noqa: E402
import jobs  # noqa: E402
import panics  # noqa: E402
import vm  # noqa: E402

LIMIT = 900  # seconds; on an idle host a machine takes 20 to 60, on a busy one five times as long
MARK = 'note="two words"'

JOB = r"""
if [ -e /proc/vmcore ]; then
	section capture.cmdline cat /proc/cmdline
	section capture.memory grep MemTotal /proc/meminfo
	head -c 65536 /proc/vmcore > /tmp/head
	section capture.head od -An -v -tx1 /tmp/head
	section capture.dmesg /sbin/vmcore-dmesg /proc/vmcore
	poweroff -f
	sleep 60
fi
section iomem cat /proc/iomem
section size kexec --print-ckr-size
{prepare}
{load}
section loaded cat /sys/kernel/kexec_crash_loaded
section hotplug cat /sys/devices/system/cpu/crash_hotplug
{after}
kexec -S
section status echo $?
{panic}
"""

LOAD = r"""must kexec {options} -p --initrd=/boot/capture \
	--command-line='console=ttyS0 panic=5 nr_cpus=1 reset_devices {patient} {mark}' {kernel}"""

# The same by the configuration of Debian's kdump-tools, with a reload that cannot be, and one that can.
CONFIGURED = r"""
mkdir -p /etc/default
cat > /etc/default/kdump-tools <<'END'
USE_KDUMP=1
KDUMP_KERNEL={kernel}
KDUMP_INITRD=/boot/capture
KDUMP_CMDLINE_APPEND='panic=5 nr_cpus=1 reset_devices {patient} {mark}'
END
must rapidreboot crash load
dd if=/dev/zero of=/boot/large bs=1M count=300 2>/dev/null
section too-large rapidreboot crash reload --kernel={kernel} --initrd=/boot/large
section too-long rapidreboot crash reload --append=$(head -c 2000 /dev/zero | tr '\0' x)
section still-loaded cat /sys/kernel/kexec_crash_loaded
rm /boot/large
must rapidreboot crash reload
section crash-status rapidreboot crash status
section estimate rapidreboot crash estimate"""

# What does not disarm the machine, with what is loaded after each.
FAILURES = r"""
dd if=/dev/zero of=/boot/large bs=1M count=300 2>/dev/null
section too-large kexec -s -p --initrd=/boot/large --command-line=x {kernel}
section still-loaded cat /sys/kernel/kexec_crash_loaded
section too-large-segments kexec -c -p --initrd=/boot/large --command-line=x {kernel}
section still-loaded-segments cat /sys/kernel/kexec_crash_loaded
rm /boot/large
"""


@dataclasses.dataclass
class Case:
    """What is loaded how on which machine."""

    suite: str
    options: str
    words: str = "crashkernel=256M"
    machine: vm.Machine = dataclasses.field(default_factory=lambda: vm.Machine("1G", 2))
    hotplug: str = ""  # what crash_hotplug says then, where the kernel has it
    prepare: str = ""
    load: str = LOAD
    after: str = ""
    kernel: str = "/boot/kernel"
    shape: str = "bzImage"  # of the capture kernel: derived.image(), or "uki"
    quick: bool = False
    panic: panics.Panic = dataclasses.field(default_factory=panics.Panic)


def of_module(name, cpus=2):
    """A machine that panics as panics.PANICS says under @name."""
    return Case(panics.SUITE, "-c", machine=vm.Machine("1G", cpus), panic=panics.PANICS[name])


def plugged(suite, name, *extra):
    """A machine into which something is plugged after the load, and which then loads once more."""
    return Case(suite, "-c", machine=vm.Machine("1G", 1, extra=extra), panic=panics.PANICS[name])


BIG = vm.Machine("6G", 2)
SECOND_CPU = ("-smp", "1,sockets=2,cores=1,threads=1,maxcpus=2")
SECOND_MEMORY = ("-m", "1G,slots=2,maxmem=2G")
CASES = {
    "file": Case("trixie", "-s"),
    "segments": Case("trixie", "-c", quick=True),
    "segments-6.1": Case("bookworm", "-c"),
    "segments-sid": Case("sid", "-c"),
    "high": Case("trixie", "-c", "crashkernel=256M,high", BIG),
    "high-file": Case("trixie", "-s", "crashkernel=256M,high", BIG),
    "uefi": Case("trixie", "-c", machine=vm.Machine("1G", 1, firmware="uefi")),
    "memmap-words": Case("trixie", "-c --pass-memmap-cmdline"),
    "hotplug": Case("sid", "-c --hotplug", hotplug="1"),
    "no-digest": Case("trixie", "-c -i"),
    "bounds": Case("bookworm", "--mem-min=0x1000000", "crashkernel=256M"),
    "vmlinux": Case("trixie", "-c", shape="vmlinux"),
    "uki": Case("trixie", "-c", shape="uki"),
    "uki-file": Case("bookworm", "-s", shape="uki"),
    "configured": Case("trixie", "", load=CONFIGURED),
    "configured-sid": Case("sid", "", load=CONFIGURED),
    "failures": Case("trixie", "-s", after=FAILURES),
    "one-cpu": Case("trixie", "-c", machine=vm.Machine("1G", 1)),
    "four-cpus": Case("trixie", "-s", machine=vm.Machine("1G", 4)),
    "module": of_module("module"),
    "module-one-cpu": of_module("module", 1),
    "oops": of_module("oops"),
    "interrupt": of_module("interrupt"),
    "softirq": of_module("softirq"),
    "corrupted": of_module("corrupted"),
    "before-call": of_module("before-call"),
    "in-call": of_module("in-call"),
    "typed": Case("trixie", "-s", panic=panics.PANICS["typed"]),
    "nmi": Case("trixie", "-c", panic=panics.PANICS["nmi"]),
    "offline": Case("trixie", "-c", panic=panics.PANICS["offline"]),
    "plugged-cpu": plugged("bookworm", "plugged-cpu", *SECOND_CPU),
    "plugged-memory": plugged("bookworm", "plugged-memory", *SECOND_MEMORY),
}


class Trouble(Exception):
    """What went wrong, for a person."""


def demand(condition, text):
    if not condition:
        raise Trouble(text)


def build(folder, case, bin_folder):
    words = dict(options=case.options, kernel=case.kernel, patient=jobs.PATIENT, mark=MARK,
                 prepare=case.prepare)
    words["panic"] = re.sub(r"\{(patient|mark)\}", lambda m: words[m[1]], case.panic.shell)
    fill = lambda text: re.sub(r"\{(\w+)\}", lambda m: words.get(m[1], m[0]), text)
    words.update(load=fill(case.load), after=fill(case.after))
    archive = guest.base(fill(JOB))
    guest.add_kexec(archive, os.path.join(bin_folder, "kexec"))
    for name in ("vmcore-dmesg", "rapidreboot"):
        guest.add_program(archive, f"sbin/{name}", os.path.join(bin_folder, name))
    if case.panic.module:
        archive.file(f"modules/{panics.NAME}.ko", panics.build_module(folder))
    capture = archive.save(os.path.join(folder, "capture.cpio"))
    archive.file("boot/capture", capture)
    kernel = images.kernel(case.suite)
    if case.shape == "uki":
        kernel = derived.build_uki(kernel, capture, "quiet", os.path.join(folder, "uki"))
    elif case.shape != "bzImage":
        kernel = derived.image(case.suite, case.shape)
    archive.file("boot/kernel", kernel)
    return archive.save(os.path.join(folder, "initrd.cpio"))


def ranges(iomem, name):
    return [(int(a, 16), int(b, 16) + 1) for a, b in
            re.findall(rf"^ *([0-9a-f]+)-([0-9a-f]+) : {name}$", iomem, re.M)]


def loads(head):
    """(type, virtual, physical, size) of each part of an ELF core, by the System V ABI."""
    data = bytes.fromhex("".join(head.split()))
    demand(data[:6] == b"\x7fELF\2\1", "the dump is no ELF file")
    at, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    parts = [struct.unpack_from("<IIQQQQQQ", data, at + i * size) for i in range(count)]
    return [(p[0], p[3], p[4], p[6]) for p in parts]


def check_dump(said):
    """All RAM above the first MiB but the reservation, and the kernel's text, are in the dump."""
    iomem = said["iomem"]
    reserved = ranges(iomem, "Crash kernel")
    parts = loads(said["capture.head"])
    demand(sum(p[0] == 4 for p in parts) == 1, "the dump has not one PT_NOTE")
    text, *ram = [p for p in parts if p[0] == 1]
    demand(text[2] == ranges(iomem, "Kernel code")[0][0], "the first part is not the kernel's text")
    demand(text[1] >> 31 == (1 << 33) - 1, f"the text's virtual address is {text[1]:#x}")
    want = [(a, b) for a, b in ranges(iomem, "System RAM") if a >= 1 << 20]
    for a, b in reserved:
        want = [piece for c, d in want for piece in ((c, min(d, a)), (max(c, b), d))
                if piece[0] < piece[1]]
    page = lambda r: (r[0] & ~4095, r[1] + 4095 & ~4095)
    joined = []
    for a, b in map(page, sorted(want)):
        if joined and joined[-1][1] >= a:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    have = []
    for _, virtual, physical, size in sorted(ram, key=lambda p: p[2]):
        demand(virtual - physical == ram[0][1] - ram[0][2], "the direct map is not one map")
        if have and have[-1][1] >= physical:
            have[-1] = (have[-1][0], physical + size)
        else:
            have.append((physical, physical + size))
    demand(have == joined, f"RAM in the dump: {have}; of the machine: {joined}")


def is_still_loaded(text):
    """Whether a refusal says so; sentences are broken at the width of the terminal."""
    return "still loaded" in " ".join(text.split())


def check(case, said):
    demand(said.get("loaded") == "1", "no crash kernel is loaded")
    demand(said.get("status") == "1", "kexec -S does not say that one is loaded")
    reserved = ranges(said["iomem"], "Crash kernel")
    demand(said["size"] == str(reserved[-1][1] - reserved[-1][0]), "wrong --print-ckr-size")
    if case.hotplug:
        demand(said.get("hotplug") == case.hotplug, f"crash_hotplug: {said.get('hotplug')}")
    for name in [n for n in said if n.startswith("still-loaded")]:
        demand(said[name] == "1", f"{name}: the machine is not armed any more")
        large = name.replace("still-loaded", "too-large")
        demand(is_still_loaded(said[large]), f"{name}: {said[large]}")
    if case.load == CONFIGURED:
        for name in ("too-large", "too-long"):
            demand(is_still_loaded(said[name]), said[name])
        demand("kernel:       /boot/kernel" in said["crash-status"], said["crash-status"])
        demand("enough         yes" in said["estimate"], said["estimate"])
    demand("capture.dmesg" in said, "the capture kernel has not come up, or has no /proc/vmcore")
    for text in case.panic.found:
        demand(text in said["capture.dmesg"], f"{text!r} is not in the dump's log")
    words = said["capture.cmdline"]
    demand(MARK in words and "elfcorehdr=" in words, f"command line: {words}")
    demand(("memmap=exactmap" in words) == ("--pass-memmap-cmdline" in case.options),
           f"command line: {words}")
    total = sum(b - a for a, b in reserved) + (1 << 20)
    kib = int(re.search(r"\d+", said["capture.memory"])[0])
    demand(kib << 10 < total, f"the capture kernel uses {kib} KiB, more than is reserved")
    check_dump(said)


def start(case, initrd, folder, firmware):
    """Run the machine; returns how it ended, and what went wrong with its monitor."""
    monitor = panics.Monitor(folder, os.path.join(folder, "vm.log"), case.panic.monitor, LIMIT)
    machine = case.machine
    if case.panic.monitor:
        machine = dataclasses.replace(machine, extra=(*machine.extra, *monitor.options()))
        monitor.start()
    end = vm.run(machine, images.kernel(case.suite), initrd,
                 f"console=ttyS0 panic=-1 quiet {jobs.PATIENT} {case.words}", folder, LIMIT, firmware)
    if case.panic.monitor:
        monitor.join(LIMIT)
    return end, monitor.trouble


def run(name, bin_folder, folder):
    case = CASES[name]
    firmware = images.firmware_dir() if case.machine.firmware == "uefi" else None
    initrd = build(folder, case, bin_folder)
    for attempt in (1, 2):
        end, trouble = start(case, initrd, folder, firmware)
        if attempt == 2 or not vm.broken_by_emulation(case.machine, end.log):
            break
    kept = os.path.join(images.TOP, "build/vm")
    os.makedirs(kept, exist_ok=True)
    with open(os.path.join(kept, f"crash-{name}.log"), "w", encoding="utf-8") as file:
        file.write(end.log)
    demand(not trouble, f"the monitor: {trouble}")
    demand(not guest.failures(end.log), "\n".join(guest.failures(end.log)) + end.log[-2000:])
    if not case.panic.captured:
        demand(end.reason == "reset", f"the machine did not reset itself: {end.reason}")
        demand("capture.cmdline" not in guest.sections(end.log), "there was a capture kernel")
        demand(all(text in end.log for text in case.panic.found), "it did not panic:\n" + end.log[-2000:])
        return end.seconds
    try:
        check(case, guest.sections(end.log))
    except KeyError as missing:
        raise Trouble(f"the guest never said {missing} ({end.reason})") from missing
    return end.seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", help=", ".join(CASES))
    parser.add_argument("--quick", action="store_true", help="those that stand for the rest")
    parser.add_argument("--bin", default=os.path.join(images.TOP, "build/bin"),
                        help="folder of the commands")
    args = parser.parse_args()
    if not vm.find_qemu():
        sys.exit("qemu-system-x86_64 is not here: install QEMU for x86 (tools/install-deps)")
    names = args.names or [n for n in CASES if CASES[n].quick or not args.quick]
    stub = ["systemd-stub"] if any(CASES[n].shape == "uki" for n in names) else []
    headers = [panics.HEADERS] if any(CASES[n].panic.module for n in names) else []
    images.fetch(["busybox", "ovmf"] + stub + headers + [f"linux-{CASES[n].suite}" for n in names])
    failed = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="crash.") as folder:
            try:
                seconds = run(name, args.bin, folder)
                print(f"ok   {name} ({seconds:.0f} s)", flush=True)
            except Trouble as trouble:
                print(f"FAIL {name}: {trouble}", flush=True)
                failed += 1
    print(f"{len(names) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except images.Missing as missing:
        sys.exit(f"tests/vm: {missing}")
