#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes what the machines of tests/vm/unlock.py start: a Debian system whose root is a LUKS volume, as far as it
is needed there: its kernel, its initial ramdisk as cryptsetup-initramfs makes it, and its cryptsetup.

    tests/systems/encrypted.py

It goes into the cache as cryptroot/trixie. Needs root, for debootstrap's sake; mirror and keyring are those of the
machine's own apt sources. The volume and what is in it are made by the test, since they differ from case to case.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "vm"))
# pylint: disable=wrong-import-position
import images
import build  # the chroot, and tools/fetch-images as a module

SUITE = "trixie"
ITEM = f"cryptroot/{SUITE}"
UUID = "5d0f8a52-6f0d-4a6c-8f1e-2f6f8a1c9d21"  # of the volume's header
PACKAGES = ("udev", "kmod", "zstd", "e2fsprogs", "logsave", "linux-image-cloud-amd64", "initramfs-tools",
            "cryptsetup-initramfs")
FILES = {
    "etc/crypttab": f"cryptroot UUID={UUID} none luks,initramfs,discard\n",
    "etc/fstab": "/dev/mapper/cryptroot / ext4 defaults 0 1\n",
    # Made in a chroot, where nothing can be seen of the machine.
    "etc/initramfs-tools/conf.d/test": "MODULES=list\n",
    "etc/initramfs-tools/modules": "dm_crypt\nxts\nnvme\next4\n",
}
KEPT = ("boot/initrd", "boot/vmlinuz-*", "usr/sbin/cryptsetup", "usr/lib/x86_64-linux-gnu/*.so*")


def fingerprint():
    """Changes when it would be made otherwise."""
    return hashlib.sha256(repr((PACKAGES, FILES, KEPT)).encode()).hexdigest()


def _note(root):
    return os.path.join(root, "made-by")


def is_there():
    """Is it in the cache, made as it would be made now?"""
    try:
        with open(_note(os.path.join(images.CACHE, ITEM)), encoding="utf-8") as file:
            return file.read() == fingerprint()
    except OSError:
        return False


def _bootstrap(tree):
    # pylint: disable=protected-access
    uri, keyring = build._fetch_images().debian_mirror()
    debs = os.path.join(build.CACHE, "debs", SUITE)
    os.makedirs(debs, exist_ok=True)
    images.make("debootstrap", "--variant=minbase", f"--cache-dir={debs}", "--include=" + ",".join(PACKAGES),
                *([f"--keyring={keyring}"] if keyring else []), SUITE, tree, uri)
    for path, text in FILES.items():
        with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
            file.write(text)
    release = os.path.basename(glob.glob(tree + "/boot/vmlinuz-*")[0])[len("vmlinuz-"):]
    build._chroot(tree, f"rm -f /boot/initrd.img-*; update-initramfs -c -k {release}")
    os.rename(f"{tree}/boot/initrd.img-{release}", f"{tree}/boot/initrd")


def _keep(tree, into):
    """Only what is needed; links among libraries stay links."""
    for pattern in KEPT:
        for path in glob.glob(os.path.join(tree, pattern)):
            place = os.path.join(into, os.path.relpath(path, tree))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy2(path, place, follow_symlinks=False)


def ensure(say=print):
    """Make it if it is not there."""
    if is_there():
        return
    if os.geteuid() != 0:
        raise images.Missing("debootstrap needs root: run tests/systems/encrypted.py as root once")
    if not shutil.which("debootstrap"):
        raise images.Missing("debootstrap is not here: tools/install-deps")
    say(f"# {ITEM}: is being made", flush=True)
    final = os.path.join(images.CACHE, ITEM)
    os.makedirs(os.path.dirname(final), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(final), prefix=".made.") as scratch:
        tree, kept = os.path.join(scratch, "tree"), os.path.join(scratch, "kept")
        _bootstrap(tree)
        _keep(tree, kept)
        with open(_note(kept), "w", encoding="utf-8") as file:
            file.write(fingerprint())
        shutil.rmtree(final, ignore_errors=True)
        os.rename(kept, final)


if __name__ == "__main__":
    try:
        ensure()
    except (images.Missing, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"encrypted.py: {trouble}")
