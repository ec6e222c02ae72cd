# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds test images in the cache that tools/fetch-images fills."""

import glob
import os
import re
import struct
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.environ.get("RAPIDREBOOT_CACHE") or os.path.expanduser("~/.cache/rapidreboot")
SUITES = ("bookworm", "trixie", "sid")  # one kernel version each, oldest first
FETCH = os.path.join(TOP, "tools", "fetch-images")


class Missing(Exception):
    """A test image that is not there."""


def fetch(items):
    """Make sure that @items are in the cache; downloads what is missing."""
    if subprocess.run([sys.executable, FETCH, *items], check=False, timeout=1800).returncode:
        raise Missing("tools/fetch-images could not get " + ", ".join(items))


def make(*argv, seconds=1800, **kwargs):
    """Run a tool that makes a part of an image; returns what it said."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=seconds, check=False,
                          stdin=subprocess.DEVNULL, **kwargs)
    if done.returncode:
        raise Missing(f"{' '.join(argv)}: exit status {done.returncode}\n" + done.stdout[-3000:])
    return done.stdout


def _one(pattern, item):
    found = sorted(glob.glob(os.path.join(CACHE, item, pattern)))
    if not found:
        raise Missing(f"no {pattern} in {CACHE}/{item}: run tools/fetch-images {item}")
    return found[-1]


def _of_kernel(suite, what, *patterns):
    """The file that one of @patterns names, wherever the packages of @suite put it."""
    for pattern in patterns:
        try:
            return _one(pattern, f"linux-{suite}")
        except Missing:
            pass
    raise Missing(f"no {what} in {CACHE}/linux-{suite}: run tools/fetch-images linux-{suite}")


def kernel(suite):
    """The bzImage of @suite."""
    return _of_kernel(suite, "kernel", "usr/lib/modules/*/vmlinuz", "boot/vmlinuz-*")


def config(suite):
    """What the kernel of @suite was built with."""
    return _of_kernel(suite, "config", "usr/lib/modules/*/config", "boot/config-*")


def release(suite):
    """What `uname -r` says under the kernel of @suite: from the image's own setup header."""
    with open(kernel(suite), "rb") as file:
        head = file.read(1 << 16)
    start = 0x200 + struct.unpack_from("<H", head, 0x20e)[0]  # boot.rst, kernel_version
    return re.split(rb"[ \0]", head[start:start + 256], maxsplit=1)[0].decode()


def arm64_release(suite):
    """The same of its kernel for arm64, whose Image has no such field: of its banner."""
    with open(kernel(f"arm64-{suite}"), "rb") as file:
        return re.search(rb"Linux version (\S+) \(", file.read())[1].decode()


def kernel_config(suite):
    """What the kernel of @suite was built with."""
    for pattern in ("boot/config-*", "usr/lib/modules/*/config", "lib/modules/*/config"):
        try:
            return _one(pattern, f"linux-{suite}")
        except Missing:
            pass
    raise Missing(f"no configuration in {CACHE}/linux-{suite}")


def modules(suite):
    """The directory of the kernel modules of @suite."""
    for pattern in ("usr/lib/modules/*/kernel", "lib/modules/*/kernel"):
        try:
            return _one(pattern, f"linux-{suite}")
        except Missing:
            pass
    raise Missing(f"no modules in {CACHE}/linux-{suite}")


def depmod(root, name):
    """Run depmod on the modules in @root/lib/modules/@name, with the libraries of its time."""
    libraries = ":".join(os.path.join(CACHE, "kmod", path) for path in
                         ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"))
    try:
        program = _one("bin/kmod", "kmod")
    except Missing:
        program = _one("usr/bin/kmod", "kmod")
    subprocess.run(["depmod", "-b", root, name], executable=program, check=True, timeout=600,
                   env=dict(os.environ, LD_LIBRARY_PATH=libraries))


def busybox(item="busybox"):
    for pattern in ("usr/bin/busybox", "bin/busybox"):
        try:
            return _one(pattern, item)
        except Missing:
            pass
    raise Missing(f"no busybox in {CACHE}/{item}: run tools/fetch-images {item}")


def firmware_dir():
    return os.path.dirname(_one("usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf"))


def xen():
    return _one("boot/xen-*-amd64.gz", "xen")


def dom0_kernel():
    return _one("boot/vmlinuz-*", "linux-dom0")


def systemd_stub():
    return _one("usr/lib/systemd/boot/efi/linuxx64.efi.stub", "systemd-stub")


def systemd_boot():
    return _one("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "systemd-stub")


def refind():
    return _one("usr/share/refind/refind/refind_x64.efi", "refind")


def syslinux(path):
    """A file of syslinux for machines with a BIOS: "usr/bin/syslinux", "menu.c32", "mbr.bin"."""
    folders = {".c32": "usr/lib/syslinux/modules/bios/", ".bin": "usr/lib/syslinux/mbr/"}
    return _one(folders.get(os.path.splitext(path)[1], "") + path, "syslinux")


def uboot_rom():
    """U-Boot for an emulated PC, in place of its firmware."""
    return _one("usr/lib/u-boot/qemu-x86_64/u-boot.rom", "u-boot")


def grub_modules(platform, item="grub-loaders"):
    """The directory of GRUB's modules for @platform: "i386-pc", "x86_64-efi"."""
    return os.path.dirname(_one(f"usr/lib/grub/{platform}/kernel.img", item))


def grub_mkimage(*args):
    """Run GRUB's own grub-mkimage, with the libraries of its time."""
    root = os.path.join(CACHE, "grub-loaders")
    libraries = ":".join(os.path.join(root, path) for path in
                         ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"))
    subprocess.run([_one("usr/bin/grub-mkimage", "grub-loaders"), *args], check=True, timeout=60,
                   env=dict(os.environ, LD_LIBRARY_PATH=libraries))


def run_program(item, path, *args):
    """Run the program @path of @item here, with the libraries of its time."""
    libraries = ":".join(os.path.join(CACHE, item, folder) for folder in
                         ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"))
    loader = _one("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", item)
    subprocess.run([loader, "--library-path", libraries, _one(path, item), *args], check=True,
                   timeout=120, stdout=subprocess.DEVNULL)


def program(item, path):
    """The program @path of @item and what it needs to run: {path in the guest: path here}."""
    root = os.path.join(CACHE, item)
    binary = _one(path, item)
    libraries = os.path.join(root, "usr/lib/x86_64-linux-gnu")
    loader = _one("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", item)
    listing = subprocess.run([loader, "--library-path", libraries, "--list", binary],
                             stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    files = {f"/opt/{item}/{os.path.basename(path)}": binary, f"/opt/{item}/ld.so": loader}
    for library in re.findall(r"=> (\S+)", listing):
        if not library.startswith(root):
            raise Missing(f"{item} needs {library}, which is not in {root}")
        files[f"/opt/{item}/lib/" + os.path.basename(library)] = library
    return files
