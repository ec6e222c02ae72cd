# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turns a scenario into the files of one virtual machine: an initramfs and what it carries."""

import dataclasses
import gzip
import os
import random
import shlex
import subprocess

import derived
import guest
import images

CHAIN = 5  # kexecs in a row
# Bytes of a file in the next initrd; the second are more than a GiB.
BIG_INITRDS = {"big": 160 << 20, "huge": 1088 << 20}
DOM0_MEMORY = "600M"
# Word of the second kernel's command line: quotes and blanks have to arrive as they were given.
QUOTED = 'note="two words"'
# A machine that is emulated on a busy host loses seconds at a time: the kernel's watchdogs would
# report it as hung, its check of the timer would stop it, and its check of the time-stamp counter
# would call that one unstable.
PATIENT = "rcupdate.rcu_cpu_stall_suppress=1 nowatchdog no_timer_check tsc=reliable"
CMDLINE = f"console=ttyS0 panic=-1 {PATIENT} {QUOTED}"


@dataclasses.dataclass
class Tools:
    """The programs under test."""

    kexec: str  # path here, or "kexec-tools" for Debian's
    corrupt: str = ""  # path of the program that loads a damaged plan

    @property
    def fragment(self):
        """The program that takes memory in pieces lies beside it."""
        return os.path.join(os.path.dirname(self.corrupt), "fragment")

    @property
    def rapidreboot(self):
        return os.path.join(os.path.dirname(self.kexec), "rapidreboot")


REPORT = "report second\n"

LOAD = """{prepare}
report first
must {command}
section loaded cat /sys/kernel/kexec_loaded
{between}
sync
{jump}
echo "@@ failed the jump came back"
"""

# One command, without an init system.
DIRECT = """
report first
rapidreboot --direct --yes --force B3 --kernel {kernel} --initrd {initrd} --cmdline {cmdline}
echo "@@ failed it came back with $?"
"""

CHAIN_CMDLINE = f"console=ttyS0 panic=-1 {PATIENT}"
# Every stage joins a new initrd of the base archive and what lies in /boot, and counts down.
CHAIN_JOB = """
left=$(sed 's/.*left=\\([0-9]*\\).*/\\1/' /proc/cmdline)
report left$left
[ $left = 0 ] && return
find boot -type f | cpio -o -H newc > /tmp/files 2>/dev/null
cat /boot/base /tmp/files > /tmp/initrd
must {kexec} {way} -l /boot/kernel --initrd=/tmp/initrd \
	--command-line="{cmdline} left=$((left - 1))"
{kexec} -e
echo "@@ failed kexec -e came back"
"""

# Leaves no page of free memory as it was: all ones, then free again.
POISON = """
mkdir /tmp/fill
mount -t tmpfs -o size=100% none /tmp/fill
head -c 1048576 /dev/zero | tr '\\0' '\\377' > /tmp/ones
room=$(($(sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo) / 1024 - 48))
for i in $(seq $room); do cat /tmp/ones; done > /tmp/fill/ones
section filled ls -l /tmp/fill/ones
umount /tmp/fill
"""
PROBE_JOB = POISON + """
must {command}
{kexec} -e
echo "@@ failed kexec -e came back"
"""

XEN_CMDLINE = f"console=com1 com1=115200,8n1 dom0_mem={DOM0_MEMORY} noreboot=0 sched=credit"
DOM0_CMDLINE = f"console=hvc0 panic=-1 {PATIENT}"
XEN_JOB = """
report first
must {command}
{kexec} -e
echo "@@ failed kexec -e came back"
"""


def _kexec_name(tools):
    return "kexec-tools" if tools.kexec == "kexec-tools" else "kexec"


def _with_kexec(archive, tools):
    if tools.kexec == "kexec-tools":
        guest.add_kexec_tools(archive)
    else:
        guest.add_kexec(archive, tools.kexec)


def _marker(folder, number):
    archive = guest.initramfs.Archive()
    archive.data(f"extra/part{number}", f"part {number}\n")
    return archive.save(os.path.join(folder, f"part{number}"))


