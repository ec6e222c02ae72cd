#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Like boot-loaders.py, with GRUB of Debian sid, on file systems whose names GRUB and Linux have apart.

    tests/vm/boot-volumes.py [--only PATTERN] [--timeout SECONDS] [--keep DIR]

`btrfs-*`: root and /boot are in a subvolume, the environment block of GRUB lies before the file system's
data. `lvm-*`, `raid-*`: they are on a logical volume, on an array of two disks; GRUB searches for it or names
it. `newc-*`: an initrd that GRUB wraps into an archive. The second boot of the last three is a fast one, by ours.
"""

import importlib.util
import os
import re
import subprocess
import sys

import disks
import guest
import images
import volumes

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = importlib.util.spec_from_file_location("loaders", os.path.join(HERE, "boot-loaders.py"))
loaders = importlib.util.module_from_spec(SPEC)
sys.modules["loaders"] = loaders  # where dataclasses look the module up
SPEC.loader.exec_module(loaders)

OLD, NEW = loaders.OLD, loaders.NEW
GRUB, GRUB_TOOLS = "grub-loaders-sid", "grub-sid"
SUBVOLUME = "@"
ENV_SECTOR, ENV_SECTORS = 512, 2  # grub-editenv of 2.14 keeps the block at 256 KiB of a btrfs
WRAPPED = "what GRUB wraps\n"
# type_of_loader of the x86 boot protocol: GRUB's, in what bootloader_type shows it.
GRUB_LOADER = 0x72
VOLUME_ROOM = 16 << 20  # for what LVM and RAID keep on a partition beside the file system
GRUB_MODULES = {"lvm": ("lvm", "ext2"), "raid": ("mdraid1x", "ext2")}
FIRST_DISK = "/dev/nvme0n1p1"
RESTART = "must rapidreboot --direct --yes --force B3"


class VolumeShop(loaders.Workshop):
    """Its initrds make the volume's device appear and mount it."""

    kind = None

    def _initrd(self, suite):
        archive = guest.base("")
        if self.kind == "btrfs":
            load = volumes.add_modules(archive, suite, ["xxhash_generic", "blake2b_generic", "btrfs"])
            mount = f'must mount -t btrfs -o subvol={SUBVOLUME} "$disk"'
        else:
            load = volumes.stage1(archive, suite, self.kind)
            mount = f"must mount -t ext4 {volumes.KINDS[self.kind][2]}"
        job = loaders.STAGE1.replace('must mount -t ext4 "$disk"', mount)
        archive.data("job", job.replace("uuid=$(", load + "uuid=$(", 1))
        return self._marked(archive, suite)


def volume_shop(shop, kind):
    return type("Shop", (VolumeShop,), {"kind": kind})(shop.folder, shop.program)


def core_image(shop, prefix, *modules):
    core = shop.path("core.img")
    images.run_program(GRUB_TOOLS, "usr/bin/grub-mkimage", "-d", images.grub_modules("i386-pc", GRUB), "-O",
                       "i386-pc", "-o", core, "-p", prefix, "biosdisk", "part_msdos", *modules)
    return core


def bios_disk(shop, partition, core):
    boot = os.path.join(images.grub_modules("i386-pc", GRUB), "boot.img")
    return disks.mbr(shop.path("disk.img"), [partition], boot, core)


def ext4_disk(shop, case):
    tree = loaders.grub_tree(shop, case, "i386-pc", item=GRUB)
    return bios_disk(shop, shop.ext4(tree), core_image(shop, "(hd0,msdos1)/boot/grub", "ext2"))


def btrfs_disk(shop, case):
    shop = volume_shop(shop, "btrfs")
    tree = loaders.grub_tree(shop, case, "i386-pc", item=GRUB)
    top, image = shop.path("top"), shop.path("root.img")
    os.mkdir(top)
    os.rename(tree, os.path.join(top, SUBVOLUME))
    with open(image, "wb") as file:
        file.truncate(512 << 20)
    images.run_program("btrfs", "usr/sbin/mkfs.btrfs", "-q", "-U", loaders.ROOT_UUID, "--rootdir", top,
                       "--subvol", f"rw:{SUBVOLUME}", image)
    with open(image, "r+b") as file:
        file.seek(ENV_SECTOR * disks.SECTOR)
        file.write(case.files.get("root:block", loaders.grub_environment()).encode())
    return bios_disk(shop, image, core_image(shop, f"(hd0,msdos1)/{SUBVOLUME}/boot/grub", "btrfs"))


def volume_disk(kind, n_disks):
    """The way to make the disks of a case whose root, with /boot, is on a volume of @kind."""

    def build(shop, case):
        shop = volume_shop(shop, kind)
        tree = loaders.grub_tree(shop, case, "i386-pc", item=GRUB)
        content, space, files = shop.ext4(tree), shop.path("space.img"), []
        with open(space, "wb") as file:
            file.truncate(os.path.getsize(content) + VOLUME_ROOM)
        modules = os.path.join(images.grub_modules("i386-pc", GRUB), "boot.img")
        for number in range(n_disks):
            files.append(disks.mbr(shop.path(f"disk{number}.img"), [space], modules))
        device = volumes.make(OLD, kind, files, content, shop.folder)
        core = core_image(shop, f"({device})/boot/grub", *GRUB_MODULES[kind])
        for path in files:
            disks.embed(path, core)
        return files

    return build


