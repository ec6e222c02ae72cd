#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the disks of the systems under test, with debootstrap, into the cache.

    tests/systems/build.py [SYSTEM…]

Needs root, for debootstrap's sake. Mirror and keyring are those of the machine's own apt sources.
The boot loader is installed by the system itself, in a virtual machine: grub-install for BIOS and
for UEFI, update-grub, and grub-reboot, so that the next start is that of the older kernel.
"""

import glob
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "vm"))
# pylint: disable=wrong-import-position
import disks
import images
import machine
import recipes
import volumes

CACHE = os.path.join(images.CACHE, "systems")
BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"  # where GRUB's core image goes, by its manual
ROOT_MB, BOOT_MB, ESP_MB = 2000, 400, 64

ADD = "apt-get -q update; apt-get -qy install --no-install-recommends "  # and packages
SETUP = """set -e
mkdir -p /boot/efi
modprobe vfat
mount -o iocharset=ascii /dev/vda2 /boot/efi
grub-install --target=i386-pc /dev/vda
grub-install --target=x86_64-efi --removable --no-nvram --efi-directory=/boot/efi
umount /boot/efi
update-grub
old=$(cd /boot && ls vmlinuz-* | sed s/vmlinuz-// | sort -V | head -n 1)
grub-reboot "Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux $old"
grub-editenv list
"""


def _fetch_images():
    """tools/fetch-images knows the machine's apt sources."""
    loader = importlib.machinery.SourceFileLoader("fetch_images", images.FETCH)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("fetch_images",
                                                                             loader))
    loader.exec_module(module)
    return module


def _chroot(tree, script):
    """Run @script in @tree, with a /proc that nobody else sees."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/root",
           "DEBIAN_FRONTEND": "noninteractive"}
    enter = 'mount -t proc proc "$0/proc"; exec chroot "$0" /bin/sh -ec "$1"'
    return images.make("unshare", "--mount", "/bin/sh", "-ec", enter, tree, script, env=env)


def _debootstrap(system, init, tree):
    uri, keyring = _fetch_images().debian_mirror()
    packages = [*recipes.PACKAGES, system.initramfs.package, *init.packages, *system.extra]
    debs = os.path.join(CACHE, "debs", system.suite)
    os.makedirs(debs, exist_ok=True)
    argv = ["debootstrap", "--variant=minbase", f"--cache-dir={debs}",
            "--include=" + ",".join(packages)]
    if init.exclude:
        argv.append("--exclude=" + ",".join(init.exclude))
    if keyring:
        argv.append(f"--keyring={keyring}")
    images.make(*argv, system.suite, tree, uri)
    for path in glob.glob(tree + "/var/cache/apt/archives/*.deb") + \
            glob.glob(tree + "/var/lib/apt/lists/*_*"):
        os.unlink(path)


def _put(tree, files):
    for path, text in files.items():
        place = tree + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(place, 0o755 if text.startswith("#!") else 0o644)


def _text(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def _second_kernel(system, tree):
    """The kernel and modules of another suite, laid where its package would."""
    suite = recipes.OTHER_KERNEL[system.suite]
    images.fetch([f"linux-{suite}"])
    release = images.release(suite)
    shutil.copyfile(images.kernel(suite), f"{tree}/boot/vmlinuz-{release}")
    shutil.copyfile(images.kernel_config(suite), f"{tree}/boot/config-{release}")
    shutil.copytree(os.path.dirname(images.modules(suite)), f"{tree}/usr/lib/modules/{release}",
                    symlinks=True, dirs_exist_ok=True)
    _chroot(tree, f"depmod {release}")
    return release


def _configure(system, init, tree):
    _put(tree, {"/etc/fstab": recipes.fstab(system), "/etc/hostname": "system\n",
                "/etc/hosts": "127.0.0.1 localhost system\n", "/etc/default/grub": recipes.GRUB,
                "/usr/local/sbin/test-agent": _text("agent.sh"), **init.files,
                **system.initramfs.files, **(volumes.FILES if system.layout == "lvm" else {})})
    if init.later + system.later:
        _chroot(tree, ADD + " ".join(init.later + system.later))
        _chroot(tree, "apt-get clean; rm -rf /var/lib/apt/lists/*")
    for command in init.commands:
        _chroot(tree, command)
    command = volumes.INITRAMFS if system.layout == "lvm" else system.initramfs.command
    for release in _kernels(tree):
        _chroot(tree, f"rm -f /boot/initrd.img-{release}; {command}{release}")


def _kernels(tree):
    """Releases, the oldest first."""
    names = [os.path.basename(path)[len("vmlinuz-"):]
             for path in glob.glob(tree + "/boot/vmlinuz-*")]
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else -1
                                           for part in name.replace("-", ".").split(".")])


def _disk(system, tree, folder):
    """
    A GPT disk that BIOS and UEFI can start from, without a boot loader yet. A root that belongs on a
    volume is not on it, but in a file beside it.
    """
    bios, esp = os.path.join(folder, "bios"), os.path.join(folder, "esp")
    with open(bios, "wb") as file:
        file.truncate(1 << 20)
    empty = os.path.join(folder, "empty")
    os.makedirs(empty)
    parts = [(bios, BIOS_BOOT), (disks.fat(esp, ESP_MB, empty), disks.ESP)]
    if system.layout != "plain":
        boot = os.path.join(folder, "boot-tree")
        os.rename(tree + "/boot", boot)
        os.makedirs(tree + "/boot")
        parts.append((disks.ext4(os.path.join(folder, "boot"), BOOT_MB, boot, recipes.BOOT_UUID),
                      disks.LINUX))
    root = disks.ext4(os.path.join(folder, "root"), ROOT_MB, tree, recipes.ROOT_UUID)
    if system.layout == "lvm":
        parts.append((volumes.empty(os.path.join(folder, "volumes"), ROOT_MB), volumes.TYPE))
    else:
        parts.append((root, disks.LINUX))
    raw = disks.gpt(os.path.join(folder, "raw"), parts)
    final = os.path.join(folder, "disk.qcow2")
    images.make("qemu-img", "convert", "-O", "qcow2", raw, final)
    for path in [raw, *(path for path, _ in parts)]:
        os.unlink(path)
    return final


def _fill_volume(folder, disk, direct):
    """Have the system make its volume and copy the root into it, from its own initramfs."""
    root = os.path.join(folder, "root")
    cmdline = f"root=/dev/vdb ro init={volumes.COPY} {recipes.CMDLINE}"
    with machine.Machine(folder, disk, root, direct=(*direct, cmdline)) as guest:
        if guest.wait_off() != "poweroff" or volumes.DONE not in guest.console():
            raise machine.Trouble("the root was not copied to its volume; the console's last "
                                  "words:\n" + guest.console()[-1500:])
    os.unlink(root)


def _install_loader(folder, disk, direct):
    """Let the system install its boot loader; the console's log stays if that fails."""
    with machine.Machine(folder, disk, direct=direct) as guest:
        guest.wait_boot()
        said = guest.must(SETUP, 600)
        guest.send("poweroff")
        if guest.wait_off() != "poweroff":
            raise machine.Trouble("the machine that installed the boot loader did not switch "
                                  "itself off")
    return said


