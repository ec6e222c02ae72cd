#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that the checks of the virtual machines can fail: a good report passes, each damaged one
does not. Needs neither QEMU nor images. Speaks TAP."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import checks
import compare
import guest
import images
import initramfs
import interference
import io
import jobs
import outcomes
import scenarios
import tap
import vm

RELEASE = "7.0.0-test"
images.release = lambda suite: RELEASE

IOMEM = """00000000-00000fff : Reserved
00001000-0009fbff : System RAM
00100000-3ffdffff : System RAM
  1d000000-1de01ef1 : Kernel code
3ffe0000-3fffffff : ACPI Tables"""
EFI = "ACPI20=0x7f77d014\nruntime-map entries: 9\nefivarfs mounted\nvariables: 40"
DMESG = f"""[    0.000000] Linux version {RELEASE}
[    0.000000] BIOS-e820: [mem 0x0000000000001000-0x000000000009fbff] usable
[    0.100000] ACPI: 3 tables found
[    1.000000] Run /init as init process"""
FACTS = {"release": RELEASE, "cmdline": jobs.CMDLINE, "cpus": "1", "iomem": IOMEM, "efi": EFI,
         "files": "/extra/part2\n/extra/part3", "setup_data": f"type {checks.STAMPS_TYPE}\n 00",
         "dmesg": DMESG}
PLACED = "segment[0] kernel: 0x100 bytes at 0x1d000000-0x1dffffff\nkexec: zero-copy: so it is\n"
UEFI = scenarios.Scenario("test", way="-c", initrds="three", machine=vm.Machine(firmware="uefi"))
CORRUPT = scenarios.Scenario("test", kind="corrupt", way="-c")
LOADED = "@@ begin loaded\n1\n@@ end loaded\n"
RESET_LOG = "@@ begin loaded\n1\n@@ end loaded\nrapidreboot: memory changed since the kernel was loaded"


def boot_params(loadflags):
    return bytes(loadflags if at == checks.LOADFLAGS else 0 for at in range(4096)).hex(" ")


def log_of(facts):
    first = {key: text for key, text in FACTS.items() if key != "setup_data"}
    text = ""
    for stage, report in (("first", first), ("second", facts)):
        for key, value in report.items():
            text += f"@@ begin {stage}.{key}\n{value}\n\n@@ end {stage}.{key}\n"
    return text


def problems(reason="poweroff", **changes):
    facts = dict(FACTS, **changes)
    return checks.problems(UEFI, vm.Ending(log_of(facts), reason, 1), True)


def fast(log=PLACED, words="", **changes):
    """A kernel that was unpacked by the loader; @words follow its command line."""
    facts = dict(FACTS, cmdline=jobs.CMDLINE + words, boot_params=boot_params(0x83),
                 text="ffffffff9c600000 T _text")
    scenario = scenarios.Scenario("test", options=("--fast",), initrds="three", next_words=words)
    return checks.problems(scenario, vm.Ending(log + log_of(dict(facts, **changes)), "poweroff", 1),
                           True)


def corrupt(log, reason):
    return checks.problems(CORRUPT, vm.Ending(log, reason, 1), True)


def emulation(cpus, byte="66", oops="Oops: int3: 0000 [#1] SMP NOPTI"):
    log = f"[ 2.2] {oops}\n[ 2.2] RIP: 0010:f+0x9/0x230\n[ 2.2] Code: f3 0f {byte} <90> e8 01\n"
    return [] if vm.broken_by_emulation(vm.Machine(cpus=cpus), log) else ["it is not that one"]


def probe(size, dirty, tables, *options):
    log = f"probe: bytes in gaps {size:#018x}, words not zero {dirty:#018x}, {tables} page tables\n"
    scenario = scenarios.Scenario("test", kind="probe", options=("--fast", *options))
    return checks.problems(scenario, vm.Ending(log, "poweroff", 1), True)


def lost(log, reason):
    scenario = scenarios.Scenario("test", kind="lost", way="-s")
    return checks.problems(scenario, vm.Ending(log, reason, 1), False)


