# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways in which a machine of crash.py comes to its panic, and what happens to it after a crash kernel is loaded.

Some need a kernel module of ours (panic-module.c), which is built with Debian's headers; others come from
outside of the machine: its monitor presses keys, sends an NMI, or plugs a processor or memory in.
"""

import dataclasses
import glob
import json
import os
import re
import shutil
import socket
import threading
import time

import images

HEADERS = "headers-bookworm"  # item of tools/fetch-images
SUITE = "bookworm"  # the kernel that the headers belong to
NAME = "rapidreboot_panics"
READY = "@@ ready for the monitor"
MODULE = f"insmod /modules/{NAME}.ko"
SYSRQ = "echo 1 > /proc/sys/kernel/sysrq\necho c > /proc/sysrq-trigger"
ON_OOPS = "echo 1 > /proc/sys/kernel/panic_on_oops\n"
# For what comes from outside: the guest says that it waits, and goes on waiting.
WAIT = f"echo '{READY}'\nfor i in $(seq 300); do sleep 1; done"


@dataclasses.dataclass
class Panic:
    """How it comes to the panic, and what has to be found."""

    shell: str = SYSRQ
    found: tuple = ("sysrq triggered crash",)  # in the log that the capture kernel finds
    module: bool = False
    monitor: tuple = ()  # commands of QMP, (name, {argument: value}), when READY has been said
    captured: bool = True  # else the machine resets itself without a capture kernel


def _module(how, *found, first="", **others):
    return Panic(f"{first}{MODULE} how={how}\n" + "for i in $(seq 60); do sleep 1; done", found, module=True,
                 **others)


def keys(*names):
    """What a person presses at the same time."""
    return ("send-key", {"keys": [{"type": "qcode", "data": name} for name in names]})


def _during(function, **others):
    """A kernel is loaded once more, and the first one panics when it enters @function."""
    load = "kexec -c -p --initrd=/boot/capture --command-line=x /boot/kernel"
    return Panic(f"{MODULE} how=in-call call={function}\n{load}", (f"panics: {function} was entered",),
                 module=True, **others)


PLUG = r"""
cpus=$(grep -c ^processor /proc/cpuinfo)
total=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
echo '{ready}'
for i in $(seq 120); do
	sleep 1
	for file in /sys/devices/system/cpu/cpu*/online /sys/devices/system/memory/memory*/online; do
		[ "$(cat $file)" = 1 ] || echo 1 > $file 2>/dev/null
	done
	[ $(grep -c ^processor /proc/cpuinfo) = $cpus ] || break
	now=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	[ $((now - total)) -lt 100000 ] || break
