# SPDX-License-Identifier: LGPL-2.1-or-later
"""What has to be true of a finished machine. Each check yields sentences about what is not."""

import hashlib
import re

import guest
import images
import jobs

# Documentation/arch/x86/x86_64/mm.rst; CONFIG_PHYSICAL_START and _ALIGN of all kernels used here.
TEXT_LINK, TEXT_ROOM, TEXT_STEP = 0xffffffff81000000, (1 << 30) - (16 << 20), 2 << 20
LOADFLAGS, KASLR_FLAG = 0x211, 2  # Documentation/arch/x86/boot.rst

# Lines that a healthy kernel does not log. Lockups are the busy host's doing, not ours.
ALARMS = re.compile(r"BUG:(?! soft lockup| workqueue lockup)|WARNING: CPU|Oops|general protection|"
                    r"invalid setup_data|[Ii]nitramfs unpacking failed")
STAMPS_TYPE = "0x52520001"  # src/fundamental/x86_64/purgatory-abi.h, STAMPS_SETUP_DATA_TYPE


def iomem_ranges(text, kind):
    """Top-level ranges of /proc/iomem of @kind as half-open pairs, touching ones joined.

    Kernels differ in where they split RAM (around setup_data, for one), so only the union counts.
    """
    ranges = []
    for start, end, name in re.findall(r"(?m)^([0-9a-f]+)-([0-9a-f]+) : (.*)$", text):
        if name.lower() != kind.lower():
            continue
        start, end = int(start, 16), int(end, 16) + 1
        if ranges and ranges[-1][1] == start:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return ranges


def firmware_ranges(text):
    """The report of /sys/firmware/memmap as [start, end, kind], touching ones of a kind joined."""
    ranges = []
    found = re.findall(r"(?m)^0x([0-9a-f]+)-0x([0-9a-f]+) (.*)$", text)
    for start, end, kind in sorted((int(a, 16), int(b, 16) + 1, kind) for a, b, kind in found):
        if ranges and ranges[-1][1:] == [start, kind]:
            ranges[-1][1] = end
        else:
            ranges.append([start, end, kind])
    return ranges


def check_firmware_map(facts):
    """The second kernel's firmware memory map is the table that it was given: all of it."""
    before, after = facts.get("first.memmap", ""), facts.get("second.memmap", "")
    maps = [firmware_ranges(text) for text in (before, after)]
    if len(maps[0]) < 128:
        yield f"only {len(maps[0])} ranges before: the test itself is broken"
    if maps[0] != maps[1]:
        missing = [entry for entry in maps[0] if entry not in maps[1]]
        yield f"{len(maps[0])} ranges before, {len(maps[1])} after, not there: {missing[:3]}"


def _show(ranges):
    return ", ".join(f"{start:#x}-{end:#x}" for start, end in ranges) or "none"


def check_ending(scenario, end, facts):
    for line in guest.failures(end.log):
        yield f"in the first kernel: {line[3:]}"
    expected = {"panic": "reset"}.get(scenario.kind, "poweroff")
    if end.reason != expected:
        yield f"the machine ended by {end.reason}, not by {expected}"


def check_memory(facts, first, second):
    """The second kernel has to see the same memory map as the first one."""
    for kind in ("System RAM", "ACPI Tables", "ACPI Non-volatile Storage"):
        before = iomem_ranges(facts[f"{first}.iomem"], kind)
        after = iomem_ranges(facts[f"{second}.iomem"], kind)
        if kind == "System RAM" and len(before) == 0:
            yield "the first kernel shows no System RAM: the test itself is broken"
        if before != after:
            yield (f"{kind} was {_show(before)}, is {_show(after)}")


def check_second(scenario, facts, second="second"):
    if f"{second}.dmesg" not in facts:
        yield f"the report of the {second} kernel is missing"
        return
    if facts[f"{second}.release"] != images.release(scenario.next):
        yield f"kernel {facts[f'{second}.release']} runs, not {images.release(scenario.next)}"
    cmdline, wanted = facts[f"{second}.cmdline"], jobs.next_cmdline(scenario)
    if cmdline != wanted:
        yield f"command line is {cmdline!r}, not {wanted!r}"
    if facts[f"{second}.cpus"] != str(scenario.machine.cpus):
        yield f"{facts[f'{second}.cpus']} processors are up, not {scenario.machine.cpus}"
    for line in facts[f"{second}.dmesg"].splitlines():
        if ALARMS.search(line):
            yield f"the second kernel says: {line}"


def check_efi(facts, first, second):
    before, after = facts.get(f"{first}.efi", ""), facts.get(f"{second}.efi", "")
    if before != after:
        yield f"EFI of the first kernel:\n{before}\nof the second:\n{after}"
    if "efivarfs mounted" not in after:
        yield "EFI variables cannot be read in the second kernel"


def check_stamps(facts, second="second"):
    if f"type {STAMPS_TYPE}" not in facts.get(f"{second}.setup_data", ""):
        yield "no stamps of our purgatory: did it run?"