def _next_initrds(scenario, folder):
    """The files that the second kernel gets as initrd, in order."""
    if scenario.initrds == "none":
        return []
    archive = guest.base(REPORT)
    if scenario.machine.firmware == "uefi":
        guest.add_efivarfs(archive, scenario.next)
    files = [archive.save(os.path.join(folder, "next"))]
    if scenario.initrds == "three":
        files += [_marker(folder, 2), _marker(folder, 3)]
    if scenario.initrds == "packed":
        return [_packed(files[0], folder)]
    if scenario.initrds in BIG_INITRDS:
        content = os.path.join(folder, "content")
        with open(content, "wb") as file:
            file.writelines(big_content(scenario.initrds))
        big = guest.initramfs.Archive()
        big.file("extra/big", content)
        big.data("job", "section md5 md5sum /extra/big\n" + REPORT)
        files.append(big.save(os.path.join(folder, "big")))
        files = [_join(files, os.path.join(folder, "joined"))]
    return files


# The first and largest part with the one that takes the kernel longest to unpack.
PACKERS = (["xz", "-c", "--check=crc32"], ["zstd", "-qc"], ["gzip", "-c"], ["lz4", "-qlc"])


def _packed(base, folder):
    """One file: an early plain archive as for microcode, @base and some parts, each packed by
    another tool, a plain part between them."""
    early = guest.initramfs.Archive()
    early.data("kernel/x86/microcode/none.bin", bytes(1000))
    joined = [early.save(os.path.join(folder, "early"))]
    parts = [base, _marker(folder, 2), _marker(folder, 3), _marker(folder, 4)]
    for number, (part, packer) in enumerate(zip(parts, PACKERS)):
        path = os.path.join(folder, f"packed{number}")
        with open(path, "wb") as out:
            subprocess.run([*packer, part], stdout=out, check=True, timeout=60)
            out.write(b"\0" * (-out.tell() % 4))
        joined += [path] + ([_marker(folder, 5)] if number == 1 else [])
    return _join(joined, os.path.join(folder, "joined"))


def big_content(initrds):
    """Bytes that do not compress, the same ones every time, a MiB at once."""
    numbers = random.Random(0)
    return (numbers.randbytes(1 << 20) for _ in range(BIG_INITRDS[initrds] >> 20))


def _join(files, out):
    with open(out, "wb") as joined:
        for path in files:
            with open(path, "rb") as file:
                while chunk := file.read(1 << 20):
                    joined.write(chunk)
    return out


def _add_next(archive, scenario, folder):
    """Put kernel and initrds into @archive; returns the words that name them."""
    initrds = _next_initrds(scenario, folder)
    if scenario.image == "uki":
        uki = derived.build_uki(images.kernel(scenario.next), initrds[0], CMDLINE,
                                os.path.join(folder, "uki.efi"))
        archive.file("boot/kernel", uki)
        return ["/boot/kernel"]
    archive.file("boot/kernel", derived.image(scenario.next, scenario.image))
    words = ["/boot/kernel", f"--command-line={CMDLINE}{scenario.next_words}"]
    if scenario.way == "-s" and "--fast" in scenario.options:
        archive.file(f"boot/config-{images.release(scenario.next)}", images.config(scenario.next))
    for number, path in enumerate(initrds):
        archive.file(f"boot/initrd{number}", path)
        words.append(f"--initrd=/boot/initrd{number}")
    return words


def _load_job(scenario, tools, archive, folder):
    kexec = _kexec_name(tools)
    words = _add_next(archive, scenario, folder)
    if scenario.loader == "rapidreboot":
        guest.add_program(archive, "sbin/rapidreboot", tools.rapidreboot)
        return DIRECT.format(kernel="/boot/kernel", initrd="/boot/initrd0", cmdline=shlex.quote(CMDLINE))
    loader = [kexec, "-l"]
    if scenario.loader:
        guest.add_program(archive, f"sbin/{scenario.loader}", tools.corrupt)
        loader = [scenario.loader]
    way = [scenario.way] if scenario.way else []
    command = shlex.join(loader + way + list(scenario.options) + words)
    if "fragment" in scenario.prepare:
        guest.add_program(archive, "sbin/fragment", tools.fragment)
    if "strace" in scenario.job:
        guest.add_strace(archive)
    if scenario.kind == "shell":
        return (guest.MEMORY + scenario.prepare.replace("LOAD", command) + "\n" +
                scenario.job.replace("LOAD", command).replace("PLAIN", plain_load(kexec, words, "-c"))
                .replace("FILES", plain_load(kexec, words, "-s")))
    return LOAD.format(kexec=kexec, command=command, prepare=scenario.prepare,
                       between=scenario.between, jump=scenario.jump or f"{kexec} -e")


def plain_load(kexec, words, way):
    """The same kernel, loaded as it is."""
    return shlex.join([kexec, way, "-l", *words])


