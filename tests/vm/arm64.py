#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels for arm64 start kernels for arm64, in emulated machines of QEMU's "virt".

    tests/vm/arm64.py [--only PATTERN] [--quick] [--logs DIR]

The commands are those that tests/cross/run.py builds, with the libc that they were linked with. Each machine
boots one of Debian's kernels, loads another one and jumps; what the next kernel says of itself is compared with what
it was given.
"""

import argparse
import dataclasses
import fnmatch
import glob
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import disks
import guest
import images
import initramfs

sys.path.insert(0, os.path.join(images.TOP, "tests/cross"))
import run as cross    # noqa: E402 pylint: disable=wrong-import-position

LIMIT = 400  # seconds for one machine; on an idle host it takes 10
SYSROOT = os.path.join(images.CACHE, "sysroot-arm64")
FIRMWARE = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
CMDLINE = "console=ttyAMA0 panic=-1 from=kexec"
DIRECT = f'rapidreboot --direct --yes --force B3 --kernel /boot/kernel --initrd /boot/initrd --cmdline "{CMDLINE}"'
LOAD_DAMAGED = ('must load-corrupt {} --initrd=/boot/initrd --command-line="' + CMDLINE + '" /boot/kernel\n'
                'load-corrupt --jump')
SAID = "changed since the kernel was loaded; resetting the machine"
MOUNT = """
tries=0
until [ -b /dev/nvme0n1 ]; do
	tries=$((tries + 1))
	[ $tries -lt 60 ] || must false
	sleep 1
done
mkdir -p /var
must mount -t ext4 /dev/nvme0n1 /var
"""
# What loading takes it gives back, and an image that was unloaded is not started.
UNLOAD = guest.MEMORY + """
load() { kexec -l "$@" --fast --initrd=/boot/initrd --append="%s" /boot/kernel; }
must load; must kexec -u    # whatever is kept after the first time
section before memory
for i in 1 2 3; do must load; must kexec -u; done
section after memory
kexec -e && echo "@@ failed an image was started that was unloaded"
""" % CMDLINE
LPI_LOST = re.compile(r"memory probably corrupted|Expected reserved range")


@dataclasses.dataclass
class Scenario:
    """One machine. The name says what is special about it."""

    name: str
    first: str = "bookworm"
    next: str = "bookworm"
    machine: str = "gic-version=2"  # of -M virt
    cpu: str = "cortex-a72"
    cpus: int = 1
    memory: str = "1G"
    firmware: str = ""  # or "efi"
    packed: bool = False  # the next kernel is Image.gz
    options: str = ""  # for kexec -l
    prepare: str = ""  # shell that comes first
    rung: str = ""  # what kexec --fast -d has to say that it did
    loader: str = ""  # in place of kexec -l and -e
    refused: str = ""  # what the load says when it has to fail
    expect: tuple = ()  # what the log has to have
    record: bool = False  # a disk takes the record of the attempt from one system to the next
    crash: bool = False  # the first kernel panics
    chain: int = 0  # that many kernels are started, one after the other
    damaged: str = ""  # the segment of which a byte is changed, for the purgatory to find
    quick: bool = False


def scenarios():
    yield Scenario("gicv2", quick=True)
    yield Scenario("chain/gicv3-its", machine="gic-version=3", memory="2G", cpus=2, chain=20)
    yield Scenario("chain/zero-copy", machine="gic-version=3", memory="2G", cpus=2, chain=20, options="--fast")
    yield Scenario("gicv3-its", machine="gic-version=3", cpus=2, expect=("using reserved LPI pending table",))
    yield Scenario("console", options="--console-serial", expect=("^rapidreboot: starting the kernel$",))
    for first in images.SUITES:
        for following in images.SUITES:
            if (first, following) != ("bookworm", "bookworm"):
                yield Scenario(f"kernels/{first}-{following}", first=first, next=following)
    yield Scenario("image.gz", packed=True)
    yield Scenario("copy", options="--fast -d", prepare="mount -o bind /tmp /sys/kernel/mm/hugepages", rung="copy")
    for suite in images.SUITES:
        yield Scenario(f"zero-copy/{suite}", first=suite, next=suite, options="--fast -d", rung="zero-copy")
    yield Scenario("zero-copy/gicv3-its", machine="gic-version=3", cpus=2, options="--fast -d", rung="zero-copy",
                   expect=("using reserved LPI pending table",))
    yield Scenario("zero-copy/el2", machine="gic-version=2,virtualization=on", options="--fast -d", rung="zero-copy")
    yield Scenario("el2", machine="gic-version=2,virtualization=on")
    yield Scenario("el2-vhe", machine="gic-version=3,virtualization=on", cpu="neoverse-n1")
    yield Scenario("efi-acpi", firmware="efi", machine="gic-version=3", options="--console-serial",
                   expect=("^rapidreboot: starting the kernel$",))
    yield Scenario("efi-device-tree", firmware="efi", machine="gic-version=2,acpi=off")
    # where the kernel falls over inside the system call
    yield Scenario("lpa2/trixie", first="trixie", next="trixie", cpu="max", refused="52-bit addresses (LPA2)")
    yield Scenario("lpa2/sid", first="sid", next="sid", cpu="max")
    yield Scenario("6G-4cpu", memory="6G", cpus=4, machine="gic-version=3")
    yield Scenario("512M", memory="512M")
    yield Scenario("rapidreboot", loader=DIRECT, record=True, quick=True)
    yield Scenario("rapidreboot/el2-acpi", loader=DIRECT, record=True, firmware="efi",
                   machine="gic-version=3,virtualization=on", cpu="neoverse-n1")
    for segment in ("kernel", "initrd", "device tree", "page tables", "purgatory"):
        yield Scenario(f"damaged/{segment}", loader=LOAD_DAMAGED.format(f"-c -s '{segment}'"), damaged=segment,
                       quick=segment == "device tree")
    yield Scenario("damaged/el2", machine="gic-version=2,virtualization=on", damaged="kernel",
                   loader=LOAD_DAMAGED.format("-c -s kernel"))
    yield Scenario("damaged/in-place", damaged="initrd", loader=LOAD_DAMAGED.format("--fast --in-place -s initrd"))
    yield Scenario("crash", crash=True, memory="2G", cpus=2, quick=True)
    yield Scenario("crash/sid", crash=True, memory="2G", first="sid", next="sid", machine="gic-version=3")
    yield Scenario("crash/efi-acpi", crash=True, memory="2G", firmware="efi")
    yield Scenario("unload", options="--fast -d", prepare=UNLOAD, rung="zero-copy")


def base(job):
    """An archive with BusyBox, /init and @job, all of arm64."""
    archive = initramfs.Archive()
    for folder in ("proc", "sys", "dev", "tmp", "boot", "run", "etc"):
        archive.directory(folder)
    archive.char_device("dev/console", 5, 1)
    archive.file("bin/busybox", images.busybox("busybox-arm64"), 0o755)
    archive.file("init", os.path.join(guest.HERE, "guest-init"), 0o755)
    archive.data("job", job)
    return archive


def add_commands(archive, build):
    for name in ("kexec", "rapidreboot", "vmcore-dmesg"):
        archive.file(f"sbin/{name}", str(build.program(name)), 0o755)
    archive.file("sbin/load-corrupt", str(build.dir / "tests/vm/load-corrupt"), 0o755)
    for name in ("ld-linux-aarch64.so.1", "libc.so.6"):
        found = glob.glob(os.path.join(SYSROOT, "**", name), recursive=True)
        archive.file(f"lib/{name}", os.path.realpath(found[0]), 0o755)


CHAIN = """
left=$(sed -n 's/.*left=\\([0-9]*\\).*/\\1/p' /proc/cmdline)
left=${{left:-{kernels}}}
section text$left grep -m 1 ' _stext$' /proc/kallsyms
section tainted$left cat /proc/sys/kernel/tainted
section dmesg$left dmesg
if [ $left = 0 ]; then
	echo "@@ arrived"
	return
