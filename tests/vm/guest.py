# SPDX-License-Identifier: LGPL-2.1-or-later
"""What runs inside the virtual machines: initramfs images of busybox, /init and a job.

A job is a piece of shell that /init runs; see guest-init for what it may call.
"""

import glob
import lzma
import os
import re
import subprocess

import images
import initramfs

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = re.compile(r"^@@ begin (\S+)\n(.*?)\n?^@@ end \1$", re.M | re.S)


def base(job):
    """An archive with busybox, /init and @job."""
    archive = initramfs.Archive()
    for folder in ("proc", "sys", "dev", "tmp", "boot", "extra", "modules", "run"):
        archive.directory(folder)
    archive.char_device("dev/console", 5, 1)
    archive.file("bin/busybox", images.busybox(), 0o755)
    archive.file("init", os.path.join(HERE, "guest-init"), 0o755)
    archive.data("job", job)
    return archive


def add_module(archive, suite, path):
    """A module of the kernel of @suite, unpacked; one that is built into the kernel has no file."""
    name = os.path.basename(path)
    found = glob.glob(os.path.join(images.modules(suite), glob.escape(path) + ".ko*"))
    if not found:
        return
    with open(found[0], "rb") as file:
        content = file.read()
    if found[0].endswith(".xz"):
        content = lzma.decompress(content)
    archive.data(f"modules/{name}.ko", content)


def add_efivarfs(archive, suite):
    """The module that shows EFI variables under the kernel of @suite."""
    add_module(archive, suite, "fs/efivarfs/efivarfs")


def add_program(archive, inside, path):
    """A program of this machine with the libraries it names: libc and its loader, if all is well."""
    archive.file(inside, path, 0o755)
    libraries = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    for library in re.findall(r"(/\S+) \(0x", libraries):
        archive.file(library.lstrip("/"), os.path.realpath(library), 0o755)


def add_kexec(archive, path):
    """The kexec under test, as /sbin/kexec."""
    add_program(archive, "sbin/kexec", path)


def add_packaged(archive, item, path, name):
    """The program @path of the cache's @item with its libraries, as /sbin/@name."""
    for inside, here in images.program(item, path).items():
        archive.file(inside, here, 0o755)
    archive.data(f"sbin/{name}", f"#!/bin/sh\nexec /opt/{item}/ld.so --library-path "
                 f'/opt/{item}/lib /opt/{item}/{os.path.basename(path)} "$@"\n', 0o755)


def add_kexec_tools(archive):
    """Debian's kexec-tools with its libraries, as /sbin/kexec-tools."""
    add_packaged(archive, "kexec-tools", "usr/sbin/kexec", "kexec-tools")


def add_strace(archive):
    """Debian's strace with its libraries, as /sbin/strace."""
    add_packaged(archive, "strace", "usr/bin/strace", "strace")


# What loading may change, for jobs that load without a jump.
MEMORY = """
POOL=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
memory()
{
	sync
	echo 3 > /proc/sys/vm/drop_caches
	# free pages that wait in lists of the processors are not counted by MemFree
	awk '/^ *count:/ { n += $2 } END { print "Waiting: " 4 * n " kB" }' /proc/zoneinfo
	grep -E '^(MemFree|HugePages_Total|HugePages_Surp):' /proc/meminfo
	echo "loaded $(cat /sys/kernel/kexec_loaded)"
	ls -d /dev/.static /run/rapidreboot/in-place 2> /dev/null
	grep rapidreboot /proc/mounts
}
"""


def sections(log):
    """{name: text} of what a guest printed between markers; the last one of a name counts."""
    return {name: text.rstrip("\n") for name, text in MARK.findall(log)}


def failures(log):
    return re.findall(r"^@@ failed .*$", log, re.M)
