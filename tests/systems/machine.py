# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtual machine with a whole system in it: console on one serial port, the agent on another.

The processor is emulated. The machine starts from its disk through firmware and boot loader, and
goes through the firmware again at each reset, which QEMU reports.
"""

import base64
import dataclasses
import json
import os
import re
import select
import socket
import subprocess
import time

import images
import vm

BOOT_SECONDS = 400     # for one boot on a busy host; it takes 25 on an idle one
COMMAND_SECONDS = 120
HELLO = re.compile(r"^@@ hello (\S+) (\S+)$")
DONE = re.compile(r"^@@ done (\d+) ?(\S*)$")
# What firmware and boot loaders say on the console, each at every start.
FIRMWARE = {"bios": r"SeaBIOS \(version", "uefi": r"BdsDxe: starting "}


class Trouble(Exception):
    """The machine did not reach a state that the test needs to go on."""


@dataclasses.dataclass
class Result:
    status: int
    output: str


@dataclasses.dataclass
class Boot:
    """One start of a kernel, as the agent announced it."""

    ident: str    # boot id
    release: str  # of the kernel


def overlay(path, backing):
    """A copy-on-write image at @path over the qcow2 image @backing."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", backing, path],
                   check=True, timeout=120, stdout=subprocess.DEVNULL)
    return path