def check_initrds(scenario, end, facts):
    files = facts.get("second.files", "").split()
    wanted = {"three": ["/extra/part2", "/extra/part3"], "big": ["/extra/big"], "huge": ["/extra/big"],
              "packed": [f"/extra/part{number}" for number in (2, 3, 4, 5)]}
    if scenario.initrds == "packed" and scenario.way == "-s":
        if "ramdisk packed anew: as lz4" not in end.log:
            yield "the initrd was not packed anew for kexec_file_load"
    elif any(word.startswith("--cache") for word in scenario.options):
        if not re.search(r"cache: /cache/\S+ is used", end.log):
            yield "nothing came out of the cache"
    elif scenario.initrds == "packed" and "initrd: 4 parts unpacked" not in end.log:
        yield "not all packed parts of the initrd were unpacked"
    for name in wanted.get(scenario.initrds, []):
        if name not in files:
            yield f"{name}, part of an initrd, is not there: {files}"
    if scenario.initrds in jobs.BIG_INITRDS:
        digest = hashlib.md5()
        for part in jobs.big_content(scenario.initrds):
            digest.update(part)
        if not facts.get("md5", "").startswith(digest.hexdigest()):
            yield f"/extra/big arrived damaged: {facts.get('md5')}, not {digest.hexdigest()}"


def text_address(facts, kernel):
    """Where the first byte of the kernel's text is in virtual memory; 0 when it did not say."""
    found = re.match(r"([0-9a-f]+) ", facts.get(f"{kernel}.text", ""))
    return int(found[1], 16) if found else 0


def check_fast(scenario, end, facts):
    """The kernel is where the loader put it, and knows whether that was random."""
    bytes_at = r" kernel: \S+ bytes at (0x[0-9a-f]+)-"
    placed = (re.search("in place" + bytes_at, end.log) or
              re.search(r"segment\[0\]" + bytes_at, end.log))
    runs = re.search(r"(?m)^ *([0-9a-f]+)-[0-9a-f]+ : Kernel code", facts["second.iomem"])
    text = text_address(facts, "second")
    if f"kexec: {scenario.rung}: " not in end.log:
        said = re.search(r"(?m)^kexec: (?:zero-copy|copy|bzImage): .*", end.log)
        yield f"the rung is not {scenario.rung!r}, but {said and said[0]!r}"
    if "unpacking is not confined" in end.log:
        yield "kernel and initrd were unpacked by kexec itself"
    if not placed or not runs or int(placed[1], 16) != int(runs[1], 16):
        yield (f"the kernel runs at {runs and runs[1]}, was placed at {placed and placed[1]}")
    if not TEXT_LINK <= text < TEXT_LINK + TEXT_ROOM or text % TEXT_STEP:
        yield f"the kernel's text is at {text:#x}"
    fixed = "nokaslr" in scenario.next_words
    if fixed and text != TEXT_LINK:
        yield f"with nokaslr the kernel's text is at {text:#x}"
    flags = bytes.fromhex(facts["second.boot_params"])[LOADFLAGS]
    if bool(flags & KASLR_FLAG) == fixed:
        yield f"loadflags of the boot parameters are {flags:#x}"


def check_boot(scenario, end, facts, ours):
    yield from check_second(scenario, facts)
    if "second.dmesg" not in facts:
        return
    if scenario.memory == "memmap":
        yield from check_firmware_map(facts)
    else:
        yield from check_memory(facts, "first", "second")
    yield from check_initrds(scenario, end, facts)
    if scenario.machine.firmware == "uefi":
        yield from check_efi(facts, "first", "second")
    unpacks = "--fast" in scenario.options and scenario.way != "-s"
    if unpacks:
        yield from check_fast(scenario, end, facts)
    segments = unpacks or scenario.image.startswith("vmlinux")
    if ours and (scenario.way == "-c" or segments):
        yield from check_stamps(facts)


def check_panic(scenario, end, facts, ours):
    """Without an initrd the second kernel cannot find a root file system, and says so."""
    for text in (f"Linux version {images.release(scenario.next)}", f"Command line: {jobs.CMDLINE}",
                 "VFS: Unable to mount root fs"):
        if text not in end.log:
            yield f"the second kernel did not log {text!r}"


def check_chain(scenario, end, facts, ours):
    for left in range(jobs.CHAIN, -1, -1):
        if f"left{left}.dmesg" not in facts:
            yield f"kernel {jobs.CHAIN - left} of {jobs.CHAIN} did not report"
            return
        yield from check_memory(facts, f"left{jobs.CHAIN}", f"left{left}")
        if scenario.machine.firmware == "uefi":
            yield from check_efi(facts, f"left{jobs.CHAIN}", f"left{left}")
    yield from check_second(scenario, facts, "left0")
    texts = {text_address(facts, f"left{left}") for left in range(jobs.CHAIN)}
    if scenario.way == "--fast" and (len(texts) < 3 or 0 in texts):
        yield f"{jobs.CHAIN} kernels have their text at {[hex(text) for text in texts]}"


