# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one virtual machine: what QEMU starts in, the serial log and how it ended out.

Processors are always emulated, so that every host runs the same machine. One that does not end by
itself is killed after its time limit.
"""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import time

# QEMU 7.2 emulates cmpxchg16b wrongly now and then: Linux 6.12 uses it for every allocation and
# falls over in one boot of ten. Without the feature kernels use something else.
CPU = "max,cx16=off"


@dataclasses.dataclass
class Machine:
    """The hardware and firmware, as QEMU options."""

    memory: str = "1G"
    cpus: int = 1
    cpu: str = CPU
    accel: str = "tcg"
    firmware: str = "bios"  # or "uefi"
    extra: tuple = ()  # more QEMU options


@dataclasses.dataclass
class Ending:
    """How a machine ended."""

    log: str  # what came out of the serial port
    reason: str  # "poweroff", "reset", "timeout" or "qemu: …"
    seconds: float  # on the wall


def broken_by_emulation(machine, log):
    """Did a kernel die of a breakpoint that is not there? To change its own code it writes one first,
    and takes it back; with several emulated processors one of them now and then runs into it after
    that. Where a breakpoint does stand it is the kernel's, or ours."""
    if machine.cpus < 2:
        return False
    return bool(re.search(r"\bint3: 0000 \[#1\](?:.*\n)+?.*Code:(?: \w\w)* (?!cc )\w\w <", log))


def find_qemu():
    return shutil.which("qemu-system-x86_64")


def _firmware_options(machine, firmware_dir, folder):
    if machine.firmware == "bios":
        return []
    code = os.path.join(firmware_dir, "OVMF_CODE_4M.fd")
    variables = os.path.join(folder, "efi-vars.fd")
    shutil.copyfile(os.path.join(firmware_dir, "OVMF_VARS_4M.fd"), variables)
    return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
            "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]


def drives(files, boots=True):
    """QEMU's options for disks; when it @boots from them, from the first."""
    return [word for number, file in enumerate(files) for word in (
        "-drive", f"if=none,id=disk{number},format=raw,file={file}", "-device",
        f"nvme,drive=disk{number},serial={number + 1}" + (f",bootindex={number}" if boots else ""))]


def _end_reason(qmp_output):
    """The reason of the SHUTDOWN event (QEMU's qapi/run-state.json, ShutdownCause)."""
    for line in qmp_output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("event") == "SHUTDOWN":
            cause = event["data"].get("reason", "")
            return {"guest-shutdown": "poweroff", "guest-reset": "reset"}.get(cause, cause)
    return ""


def arguments(machine, kernel, initrd, cmdline, folder, firmware_dir, silence=None):
    """The command line of QEMU. The options of @machine come last: of two that contradict the last one holds."""
    return [find_qemu(), "-machine", "q35", "-accel", machine.accel, "-cpu", machine.cpu,
            "-smp", str(machine.cpus), "-m", machine.memory, "-display", "none", "-vga", "std",
            "-nodefaults", "-qmp", "stdio", *([] if silence else ["-no-reboot"]),
            *(["-kernel", kernel, "-initrd", initrd, "-append", cmdline] if kernel else []),
            *_firmware_options(machine, firmware_dir, folder), *machine.extra]


def _size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def _wait(process, log_path, limit, silence):
    """What QEMU said until it ended, and "" or why it was killed."""
    start = spoke = time.monotonic()
    size = 0
    # QEMU leaves at the end of stdin no more than at any other time: QMP needs no goodbye.
    words = '{"execute":"qmp_capabilities"}\n'
    while True:
        try:
            return *process.communicate(words, timeout=1), ""
        except subprocess.TimeoutExpired:
            now, words = time.monotonic(), None
        if silence and _size(log_path) != size:
            size, spoke = _size(log_path), now
        if now - start > limit or (silence and now - spoke > silence):
            process.kill()
            return *process.communicate(), "timeout"


def run(machine, kernel, initrd, cmdline, folder, limit, firmware_dir=None, name="vm", silence=None):
    """
    Boot @kernel with @initrd and @cmdline, or with @kernel None whatever the disks have, until the
    machine ends or @limit seconds are over. With @silence a reset does not end it, and the machine
    is killed when nothing has come out of the serial port for so many seconds.
    """
    log_path = os.path.join(folder, f"{name}.log")
    argv = [*arguments(machine, kernel, initrd, cmdline, folder, firmware_dir, silence),
            "-serial", f"file:{log_path}"]
    start = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        output, errors, reason = _wait(process, log_path, limit, silence)
    reason = reason or _end_reason(output) or f"qemu: {errors.strip()}"
    try:
        with open(log_path, encoding="utf-8", errors="replace") as file:
            log = file.read().replace("\r", "")
    except FileNotFoundError:
        log = ""
    return Ending(log, reason, time.monotonic() - start)
