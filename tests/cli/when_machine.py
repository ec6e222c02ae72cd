# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine for reboots with a time. Its clock says 2026-01-02 03:04:05 UTC."""
import gzip
import re
import struct
from pathlib import Path

from made_kernel import packed_bzimage
from reboot_machine import RebootTest, cpio

REQUEST, LOADED = "run/rapidreboot/request", "run/rapidreboot/loaded"
BOOTTIME = 1000000  # milliseconds, of the machine by default
MINUTE = 60000
WAITS = "in the background:"

# Init systems that know no time, and what asks them when it has come.
TIMELESS = {
    "busybox": "run /sbin/reboot",
    "runit": "run /usr/sbin/runit-init 6",
    "s6": "run /usr/bin/s6-linux-init-hpr -r",
    "dinit": "run /usr/sbin/shutdown -k",
    "finit": "run /sbin/initctl reboot",
    "shepherd": "run /run/current-system/profile/sbin/reboot --kexec",
}
SELF = "usr/local/sbin/rapidreboot"
SYMBOL = 0xFFFFFFFF82000000
SYMBOLS = f"ffffffff81000000 T _stext\n{SYMBOL:016x} B kexec_image\n"


def kcore(entry):
    """/proc/kcore of a kernel whose struct kimage (include/linux/kexec.h) says where it is entered, behind three words."""
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    memory = struct.pack("<QQQQQ", SYMBOL + 8, 1, 2, 3, entry)
    return head + struct.pack("<IIQQQQQQ", 1, 7, 64 + 56, SYMBOL, 0, len(memory), len(memory), 0) + memory


class WhenTest(RebootTest):
    def setUp(self):
        super().setUp()
        (self.root / "var/lib").mkdir(parents=True)  # for the record

    def when(self, text, rc, calls=None, **how):
        how["env"] = {"TZ": "UTC", **how.get("env", {})}
        return self.assertRuns(["--when", text, "--kernel", self.kernel], rc, calls, **how)

    def due(self):
        return int(re.search(r"^due (\d+)$", self.read(REQUEST), re.M)[1])


class PackedTest(WhenTest):
    """With a kernel and an initial ramdisk that can be unpacked."""

    def setUp(self):
        super().setUp()
        self.kernel = self.file("vmlinuz", packed_bzimage())
        self.set_initrd(gzip.compress(cpio("init", *(f"etc/{i * i:x}" for i in range(99)))))
        self.set("lib/modules/6.1.0-test/modules.dep", "")
        self.take_menu()

    def set_initrd(self, data):
        Path(self.initrd).write_bytes(data)
        self.take_files()

    def line(self, path, word):
        found = re.search(rf"^{word} (.*)$", self.read(path), re.M)
        return found and found[1]
