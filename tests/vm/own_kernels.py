# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels that no distribution has: with one of the two system calls that load a kernel.

They are built from Debian's linux-source as small as a test's machine permits, in minutes, and
kept in the cache like the unpacked packages, under a suite's name.
"""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import tempfile

import images

SOURCE = "linux-source"  # item of tools/fetch-images
BUILD_SECONDS = 7200  # five minutes where nothing else goes on
BASE = """
CONFIG_64BIT=y
CONFIG_PRINTK=y
CONFIG_BUG=y
CONFIG_TTY=y
CONFIG_SERIAL_8250=y
CONFIG_SERIAL_8250_CONSOLE=y
CONFIG_BINFMT_ELF=y
CONFIG_BINFMT_SCRIPT=y
CONFIG_BLK_DEV_INITRD=y
CONFIG_KERNEL_GZIP=y
CONFIG_PROC_FS=y
CONFIG_PROC_SYSCTL=y
CONFIG_SYSFS=y
CONFIG_DEVTMPFS=y
CONFIG_SHMEM=y
CONFIG_TMPFS=y
CONFIG_MULTIUSER=y
CONFIG_FUTEX=y
CONFIG_EPOLL=y
CONFIG_SIGNALFD=y
CONFIG_TIMERFD=y
CONFIG_EVENTFD=y
CONFIG_POSIX_TIMERS=y
CONFIG_FILE_LOCKING=y
CONFIG_ADVISE_SYSCALLS=y
CONFIG_KALLSYMS=y
CONFIG_PCI=y
CONFIG_PCI_MSI=y
CONFIG_ACPI=y
CONFIG_FIRMWARE_MEMMAP=y
CONFIG_RELOCATABLE=y
CONFIG_RANDOMIZE_BASE=y
CONFIG_UNWINDER_FRAME_POINTER=y
CONFIG_BLOCK=y
CONFIG_BLK_DEV=y
CONFIG_BLK_DEV_NVME=y
CONFIG_EXT4_FS=y
"""
# name: what makes the difference
KERNELS = {
    "segments-only": "CONFIG_KEXEC=y\n# CONFIG_KEXEC_FILE is not set\n",
    "file-only": "# CONFIG_KEXEC is not set\nCONFIG_KEXEC_FILE=y\nCONFIG_CRYPTO=y\n"
                 "CONFIG_CRYPTO_SHA256=y\n",
}


def _configuration(name):
    return BASE + KERNELS[name] + f'CONFIG_LOCALVERSION="-{name}"\n'


def _archive():
    found = glob.glob(os.path.join(images.CACHE, SOURCE, "usr/src/linux-source-*.tar.xz"))
    if len(found) != 1:
        raise images.Missing(f"{len(found)} sources of Linux in {images.CACHE}/{SOURCE}, not one")
    return found[0]


def _fingerprint(name):
    return hashlib.sha256((_archive() + _configuration(name)).encode()).hexdigest()


def _check(config, name):
    """The configuration is what was asked for: what depends on something else is dropped silently."""
    with open(config, encoding="utf-8") as file:
        have = file.read().splitlines()
    for line in _configuration(name).split("\n"):
        absent = line.startswith("#") and not any(h.startswith(line.split()[1] + "=") for h in have)
        if line and line not in have and not absent:
            raise images.Missing(f"this source of Linux does not take {line}")


def _build(name, tree, out):
    make = ("nice", "make", "-C", tree, "ARCH=x86_64", f"O={out}",
            f"-j{os.cpu_count() or 1}", "-s")
    os.makedirs(out, exist_ok=True)
    fragment = os.path.join(out, "fragment")
    with open(fragment, "w", encoding="utf-8") as file:
        file.write(_configuration(name))
    images.make(*make, "tinyconfig")
    images.make(os.path.join(tree, "scripts/kconfig/merge_config.sh"), "-m", "-O", out,
                os.path.join(out, ".config"), fragment)
    images.make(*make, "olddefconfig")
    _check(os.path.join(out, ".config"), name)
    images.make(*make, "bzImage", seconds=BUILD_SECONDS)


def _install(name, out):
    """As the package of a kernel would lie in the cache."""
    with open(os.path.join(out, "include/config/kernel.release"), encoding="utf-8") as file:
        release = file.read().strip()
    with tempfile.TemporaryDirectory(dir=images.CACHE, prefix=f".{name}.") as scratch:
        root = os.path.join(scratch, "root")
        os.makedirs(os.path.join(root, "boot"))
        shutil.copyfile(os.path.join(out, "arch/x86/boot/bzImage"),
                        os.path.join(root, "boot", f"vmlinuz-{release}"))
        shutil.copyfile(os.path.join(out, ".config"),
                        os.path.join(root, "boot", f"config-{release}"))
        with open(os.path.join(root, "built.json"), "w", encoding="utf-8") as file:
            json.dump({"fingerprint": _fingerprint(name)}, file)
        final = os.path.join(images.CACHE, f"linux-{name}")
        shutil.rmtree(final, ignore_errors=True)
        os.rename(root, final)


def _is_built(name):
    try:
        with open(os.path.join(images.CACHE, f"linux-{name}", "built.json"),
                  encoding="utf-8") as file:
            return json.load(file)["fingerprint"] == _fingerprint(name)
    except (OSError, ValueError):
        return False


def ensure(names, say=print):
    """Build those of @names, out of KERNELS, that are not in the cache."""
    if not names:
        return
    images.fetch([SOURCE])
    missing = [name for name in names if not _is_built(name)]
    if not missing:
        return
    for tool in ("make", "gcc", "bison", "flex", "bc"):
        if not shutil.which(tool):
            raise images.Missing(f"{tool} is not here: tools/install-deps")
    with tempfile.TemporaryDirectory(prefix="rapidreboot-linux.") as folder:
        tree = os.path.join(folder, "tree")
        os.mkdir(tree)
        images.make("tar", "-C", tree, "--strip-components=1", "-xf", _archive())
        for name in missing:
            say(f"# linux-{name}: is being built", flush=True)
            # in one place: what does not depend on the difference is compiled once
            out = os.path.join(folder, "out")
            _build(name, tree, out)
            _install(name, out)