def check_xen(scenario, end, facts, ours):
    for text in ("Xen version ", "d0 has maximum", "Hypervisor detected: Xen PV"):
        if text not in end.log:
            yield f"not in the log: {text!r}"
    if facts.get("second.cmdline", "").strip() != jobs.DOM0_CMDLINE:
        yield f"dom0's command line: {facts.get('second.cmdline')!r}"


def check_corrupt(scenario, end, facts, ours):
    """With the digest the machine resets before any second kernel; without, it goes on."""
    started = "Linux version" in end.log.split("@@ end loaded")[-1] or "second.release" in facts
    if "-i" in scenario.options:
        if not started:
            yield "without a digest the damaged image should have been started"
        return
    if started:
        yield "a damaged image was started"
    if "changed since the kernel was loaded" not in end.log:
        yield "the purgatory did not say on the serial line what it found"
    if end.reason != "reset":
        yield f"the machine ended by {end.reason}, not by a reset"


MEMORY_SLACK = 6 << 10  # KiB; per-CPU lists, slabs and the log grow while anything is done


def check_shell(scenario, end, facts, ours):
    """What a job was meant to say, and memory that is as it was."""
    reports = []
    for name in scenario.unchanged:
        text = facts.get(name, "")
        free = re.search(r"(?m)^Waiting: *([0-9]+) kB\nMemFree: *([0-9]+) kB\n", text)
        if not free:
            yield f"no report of memory called {name}"
            return
        reports.append((name, int(free[1]) + int(free[2]), text.replace(free[0], "")))
    for name, free, rest in reports[1:]:
        if rest != reports[0][2]:
            yield f"{reports[0][0]}:\n{reports[0][2]}\n{name}:\n{rest}"
        if reports[0][1] - free > MEMORY_SLACK:
            yield f"{name}: {free} KiB are free, in {reports[0][0]} {reports[0][1]} KiB were"


def check_probe(scenario, end, facts, ours):
    """What tests/vm/probe.c found where no segment lies: zeros, or with -g what lay there before."""
    found = re.search(r"probe: bytes in gaps 0x(\w+), words not zero 0x(\w+), (\w+) page tables",
                      end.log)
    if not found:
        yield "the probe did not report"
        return
    size, dirty = int(found[1], 16), int(found[2], 16)
    if size < 1 << 20:
        yield f"only {size} bytes of gaps: there is nothing to clear"
    if "-g" in scenario.options:
        if dirty * 8 < size / 2:
            yield f"only {dirty} words of {size} bytes were not zero: memory was not filled"
    elif dirty or found[3] != "own":
        yield f"{dirty} words of {size} bytes are not zero, on {found[3]} page tables"


def check_lost(scenario, end, facts, ours):
    """What must not work: a kernel was loaded, and no second one ever got as far as its /init."""
    if facts.get("loaded") != "1":
        yield "nothing was loaded: the test itself is broken"
    if "second.release" in facts:
        yield "the second kernel came up: there is nothing wrong any more"
    if end.reason not in ("reset", "timeout"):
        yield f"the machine ended by {end.reason}"


def check_relay(scenario, end, facts, ours):
    """Every kernel came up, sees the memory of the first, and lies elsewhere."""
    stages = [f"left{left}" for left in range(scenario.length, -1, -1)]
    missing = [stage for stage in stages if f"{stage}.iomem" not in facts]
    if missing:
        yield f"{len(missing)} of {len(stages)} kernels did not report; {missing[0]} is the first"
        return
    for stage in stages:
        yield from check_memory(facts, stages[0], stage)
        if facts[f"{stage}.alarms"].strip():
            yield f"the kernel of {stage} says: {facts[f'{stage}.alarms']}"
    texts = {text_address(facts, stage) for stage in stages[1:]}
    # 477 places: of twenty kernels hardly ever four share one with another
    if 0 in texts or len(texts) < min(scenario.length, 20) * 0.8:
        yield f"{scenario.length} kernels have their text at {[hex(text) for text in texts]}"
    for way, said in (("kexec --fast", "zero-copy"), ("hidden; kexec --fast", "copy")):
        wanted = sum(scenario.ways[left % len(scenario.ways)] == way
                     for left in range(1, scenario.length + 1))
        found = len(re.findall(rf"(?m)^kexec: {said}: ", end.log))
        if found < wanted:
            yield f"{found} of {wanted} loads were of the rung {said}"
    yield from check_second(scenario, facts)


KINDS = {"shell": check_shell, "boot": check_boot, "panic": check_panic, "chain": check_chain,
         "xen": check_xen, "corrupt": check_corrupt, "probe": check_probe, "lost": check_lost,
         "relay": check_relay}


def problems(scenario, end, ours):
    """Everything that is wrong with this machine, as a list of sentences."""
    facts = guest.sections(end.log)
    found = [f"not in the log: {pattern}" for pattern in scenario.expect
             if not re.search(pattern, end.log)]
    if scenario.kind in ("corrupt", "lost"):
        return found + list(KINDS[scenario.kind](scenario, end, facts, ours))
    found += check_ending(scenario, end, facts)
    return found + list(KINDS[scenario.kind](scenario, end, facts, ours))