class Machine:
    """
    Started by entering it, killed by leaving it. @disk is written to; @payload, a tar archive or
    None, is the second disk; @direct is (kernel, initrd, command line) instead of a boot loader.
    """

    def __init__(self, folder, disk, payload=None, firmware="bios", direct=None, memory="1G",
                 snapshot=None, extra=()):
        self.folder, self.firmware, self.disk = folder, firmware, disk
        self.events, self.boots = [], []
        self.process = self.agent = None
        self.hello_at = 0.0  # when the last boot announced itself, by this host's clock
        self._options = (payload, direct, memory, snapshot, extra)
        self._qmp_text, self._agent_text = b"", b""

    def path(self, name):
        return os.path.join(self.folder, name)

    def _argv(self, agent_fd):
        payload, direct, memory, snapshot, extra = self._options
        argv = [vm.find_qemu(), "-machine", "q35,graphics=off", "-accel", "tcg", "-cpu", vm.CPU,
                "-m", memory, "-display", "none", "-vga", "none", "-nodefaults",
                "-serial", f"file:{self.path('console.log')}",
                "-chardev", f"socket,id=agent,fd={agent_fd}",
                "-serial", "chardev:agent", "-qmp", "stdio", "-action", "reboot=reset",
                "-drive", f"if=none,id=disk,format=qcow2,cache=unsafe,file={self.disk}",
                "-device", "virtio-blk-pci,drive=disk" + ("" if direct else ",bootindex=0"),
                # where a kernel that panics leaves its log: ACPI 6.4, section 18.5
                "-object", "memory-backend-ram,id=erst,size=64K",
                "-device", "acpi-erst,memdev=erst"]
        if payload:
            argv += ["-drive", f"if=none,id=payload,format=raw,readonly=on,file={payload}",
                     "-device", "virtio-blk-pci,drive=payload"]
        if direct:
            argv += ["-kernel", direct[0], "-initrd", direct[1], "-append", direct[2]]
        if self.firmware == "uefi":
            argv += self._uefi()
        if snapshot:
            argv += ["-loadvm", snapshot]
        return argv + list(extra)

    def _uefi(self):
        """The variables are kept in a qcow2 image beside the disk, as snapshots need it."""
        code = os.path.join(images.firmware_dir(), "OVMF_CODE_4M.fd")
        variables = self.disk + ".vars"
        if not os.path.exists(variables):
            overlay_of = os.path.join(images.firmware_dir(), "OVMF_VARS_4M.fd")
            subprocess.run(["qemu-img", "convert", "-O", "qcow2", overlay_of, variables],
                           check=True, timeout=120)
        return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
                "-drive", f"if=pflash,format=qcow2,unit=1,file={variables}"]

    def __enter__(self):
        self.agent, theirs = socket.socketpair()
        with open(self.path("qemu.log"), "wb") as errors:
            self.process = subprocess.Popen(self._argv(theirs.fileno()), stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=errors, bufsize=0,
                                            pass_fds=[theirs.fileno()])
        theirs.close()
        self._qmp_send("qmp_capabilities")
        return self

    def __exit__(self, *_):
        self.agent.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()

    def qemu_words(self):
        with open(self.path("qemu.log"), encoding="utf-8", errors="replace") as file:
            return file.read().strip()

    # ---- QEMU

    def _qmp_send(self, command, **arguments):
        line = {"execute": command, "arguments": arguments}
        self.process.stdin.write(json.dumps(line).encode() + b"\n")

    def _take_qmp(self, data):
        *lines, self._qmp_text = (self._qmp_text + data).split(b"\n")
        self.events += [json.loads(line) for line in lines if line.strip()]

    def monitor(self, line, seconds=300):
        """Run @line of QEMU's human monitor; returns what it says."""
        self.events = [event for event in self.events if "return" not in event]
        self._qmp_send("human-monitor-command", **{"command-line": line})
        end = time.monotonic() + seconds
        while not (answers := [event for event in self.events if "return" in event]):
            self._pump(end, f"the monitor's {line}")
        return answers[0]["return"]

    def resets(self):
        """How often the machine went back to the firmware."""
        return sum(event.get("event") == "RESET" and event["data"].get("guest", False)
                   for event in self.events)

    def ended(self):
        """Why the machine is off: "poweroff", or another word of QEMU's; "" while it runs."""
        for event in self.events:
            if event.get("event") == "SHUTDOWN":
                reason = event["data"].get("reason", "")
                return "poweroff" if reason == "guest-shutdown" else reason
        return ""

    # ---- what comes out

    def _pump(self, end, what):
        """Wait for something from QEMU or the agent and take it in."""
        wait = end - time.monotonic()
        if wait <= 0:
            raise Trouble(f"timeout: waited for {what}; the console's last words:\n"
                          + self.console()[-1500:])
        ready, _, _ = select.select([self.agent, self.process.stdout], [], [], wait)
        if self.process.stdout in ready:
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            self._take_qmp(data)
            if not data:
                self.process.wait(timeout=60)
                raise Trouble(f"the machine ended ({self.ended() or self.qemu_words()}), but "
                              f"the test waits for {what}; the console's last words:\n"
                              + self.console()[-1500:])
        elif self.agent in ready:
            self._agent_text += self.agent.recv(1 << 16)

    def _agent_line(self, end, what):
        while b"\n" not in self._agent_text:
            self._pump(end, what)
        line, _, self._agent_text = self._agent_text.partition(b"\n")
        return line.decode(errors="replace").strip()

    def console(self, start=0):
        """The console so far, from the byte @start of the log."""
        try:
            with open(self.path("console.log"), "rb") as file:
                file.seek(start)
                return file.read().decode(errors="replace").replace("\r", "")
        except FileNotFoundError:
            return ""

    def console_size(self):
        try:
            return os.path.getsize(self.path("console.log"))
        except FileNotFoundError:
            return 0

    def banners(self, start):
        """How often the firmware announced itself since the byte @start of the console."""
        return len(re.findall(FIRMWARE[self.firmware], self.console(start)))

    # ---- what goes in

    def wait_boot(self, seconds=BOOT_SECONDS):
        """Wait for the agent of the next boot."""
        end = time.monotonic() + seconds
        while True:
            match = HELLO.search(self._agent_line(end, "a system that comes up"))
            if match and match[1] not in [boot.ident for boot in self.boots]:
                self.hello_at = time.monotonic()
                self.boots.append(Boot(match[1], match[2]))
                return self.boots[-1]

    def wait_off(self, seconds=BOOT_SECONDS):
        """Wait until the machine has switched itself off, or starts again; returns how it ended."""
        end = time.monotonic() + seconds
        while not self.ended():
            self._pump(end, "the machine to switch itself off")
            if HELLO.search(self._agent_text.decode(errors="replace")):
                return "came up again"
        return self.ended()

    def wait_reset(self, seconds=BOOT_SECONDS):
        """Wait until the machine goes back to the firmware, which need not lead to a system."""
        end, before = time.monotonic() + seconds, self.resets()
        while self.resets() == before:
            self._pump(end, "the machine to reset")

    def send(self, script):
        self.agent.sendall(base64.b64encode(script.encode()) + b"\n")

    def run(self, script, seconds=COMMAND_SECONDS):
        """Run shell @script in the guest."""
        self.send(script)
        end = time.monotonic() + seconds
        while True:
            match = DONE.match(self._agent_line(end, f"the end of: {script.strip()[:200]}"))
            if match:
                return Result(int(match[1]),
                              base64.b64decode(match[2]).decode(errors="replace").rstrip("\n"))

    def must(self, script, seconds=COMMAND_SECONDS):
        """The output of @script, which has to succeed."""
        done = self.run(script, seconds)
        if done.status:
            raise Trouble(f"exit status {done.status} of: {script.strip()}\n{done.output}")
        return done.output