def btrfs_config(default):
    """What grub-mkconfig of GRUB 2.14 writes there: paths from the top, the environment in a block."""
    text = loaders.grub_config(default, words=f" rootflags=subvol={SUBVOLUME}", extra_initrd=" /boot/extra.img")
    text = re.sub(r"(?<=[\t ])/boot/", f"/{SUBVOLUME}/boot/", text).replace("insmod ext2", "insmod btrfs")
    text = text.replace('if [ "${next_entry}" ]', """if [ "${env_block}" ] ; then
  set env_block="(${root})${env_block}"
  export env_block
  load_env -f "${env_block}"
fi
if [ "${next_entry}" ]""", 1)
    return text.replace("   save_env next_entry\n", """   if [ "${env_block}" ] ; then
     save_env -f "${env_block}" next_entry
   else
     save_env next_entry
   fi
""", 1)


def volume_config(kind, device, is_searched):
    """As grub-mkconfig writes it there; not @is_searched: paths name the volume, and nothing is searched for."""
    text = loaders.grub_config(loaders.grub_path(OLD))
    text = text.replace("insmod ext2", f"insmod {GRUB_MODULES[kind][0]}\n\tinsmod ext2\n\tset root='{device}'")
    text = text.replace("--hint-bios=hd0,msdos1", f"--hint='{device}'")
    if is_searched:
        return text
    text = re.sub(r"(?ms)^\s+if \[ x\$feature_platform_search_hint.*?^\s+fi\n", "", text)
    return re.sub(r"(?<=[\t ])/boot/", f"({device})/boot/", text)


def newc_config():
    text = loaders.grub_config(loaders.grub_path(OLD))
    return text.replace("\tinitrd\t", "\tinitrd\tnewc:/initrds/wrapped:/boot/key ")


def cases():
    config, env = "/boot/grub/grub.cfg", "/boot/grub/grubenv"
    names_block = loaders.grub_environment(env_block=f"{ENV_SECTOR}+{ENV_SECTORS}")
    once = loaders.grub_environment(next_entry=loaders.grub_path(OLD, "recovery"))
    loads = ("must rapidreboot load --force B3\nmust test $(cat /sys/kernel/kexec_loaded) = 1\n"
             "must rapidreboot unload\n")
    return [
        loaders.Case("btrfs-saved-in-file", "grub-btrfs", {
            config: btrfs_config("${saved_entry}"),
            env: loaders.grub_environment(saved_entry=loaders.grub_path(OLD))}, (OLD,), loads),
        loaders.Case("btrfs-saved-in-block", "grub-btrfs", {
            config: btrfs_config("${saved_entry}"), env: names_block,
            "root:block": loaders.grub_environment(saved_entry=loaders.grub_path(OLD))}, (OLD,), loads),
        loaders.Case("btrfs-once-in-block", "grub-btrfs", {
            config: btrfs_config("0"), env: names_block, "/boot/once": once}, (NEW, OLD, NEW),
            f"[ $boot -gt 1 ] || must dd if=/boot/once of={FIRST_DISK} seek={ENV_SECTOR} conv=notrunc"),
        *volume_cases(),
        loaders.Case("newc-file", "grub-newc", {config: newc_config(), env: loaders.grub_environment(),
                                                "/boot/key": WRAPPED}, (OLD, OLD),
                     again=RESTART),
    ]


def volume_cases():
    """Each name that GRUB has for a volume."""
    names = {"lvm": f"lvm/{volumes.LVM_NAME}", "raid": f"md/{volumes.ARRAY}"}
    rows = [(kind, name, device, name == "search") for kind in names
            for name, device in (("search", "@ID@"), ("uuid", "@ID@"), ("name", names[kind]))]
    return [loaders.Case(f"{kind}-{name}", f"grub-{kind}", {
        "/boot/grub/grub.cfg": volume_config(kind, device, is_searched),
        "/boot/grub/grubenv": loaders.grub_environment()}, (OLD, OLD), again=RESTART)
            for kind, name, device, is_searched in rows]


def check_restart(report, boots):
    """GRUB made the first boot, ours the second."""
    kinds = [section.get("loader-type") == str(GRUB_LOADER) for section in boots]
    report.equal("GRUB started each", kinds, [True, False])


def check_newc(report, boots):
    """GRUB and ours gave both boots the same file."""
    for number, section in enumerate(boots, 1):
        report.equal(f"boot {number}: the wrapped file", section.get("initrd-words"), WRAPPED.rstrip("\n"))
    check_restart(report, boots)


loaders.LOADERS["grub-btrfs"] = (btrfs_disk, "bios", "grub")
loaders.LOADERS["grub-lvm"] = (volume_disk("lvm", 1), "bios", "grub", check_restart)
loaders.LOADERS["grub-raid"] = (volume_disk("raid", 2), "bios", "grub", check_restart)
loaders.LOADERS["grub-newc"] = (ext4_disk, "bios", "grub", check_newc)


if __name__ == "__main__":
    try:
        sys.exit(loaders.main(cases(), [GRUB, GRUB_TOOLS, "btrfs", "volumes"]))
    except (images.Missing, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"boot-volumes: {trouble}")