def fingerprint(system):
    """Changes when the system would be built otherwise."""
    text = _text("build.py") + (_text("volumes.py") if system.layout == "lvm" else "")
    init = recipes.INITS[system.init]
    parts = [text, _text("agent.sh"), repr(system), recipes.GRUB, recipes.fstab(system),
             repr((recipes.PACKAGES, system.initramfs, init.packages, init.exclude, init.later,
                   init.files, init.commands))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _build(system, folder):
    init = recipes.INITS[system.init]
    tree = os.path.join(folder, "tree")
    _debootstrap(system, init, tree)
    _second_kernel(system, tree)
    _configure(system, init, tree)
    kernels = _kernels(tree)
    if len(kernels) != 2:
        raise machine.Trouble(f"{system.name}: kernels are {kernels}, there have to be two")
    direct = []
    for name in ("vmlinuz", "initrd.img"):
        direct.append(shutil.copyfile(f"{tree}/boot/{name}-{kernels[0]}",
                                      os.path.join(folder, name)))
    disk = _disk(system, tree, folder)
    cmdline = f"root=UUID={recipes.ROOT_UUID} ro {recipes.CMDLINE}"
    if system.layout == "lvm":
        _fill_volume(folder, disk, direct)
        cmdline += f" {volumes.CMDLINE}"
    _install_loader(folder, disk, (*direct, cmdline))
    return {"fingerprint": fingerprint(system), "kernels": kernels}


def info(system):
    """What is known of the built disk, or None."""
    try:
        with open(os.path.join(CACHE, system.name, "info.json"), encoding="utf-8") as file:
            known = json.load(file)
    except (OSError, ValueError):
        return None
    return known if known["fingerprint"] == fingerprint(system) else None


def disk_of(system):
    return os.path.join(CACHE, system.name, "disk.qcow2")


def ensure(system, say=print):
    """Build @system if it is not there yet; returns its info."""
    known = info(system)
    if known:
        return known
    if os.geteuid() != 0:
        raise machine.Trouble("debootstrap needs root: run tests/systems/build.py as root once")
    if not shutil.which("debootstrap"):
        raise machine.Trouble("debootstrap is not here: tools/install-deps")
    os.makedirs(CACHE, exist_ok=True)
    start = time.monotonic()
    say(f"# {system.name}: is being built", flush=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=f".{system.name}.") as scratch:
        folder = os.path.join(scratch, "system")
        os.mkdir(folder)
        known = _build(system, folder)
        shutil.rmtree(os.path.join(folder, "tree"))
        with open(os.path.join(folder, "info.json"), "w", encoding="utf-8") as file:
            json.dump(known, file)
        final = os.path.join(CACHE, system.name)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(folder, final)
    say(f"# {system.name}: built in {time.monotonic() - start:.0f} s", flush=True)
    return known


def main():
    names = sys.argv[1:] or list(recipes.SYSTEMS)
    for name in names:
        if name not in recipes.SYSTEMS:
            sys.exit(f"build.py: no system {name}; there are {', '.join(recipes.SYSTEMS)}")
        ensure(recipes.SYSTEMS[name])


if __name__ == "__main__":
    try:
        main()
    except (machine.Trouble, images.Missing, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"build.py: {trouble}")