def relay(texts, said=("zero-copy", "copy") * 3, alarms="", iomem=IOMEM):
    """Six kexecs, by --fast with and without huge pages in turn."""
    scenario = scenarios.Scenario("test", kind="relay", length=6,
                                  ways=("kexec --fast", "hidden; kexec --fast"))
    log = "".join(f"kexec: {rung}: because\n" for rung in said)
    for left, text in zip(range(6, -1, -1), ["ffffffff81000000", *texts]):
        facts = {"text": f"{text} T _text", "iomem": iomem if left == 3 else IOMEM,
                 "alarms": alarms if left == 2 else ""}
        for key, value in facts.items():
            log += f"@@ begin left{left}.{key}\n{value}\n\n@@ end left{left}.{key}\n"
    log += log_of(dict(FACTS, cmdline=f"{jobs.CHAIN_CMDLINE} left=0"))
    return checks.problems(scenario, vm.Ending(log, "poweroff", 1), True)


TEXTS = [f"ffffffff{number:x}00000" for number in range(0x820, 0x826)]


def differences(**changes):
    ours = guest.sections(log_of(dict(FACTS, **changes)))
    return list(compare.differences(ours, guest.sections(log_of(FACTS))))


def archive_is_sound():
    """An archive that cpio(5) describes: magic, sizes as eight hex digits, a trailer, padding."""
    archive = initramfs.Archive()
    archive.data("a/b", b"12345")
    out = io.BytesIO()
    archive.write(out)
    data = out.getvalue()
    return (len(data) % 512 == 0 and data.count(b"070701") == 3 and b"TRAILER!!!" in data
            and data.index(b"a/b\0") - 110 == data.index(b"070701", 6) and b"12345\0\0\0" in data)


STRESS = interference.step(7, "none", 1)
STRESS_RELEASES = [f"6.{number}" for number, _ in enumerate(interference.SUITES)]
RECORD = "2\tresult=kexec\tboot=id-1\treason=\tend"
FAILED = RECORD.replace("kexec", "firmware").replace("reason=", "reason=no log tells")


def disturbed(*said, kind="none", mark=STRESS.mark, kernel=STRESS.kernels[0], record=RECORD, ended=None):
    """One reboot of tests/vm/stress.py: what the step said, then the next boot, or an end."""
    step = interference.step(7, kind, 1)
    if kind != "none":
        mark, kernel = mark.replace(STRESS.mark, step.mark), step.kernels[0]
    log = f"@@ up 6 6.1 x id-1\n@@ step 7 {kind}\n" + "".join(f"{line}\n" for line in said)
    if not ended:
        log += f"@@ up 7 {STRESS_RELEASES[kernel]} {mark} id-2\n@@ record {record}\n@@ all done\n"
    return outcomes.problems(step, outcomes.read(log, ended or "poweroff").get(7), STRESS_RELEASES)


def came_cold(*said, kind="run-full", record=FAILED):
    return disturbed(*said, kind=kind, mark=interference.FIRMWARE, record=record)


def switched_off(*said, **how):
    return disturbed(*said, kind="off-ordered", **how)


REFUSED = ("@@ did 3 loaded 0", "@@ ordinary")
OFF = ("@@ ordered 0", "@@ asks poweroff 20.50")
ASKED = "@@ asks reboot 9.80"