fi
head -c 8 /dev/random > /dev/null
find boot -type f | cpio -o -H newc > /tmp/files 2>/dev/null
cat /boot/base /tmp/files > /tmp/initrd
must kexec -c -l /boot/kernel {options} --initrd=/tmp/initrd --append="%s left=$((left - 1))"
kexec -e
echo "@@ failed kexec -e came back"
""" % CMDLINE

PANIC = f"""
must kexec -p /boot/kernel --initrd=/boot/initrd --append="{CMDLINE}"
section loaded cat /sys/kernel/kexec_crash_loaded
echo "said before the panic" > /dev/kmsg
echo "@@ jumps"
echo c > /proc/sysrq-trigger
echo "@@ failed: still here"
"""
# The dump is read where it was saved, by the same program.
CAPTURE = """
section iomem cat /proc/iomem
mkdir -p /var/crash
must rapidreboot crash save --level 31 /proc/vmcore /var/crash/dump
section log vmcore-dmesg /proc/vmcore
section saved vmcore-dmesg /var/crash/dump
section size wc -c /proc/vmcore /var/crash/dump
"""
SECOND = """
section cmdline cat /proc/cmdline
section release uname -r
section text grep -m 1 " _stext$" /proc/kallsyms
section tainted cat /proc/sys/kernel/tainted
section cpus grep -c ^processor /proc/cpuinfo
section memory grep MemTotal /proc/meminfo
section dmesg dmesg
{more}
echo "@@ arrived"
"""
RECORD = MOUNT + "rapidreboot hook boot\nsection timeline rapidreboot timeline --json\numount /var\n"


def first_job(scenario):
    load = (f'must kexec -c -l /boot/kernel --initrd=/boot/initrd --append="{CMDLINE}" {scenario.options}\n'
            "echo '@@ jumps'\nkexec -e\n")
    if scenario.refused:
        load = load.replace("must ", "")
    # QEMU's device tree has a seed for random numbers; the one of EFI has none, and they take a while
    if scenario.crash:
        return PANIC
    if scenario.chain:
        return CHAIN.format(options=scenario.options, kernels=scenario.chain)
    return ("section text grep -m 1 ' _stext$' /proc/kallsyms\nsection memory grep MemTotal /proc/meminfo\nsection iomem cat /proc/iomem\n"
            f"{MOUNT if scenario.record else ''}{scenario.prepare}\nhead -c 8 /dev/random > /dev/null\n"
            + (f"echo '@@ jumps'\n{scenario.loader}\n" if scenario.loader else load)
            + "echo '@@ failed: still here'\n")


def kernel_file(scenario, folder):
    path = images.kernel(f"arm64-{scenario.next}")
    if not scenario.packed:
        return path
    out = os.path.join(folder, "Image.gz")
    with open(path, "rb") as file, gzip.open(out, "wb", compresslevel=1) as to:
        shutil.copyfileobj(file, to)
    return out


def first_initrd(scenario, build, folder):
    if scenario.chain:
        archive = base(first_job(scenario))
        add_commands(archive, build)
        archive.file("boot/base", archive.save(os.path.join(folder, "base")))
        archive.file("boot/kernel", kernel_file(scenario, folder), 0o644)
        return archive.save(os.path.join(folder, "first"))
    second = base(SECOND.format(more=RECORD if scenario.record else CAPTURE if scenario.crash else ""))
    if scenario.record or scenario.crash:
        add_commands(second, build)
    second = second.save(os.path.join(folder, "second"))
    archive = base(first_job(scenario))
    add_commands(archive, build)
    archive.file("boot/kernel", kernel_file(scenario, folder), 0o644)
    archive.file("boot/initrd", second, 0o644)
    return archive.save(os.path.join(folder, "first"))


def disk(scenario, folder):
    """Words for QEMU."""
    if not scenario.record:
        return []
    tree = os.path.join(folder, "tree")
    os.makedirs(os.path.join(tree, "lib"))
    image = disks.ext4(os.path.join(folder, "disk"), 64, tree, "9c1f0fb8-4c1c-4d0d-9a3e-5a1d5f2c7e13")
    return ["-drive", f"if=none,id=d,file={image},format=raw", "-device", "nvme,drive=d,serial=1"]


def run_machine(scenario, initrd, folder):
    """The log of the machine, and why it ended when that was not by itself."""
    log = os.path.join(folder, "log")
    argv = ["qemu-system-aarch64", "-M", "virt," + scenario.machine, "-cpu", scenario.cpu, "-m", scenario.memory,
            "-smp", str(scenario.cpus), "-display", "none", "-nodefaults", "-no-reboot", "-serial", f"file:{log}",
            *(["-bios", FIRMWARE] if scenario.firmware else []),
            "-kernel", images.kernel(f"arm64-{scenario.first}"), "-initrd", initrd,
            "-append", "console=ttyAMA0 panic=-1 quiet" + (" crashkernel=512M" if scenario.crash else ""),
            *disk(scenario, folder)]
    why = ""
    try:
        done = subprocess.run(argv, timeout=LIMIT, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        why = done.stderr.strip()
    except subprocess.TimeoutExpired:
        why = f"still there after {LIMIT} s"
    with open(log, encoding="utf-8", errors="replace") as file:
        return file.read().replace("\r", ""), why


def record_problems(text):
    """The attempt is confirmed, and measured by the counter that the purgatory has stamped."""
    attempts = json.loads(text or "[]")
    if len(attempts) != 1:
        yield f"the record is {text!r}"
        return
    attempt = attempts[0]
    if (attempt["result"], attempt["clock"]) != ("kexec", "counter"):
        yield f"the attempt is {attempt}"
    order = [attempt["points_us"][name] for name in ("asked", "loaded", "purgatory", "checked", "jumped", "kernel")]
    if None in order or order != sorted(order) or order[2] == order[1] or order[3] == order[2]:
        yield f"its moments are {attempt['points_us']}"


def crash_problems(before, found):
    if before["loaded"] != "1" or found["cmdline"] != CMDLINE:
        yield f"loaded {before['loaded']}, the command line is {found['cmdline']!r}"
    for name in ("log", "saved"):
        for text in ("said before the panic", "sysrq: Trigger a crash", "Kernel panic"):
            if text not in found[name]:
                yield f"no {text!r} in the log of the dump ({name})"


def unload_problems(found):
    free, rest = [], []
    for name in ("before", "after"):
        numbers = re.findall(r"(?m)^(?:Waiting|MemFree): *(\d+) kB\n", found[name])
        free.append(sum(map(int, numbers)))
        rest.append(re.sub(r"(?m)^(Waiting|MemFree):.*\n", "", found[name]))
    if rest[0] != rest[1] or free[0] - free[1] > 6 << 10:    # KiB, as in checks.py
        yield f"unloading gave not everything back:\n{found['before']}\n{found['after']}"


def chain_problems(scenario, found):
    for left in range(scenario.chain):
        if found.get(f"tainted{left}") != "0":
            yield f"kernel {scenario.chain - left}: tainted {found.get(f'tainted{left}')}"
        log = found.get(f"dmesg{left}", "")
        if LPI_LOST.search(log) or "using reserved LPI pending table" not in log:
            yield f"kernel {scenario.chain - left} did not find the tables of the interrupt controller"
    texts = {found.get(f"text{left}") for left in range(scenario.chain)}
    if len(texts) < scenario.chain - 1 or None in texts:
        yield f"{scenario.chain} kernels have their text at {texts}"


def problems(scenario, log, why):
    """What is not as it should be, a sentence each."""
    yield from ([why] if why else []) + ([] if scenario.refused else guest.failures(log))
    if scenario.refused:
        if scenario.refused not in log or "@@ arrived" in log:
            yield f"not refused with {scenario.refused!r}"
        return
    if scenario.damaged:
        if SAID not in log or "@@ jumps" not in log:
            yield f"nobody said that the {scenario.damaged} was damaged"
        if "@@ arrived" in log:
            yield "the next kernel was started"
        return
    if "@@ arrived" not in log:
        yield "the next kernel did not come up"
        return
    if scenario.chain:
        yield from chain_problems(scenario, guest.sections(log))
        return
    first, _, second = log.partition("@@ jumps")
    found, before = guest.sections(second), guest.sections(first)
    if scenario.crash:
        yield from crash_problems(before, found)
        return
    expected = {"cmdline": CMDLINE, "release": images.arm64_release(scenario.next), "tainted": "0",
                "cpus": str(scenario.cpus)}
    for name, value in expected.items():
        if found.get(name) != value:
            yield f"{name}: {found.get(name)!r}, not {value!r}"
    if "KASLR enabled" not in found["dmesg"]:
        yield "the kernel lies at its link address"
    if scenario.first == scenario.next and found["text"] == before["text"]:
        yield f"the kernel lies where the first one did: {found['text']}"
    sizes = [int(re.search(r"\d+", text["memory"])[0]) for text in (before, found)]
    if scenario.first == scenario.next and abs(sizes[1] - sizes[0]) > 16 << 10:
        yield f"the first kernel has {sizes[0]} KiB, the next one {sizes[1]}"
    if scenario.rung and f"kexec: {scenario.rung}: " not in first:
        yield f"the rung is not {scenario.rung}"
    if LPI_LOST.search(found["dmesg"]):
        yield "the tables of the interrupt controller were not reserved"
    if scenario.record:
        yield from record_problems(found.get("timeline", ""))
    if scenario.prepare == UNLOAD:
        yield from unload_problems(before)
    for pattern in scenario.expect:
        if not re.search(pattern, second, re.M):
            yield f"no {pattern!r} in the log"


def run_scenario(scenario, build, logs):
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        log, why = run_machine(scenario, first_initrd(scenario, build, folder), folder)
        bad = list(problems(scenario, log, why))
    print(f"{'not ok' if bad else 'ok'} - arm64/{scenario.name} ({time.monotonic() - start:.0f} s)", flush=True)
    for sentence in bad:
        print(f"# {sentence}")
    if bad or logs:
        path = os.path.join(logs or tempfile.gettempdir(), f"arm64-{scenario.name.replace('/', '-')}.log")
        with open(path, "w", encoding="utf-8") as file:
            file.write(log)
        print(f"# {path}")
    return not bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="scenarios with such a name")
    parser.add_argument("--quick", action="store_true", help="the shortest selection")
    parser.add_argument("--logs", metavar="DIR", help="keep the log of every machine there")
    options = parser.parse_args()
    chosen = [s for s in scenarios() if fnmatch.fnmatchcase(s.name, options.only)
              and (s.quick or not options.quick)]
    if not chosen:
        parser.error(f"no scenario is called {options.only!r}")
    images.fetch(["busybox-arm64", *sorted({f"linux-arm64-{suite}" for s in chosen for suite in (s.first, s.next)})])
    build = cross.Build("aarch64")
    build.make()
    good = sum(run_scenario(scenario, build, options.logs) for scenario in chosen)
    print(f"{good} passed, {len(chosen) - good} failed, 0 skipped")
    return good != len(chosen)


if __name__ == "__main__":
    sys.exit(main())