done
section plugged grep -c ^processor /proc/cpuinfo
section iomem cat /proc/iomem
""".replace("{ready}", READY)
RELOAD = ("must kexec -c -p --initrd=/boot/capture "
          "--command-line='console=ttyS0 panic=5 nr_cpus=1 reset_devices {patient} {mark}' /boot/kernel\n")
PLUG_CPU = (("device_add", {"driver": "max-x86_64-cpu", "id": "cpu1", "socket-id": 1, "core-id": 0,
                            "thread-id": 0}),)
PLUG_MEMORY = (("object-add", {"qom-type": "memory-backend-ram", "id": "more", "size": 256 << 20}),
               ("device_add", {"driver": "pc-dimm", "id": "dimm", "memdev": "more"}))


def plugged(monitor):
    """Something is plugged in after the load; then it is loaded once more, since the header is not updated."""
    return Panic(PLUG + RELOAD + SYSRQ, monitor=monitor)


PANICS = {
    "module": _module("panic", "Kernel panic - not syncing: panics: asked for"),
    "oops": _module("oops", "BUG: kernel NULL pointer dereference", "panics_init", first=ON_OOPS),
    "interrupt": _module("interrupt", "panics: hard interrupt 1", "BUG: kernel NULL pointer dereference"),
    "softirq": _module("softirq", "panics: softirq 1", "BUG: kernel NULL pointer dereference"),
    "corrupted": _module("freed", "general protection fault", first=ON_OOPS),
    "typed": Panic("echo 1 > /proc/sys/kernel/sysrq\n" + WAIT, monitor=(keys("alt", "sysrq", "c"),)),
    "nmi": Panic("echo 1 > /proc/sys/kernel/unknown_nmi_panic\n" + WAIT,
                 ("NMI: Not continuing",), monitor=(("inject-nmi", {}),)),
    "before-call": _during("__x64_sys_kexec_load"),
    # The call holds the lock that a panic wants to have before it jumps.
    "in-call": _during("machine_kexec_prepare", captured=False),
    "offline": Panic("echo 0 > /sys/devices/system/cpu/cpu1/online\n"
                     "section online cat /sys/devices/system/cpu/online\n" + SYSRQ),
    "plugged-cpu": plugged(PLUG_CPU),
    "plugged-memory": plugged(PLUG_MEMORY),
}


def build_module(folder):
    """panic-module.c as a module of the kernel of SUITE; the path of the file."""
    release = images.release(SUITE)
    source = os.path.join(images.CACHE, HEADERS, "usr/src")
    own = os.path.join(source, f"linux-headers-{release}")
    if not os.path.isdir(own):
        raise images.Missing(f"{images.CACHE}/{HEADERS} is not for {release}: run tools/fetch-images --update "
                             f"{HEADERS} linux-{SUITE}")
    common, = glob.glob(os.path.join(source, "linux-headers-*-common"))
    tree, place = os.path.join(folder, "headers"), os.path.join(folder, "module")
    os.mkdir(tree)
    os.mkdir(place)
    for name in os.listdir(own):
        if name != "Makefile":  # names the common one by where the package would have it
            os.symlink(os.path.join(own, name), os.path.join(tree, name))
    with open(os.path.join(tree, "Makefile"), "w", encoding="utf-8") as file:
        file.write(f"include {common}/Makefile\n")
    shutil.copy(os.path.join(images.TOP, "tests/vm/panic-module.c"), os.path.join(place, f"{NAME}.c"))
    with open(os.path.join(place, "Makefile"), "w", encoding="utf-8") as file:
        file.write(f"obj-m := {NAME}.o\n")
    images.make("make", "-C", tree, f"M={place}", "modules")
    return os.path.join(place, f"{NAME}.ko")


class Monitor(threading.Thread):
    """Sends @commands to a machine's monitor when a line of its serial log is like @ready; `trouble` is what went wrong."""

    def __init__(self, folder, log, commands, limit, ready=READY):
        super().__init__(daemon=True)
        self.path = os.path.join(folder, "monitor")
        self.log, self.commands, self.limit, self.ready = log, commands, limit, ready
        self.trouble = ""

    def options(self):
        """QEMU's options for it."""
        return ("-chardev", f"socket,id=monitor,path={self.path},server=on,wait=off",
                "-mon", "chardev=monitor,mode=control")

    def _is_ready(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return re.search(f"^{self.ready}", file.read(), re.M)
        except FileNotFoundError:
            return None

    def run(self):
        end = time.monotonic() + self.limit
        while not self._is_ready():
            if time.monotonic() > end:
                self.trouble = f"the guest never said {self.ready!r}"
                return
            time.sleep(0.5)
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(60)
            link.connect(self.path)
            with link.makefile("rw", encoding="utf-8") as file:
                for command in (("qmp_capabilities", {}), *self.commands):
                    self._send(file, *command)

    def _send(self, file, name, words):
        file.write(json.dumps({"execute": name, "arguments": words}) + "\n")
        file.flush()
        for line in file:
            answer = json.loads(line)
            if "error" in answer:
                self.trouble = f"{name}: {answer['error']['desc']}"
            if "error" in answer or "return" in answer:
                return