def _probe_job(scenario, tools, archive, folder):
    """A kernel of which everything is loaded, and tests/vm/probe.c entered in its place."""
    guest.add_program(archive, "sbin/load-corrupt", tools.corrupt)
    archive.file("boot/kernel", images.kernel(scenario.next))
    archive.file("boot/probe", os.path.join(os.path.dirname(tools.corrupt), "probe.bin"))
    command = shlex.join(["load-corrupt", "-p", *scenario.options, "/boot/kernel",
                          f"--command-line={CMDLINE}", "--initrd=/boot/probe"])
    return PROBE_JOB.format(kexec=_kexec_name(tools), command=command)


def _xen_job(scenario, tools, archive, folder):
    kexec = _kexec_name(tools)
    if scenario.image == "xen.gz":
        archive.file("boot/xen", images.xen())
    else:
        with gzip.open(images.xen()) as file:
            archive.data("boot/xen", file.read())
    archive.file("boot/dom0", images.dom0_kernel())
    archive.file("boot/initrd", guest.base(REPORT).save(os.path.join(folder, "next")))
    way = [scenario.way] if scenario.way else []
    command = shlex.join([kexec, "-l", *way, "/boot/xen", f"--command-line={XEN_CMDLINE}",
                          f"--module=/boot/dom0 {DOM0_CMDLINE}", "--module=/boot/initrd"])
    return XEN_JOB.format(kexec=kexec, command=command)


def _chain_job(scenario, tools, archive, folder):
    job = CHAIN_JOB.format(kexec=_kexec_name(tools), way=scenario.way, cmdline=CHAIN_CMDLINE)
    base = guest.base(job)
    _with_kexec(base, tools)
    if scenario.machine.firmware == "uefi":
        guest.add_efivarfs(base, scenario.next)
    archive.file("boot/base", base.save(os.path.join(folder, "base")))
    archive.file("boot/kernel", images.kernel(scenario.next))
    return job


RELAY_JOB = """
hidden() {{ mount -t tmpfs none /sys/kernel/mm/hugepages; }}
left=$(sed 's/.*left=\\([0-9]*\\).*/\\1/' /proc/cmdline)
section left$left.text grep -m 1 ' _text$' /proc/kallsyms
section left$left.iomem cat /proc/iomem
section left$left.alarms sh -c 'dmesg | grep -E "BUG:|WARNING: CPU|Oops|unpacking failed"'
[ $left = 0 ] && {{ report second; return; }}
find boot -type f | cpio -o -H newc > /tmp/files 2>/dev/null
cat /boot/base /tmp/files > /tmp/initrd
case $((left % {n})) in
{cases}
esac
kexec -e
echo "@@ failed kexec -e came back"
"""


def _relay_job(scenario, tools, archive, folder):
    words = (f'-l /boot/kernel --initrd=/tmp/initrd '
             f'--command-line="{CHAIN_CMDLINE} left=$((left - 1))"')
    cases = [f"{number}) {way} {words} 2>&1 | grep -v note= ;;"
             for number, way in enumerate(scenario.ways)]
    job = RELAY_JOB.format(n=len(scenario.ways), cases="\n".join(cases))
    base = guest.base(job)
    _with_kexec(base, tools)
    archive.file("boot/base", base.save(os.path.join(folder, "base")))
    archive.file("boot/kernel", images.kernel(scenario.next))
    return job


JOBS = {"boot": _load_job, "shell": _load_job, "panic": _load_job, "corrupt": _load_job,
        "lost": _load_job, "xen": _xen_job, "probe": _probe_job, "relay": _relay_job,
        "chain": _chain_job}


def first_initrd(scenario, tools, folder):
    """The initramfs of the first kernel."""
    archive = guest.base("")
    job = JOBS[scenario.kind](scenario, tools, archive, folder)
    archive.data("job", job)
    _with_kexec(archive, tools)
    if scenario.machine.firmware == "uefi":
        guest.add_efivarfs(archive, scenario.first)
    return archive.save(os.path.join(folder, "first"))


def first_cmdline(scenario):
    line = f"console=ttyS0 panic=-1 quiet {PATIENT}" + scenario.words
    left = {"chain": CHAIN, "relay": scenario.length}.get(scenario.kind)
    return f"{line} left={left}" if left else line


def next_cmdline(scenario):
    """What /proc/cmdline of the last kernel has to say, without the newline."""
    return {"chain": f"{CHAIN_CMDLINE} left=0", "relay": f"{CHAIN_CMDLINE} left=0", "xen": DOM0_CMDLINE}.get(
        scenario.kind, CMDLINE + scenario.next_words)