# what is shown, whether it has to pass
CASES = [
    ("a good report", lambda: problems(), True),
    ("reset instead of power-off", lambda: problems("reset"), False),
    ("time limit", lambda: problems("timeout"), False),
    ("other kernel", lambda: problems(release="6.0.0"), False),
    ("word of the command line lost", lambda: problems(cmdline="console=ttyS0"), False),
    ("quotes lost", lambda: problems(cmdline=jobs.CMDLINE.replace('"', "")), False),
    ("processor lost", lambda: problems(cpus="0"), False),
    ("page of RAM lost", lambda: problems(iomem=IOMEM.replace("3ffdffff", "3ffdefff")), False),
    ("ACPI range lost", lambda: problems(iomem=IOMEM.rsplit("\n", 1)[0]), False),
    ("RAM split in two touching ranges", lambda: problems(iomem=IOMEM.replace(
        "00100000-3ffdffff : System RAM",
        "00100000-001fffff : System RAM\n00200000-3ffdffff : System RAM")), True),
    ("part of the initrd lost", lambda: problems(files="/extra/part2"), False),
    ("no stamps", lambda: problems(setup_data=""), False),
    ("EFI lost", lambda: problems(efi=""), False),
    ("EFI variable lost", lambda: problems(efi=EFI.replace("40", "39")), False),
    ("kernel warns", lambda: problems(dmesg=DMESG + "\n[    2.0] WARNING: CPU: 0"), False),
    ("damaged image, reset with a word", lambda: corrupt(RESET_LOG, "reset"), True),
    ("damaged image, silent reset", lambda: corrupt("@@ end loaded\n", "reset"), False),
    ("damaged image started", lambda: corrupt(RESET_LOG + "\nLinux version", "reset"), False),
    ("damaged image hangs", lambda: corrupt(RESET_LOG, "timeout"), False),
    ("gaps are zero", lambda: probe(1 << 24, 0, "own"), True),
    ("a word in a gap is not", lambda: probe(1 << 24, 1, "own"), False),
    ("on the old kernel's page tables", lambda: probe(1 << 24, 0, "other"), False),
    ("no gaps", lambda: probe(0, 0, "own"), False),
    ("gaps as they were", lambda: probe(1 << 24, 1 << 21, "other", "-g"), True),
    ("gaps as they were, a quarter of them filled", lambda: probe(1 << 24, 1 << 19, "other", "-g"),
     False),
    ("gaps as they were, yet zero", lambda: probe(1 << 24, 0, "other", "-g"), False),
    ("a kernel that has to get lost", lambda: lost(LOADED, "timeout"), True),
    ("nothing was loaded", lambda: lost("", "reset"), False),
    ("it comes up", lambda: lost(LOADED + log_of(FACTS), "poweroff"), False),
    ("a relay", lambda: relay(TEXTS), True),
    ("a relay that ends early", lambda: relay(TEXTS[:4]), False),
    ("a relay of kernels in one place", lambda: relay(TEXTS[:1] * 6), False),
    ("a relay by another rung", lambda: relay(TEXTS, ("zero-copy",) * 6), False),
    ("a relay with a warning", lambda: relay(TEXTS, alarms="WARNING: CPU: 0"), False),
    ("a relay that loses memory", lambda: relay(TEXTS, iomem=IOMEM.replace("3ffdffff", "3ffdefff")),
     False),
    ("unpacked kernel", lambda: fast(), True),
    ("unpacked kernel elsewhere", lambda: fast(PLACED.replace("x1d", "x1c")), False),
    ("not unpacked apart", lambda: fast(PLACED + "unpacking is not confined to a process of its own: x\n"),
     False),
    ("copied all the same", lambda: fast(PLACED.replace("zero-copy", "copy")),
     False),
    ("text nowhere", lambda: fast(text="0000000000000000 T _text"), False),
    ("text not in steps", lambda: fast(text="ffffffff9c601000 T _text"), False),
    ("text moved, and nobody knows", lambda: fast(boot_params=boot_params(0x81)), False),
    ("nokaslr", lambda: fast(words=" nokaslr", text="ffffffff81000000 T _text",
                             boot_params=boot_params(0x81)), True),
    ("nokaslr, moved", lambda: fast(words=" nokaslr", boot_params=boot_params(0x81)), False),
    ("QEMU's own fault", lambda: emulation(4), True),
    ("the same on one processor", lambda: emulation(1), False),
    ("a breakpoint that stands there", lambda: emulation(4, "cc"), False),
    ("no breakpoint", lambda: emulation(4, oops="Oops: 0002 [#1] SMP NOPTI"), False),
    ("the same as kexec-tools", lambda: differences(), True),
    ("other time stamps", lambda: differences(dmesg=DMESG.replace("1.000000", "2.5")), True),
    ("log line lost", lambda: differences(dmesg=DMESG.replace("ACPI: 3 tables found", "")), False),
    ("e820 range shorter", lambda: differences(dmesg=DMESG.replace("9fbff", "9efff")), False),
    ("reserved range more", lambda: differences(iomem=IOMEM + "\n40000000-40000fff : Reserved"),
     False),
    ("difference in one run of two",
     lambda: compare.persistent(["log line lost: a"], ["log line lost: b"]), True),
    ("difference in two runs",
     lambda: compare.persistent(["log line lost: [ 1.0] a 1"], ["log line lost: [ 2.0] a 2"]),
     False),
    ("a disturbed reboot", lambda: disturbed(ASKED), True),
    ("other kernel after it", lambda: disturbed(ASKED, kernel=1 - STRESS.kernels[0]), False),
    ("that of another program", lambda: disturbed(ASKED, mark=interference.FOREIGN), False),
    ("that of the reboot before", lambda: disturbed(ASKED, mark="6.0000"), False),
    ("no record", lambda: disturbed(ASKED, record=RECORD.replace("id-1", "id-0")), False),
    ("record that is open", lambda: disturbed(ASKED, record=RECORD.replace("kexec", "pending")), False),
    ("record that is torn", lambda: disturbed(ASKED, record=RECORD[:20]), False),
    ("refused, yet fast", lambda: disturbed(*REFUSED), False),
    ("refused where nothing is in the way", lambda: came_cold(*REFUSED, kind="locks"), False),
    ("refused", lambda: came_cold(*REFUSED, record=RECORD), True),
    ("refused, and loaded", lambda: came_cold("@@ did 3 loaded 1", "@@ ordinary"), False),
    ("refused by a status that nobody knows", lambda: came_cold("@@ did 17 loaded 0", "@@ ordinary"), False),
    ("died of a fault", lambda: came_cold("@@ did 139 loaded 0", "@@ ordinary"), False),
    ("taken, and nothing happened", lambda: came_cold("@@ did 0 loaded 0", "@@ ordinary"), False),
    ("ended, and loaded", lambda: came_cold("@@ did 143 loaded 1", "@@ ordinary", kind="sigterm"), False),
    ("killed, and loaded", lambda: came_cold("@@ did 137 loaded 1", "@@ ordinary", kind="sigkill"), True),
    ("through the firmware with a record", lambda: came_cold(ASKED), True),
    ("through the firmware without one", lambda: came_cold(ASKED, record=RECORD), False),
    ("through the firmware, no reason", lambda: came_cold(ASKED, record=RECORD.replace("kexec", "firmware")), False),
    ("kernel that panics", lambda: came_cold(ASKED, "[ 2.5] Kernel panic - not syncing: x"), False),
    ("hang", lambda: disturbed(ASKED, ended="timeout"), False),
    ("off without an order", lambda: disturbed(ASKED, ended="poweroff"), False),
    ("off", lambda: switched_off(*OFF, ended="poweroff"), True),
    ("poweroff that jumps", lambda: switched_off(*OFF), False),
    ("poweroff that jumps, asked for later", lambda: switched_off(*OFF, "@@ asks reboot 22.00"), False),
    ("poweroff that resets", lambda: switched_off(*OFF, mark=interference.FIRMWARE), False),
    ("reboot before a poweroff", lambda: switched_off(ASKED, *OFF), True),
    ("reboot that is off", lambda: switched_off(ASKED, *OFF, ended="poweroff"), False),
    ("both at once", lambda: switched_off("@@ asks reboot 20.40", *OFF, ended="poweroff"), True),
    ("step that never began", lambda: outcomes.problems(STRESS, None, STRESS_RELEASES), False),
    ("initramfs archive", lambda: [] if archive_is_sound() else ["unsound"], True),
]


if __name__ == "__main__":
    sys.exit(tap.run(CASES))
