#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Like boot-loaders.py, with GRUB of two releases, on file systems whose names GRUB and Linux have apart.

    tests/vm/boot-volumes.py [--only PATTERN] [--timeout SECONDS] [--keep DIR]

`btrfs-*`: root and /boot are in a subvolume, the environment block of GRUB lies before the file system's
data. `lvm-*`, `raid-*`, `lvm-raid-*`: they are on a logical volume, on an array of two disks, on a volume of such
an array; GRUB searches for it or names it. `degraded-*`: one disk of the array is gone. `newc-*`: an initrd that GRUB
wraps into an archive. The second boot of all but the first is a fast one, by ours. Debian sid's GRUB starts them
under BIOS, or, as a name says, bookworm's: `*-old` under BIOS, `*-uefi` under UEFI, with the ESP behind the volume; `*-uefi-new` is
sid's there.
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
OLD_GRUB = "grub-loaders"  # 2.06
SUBVOLUME = "@"
ENV_SECTOR, ENV_SECTORS = 512, 2  # grub-editenv of 2.14 keeps the block at 256 KiB of a btrfs
WRAPPED = "what GRUB wraps\n"
# type_of_loader of the x86 boot protocol: GRUB's, in what bootloader_type shows it.
GRUB_LOADER = 0x72
VOLUME_ROOM = 16 << 20  # for what LVM and RAID keep on a partition beside the file system
GRUB_MODULES = {"lvm": ("lvm", "ext2"), "raid": ("mdraid1x", "ext2"), "lvm-raid": ("lvm", "mdraid1x", "ext2")}
ESP = "/boot/efi"
FIRST_DISK = "/dev/nvme0n1p1"
RESTART = "must rapidreboot --direct --yes --force B3"


class VolumeShop(loaders.Workshop):
    """Its initrds make the volume's device appear and mount it; an ESP lies behind the volume's partition."""

    kind = None

    def _initrd(self, suite):
        archive = guest.base("")
        for module in loaders.MODULES:
            guest.add_module(archive, suite, module)
        if self.kind == "btrfs":
            load = volumes.add_modules(archive, suite, ["xxhash_generic", "blake2b_generic", "btrfs"])
            mount = f'must mount -t btrfs -o subvol={SUBVOLUME} "$disk"'
        else:
            load = volumes.stage1(archive, suite, self.kind)
            mount = f"must mount -t ext4 {volumes.KINDS[self.kind][2]}"
        job = loaders.STAGE1.replace('must mount -t ext4 "$disk"', mount)
        archive.data("job", job.replace("uuid=$(", load + "uuid=$(", 1))
        return self._marked(archive, suite)

    def system(self, case, esp):
        tree = super().system(case, esp)
        with open(tree + "/job", "r+", encoding="utf-8") as file:
            job = file.read().replace("/dev/nvme0n1p1", "/dev/nvme0n1p2") if esp else file.read()
            file.seek(0)
            file.write(job)
        return tree


def volume_shop(shop, kind):
    return type("Shop", (VolumeShop,), {"kind": kind})(shop.folder, shop.program)


def core_image(shop, prefix, *modules, grub=GRUB, platform="i386-pc"):
    core = shop.path("core.img")
    words = ("-d", images.grub_modules(platform, grub), "-O", platform, "-o", core, "-p", prefix, *modules)
    if grub == OLD_GRUB:
        images.grub_mkimage(*words)
    else:
        images.run_program(GRUB_TOOLS, "usr/bin/grub-mkimage", *words)
    return core


def bios_core(shop, prefix, *modules, grub=GRUB):
    return core_image(shop, prefix, "biosdisk", "part_msdos", *modules, grub=grub)


def boot_sector(grub=GRUB):
    return os.path.join(images.grub_modules("i386-pc", grub), "boot.img")


def bios_disk(shop, partition, core, grub=GRUB):
    return disks.mbr(shop.path("disk.img"), [partition], boot_sector(grub), core)


def ext4_disk(shop, case):
    tree = loaders.grub_tree(shop, case, "i386-pc", item=GRUB)
    return bios_disk(shop, shop.ext4(tree), bios_core(shop, "(hd0,msdos1)/boot/grub", "ext2"))


def btrfs_disk(grub):
    def build(shop, case):
        shop = volume_shop(shop, "btrfs")
        tree = loaders.grub_tree(shop, case, "i386-pc", item=grub)
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
        core = bios_core(shop, f"(hd0,msdos1)/{SUBVOLUME}/boot/grub", "btrfs", grub=grub)
        return bios_disk(shop, image, core, grub)

    return build


def volume_disk(kind, grub, n_lost=0):
    """The way to make the disks of a case whose root, with /boot, is on a volume of @kind, started by a BIOS."""

    def build(shop, case):
        shop = volume_shop(shop, kind)
        tree = loaders.grub_tree(shop, case, "i386-pc", item=grub)
        content, space = shop.ext4(tree), volume_space(shop)
        files = [disks.mbr(shop.path(f"disk{number}.img"), [space], boot_sector(grub))
                 for number in range(n_disks(kind))]
        device = volumes.make(OLD, kind, files, content, shop.folder)
        core = bios_core(shop, f"({device})/boot/grub", *GRUB_MODULES[kind], grub=grub)
        for path in files:
            disks.embed(path, core)
        return files[n_lost:]

    return build


def efi_volume_disk(kind, n_lost=0, grub=OLD_GRUB):
    """The same, started by UEFI: every disk has an ESP. GRUB's place in it does not depend on the volume's name."""

    def build(shop, case):
        shop = volume_shop(shop, kind)
        tree, esp = loaders.grub_tree(shop, case, "x86_64-efi", ESP, item=grub), shop.path("esp")
        content, space = shop.ext4(tree), volume_space(shop)
        program = f"{esp}/EFI/BOOT/BOOTX64.EFI"
        shop.put(shop.folder, {"/early.cfg": f"search.fs_uuid {loaders.ROOT_UUID} root\n"
                                             "set prefix=($root)'/boot/grub'\n"})
        core = core_image(shop, "/boot/grub", "-c", shop.path("early.cfg"), "part_gpt", "search_fs_uuid", "normal",
                          "configfile", *GRUB_MODULES[kind], grub=grub, platform="x86_64-efi")
        os.makedirs(os.path.dirname(program))
        os.rename(core, program)
        partition = shop.esp(esp)
        files = [disks.gpt(shop.path(f"disk{number}.img"), [(space, disks.LINUX), (partition, disks.ESP)])
                 for number in range(n_disks(kind))]
        volumes.make(OLD, kind, files, content, shop.folder)
        return files[n_lost:]

    return build


def n_disks(kind):
    return 2 if "raid" in kind else 1


def volume_space(shop):
    """Room for the file system, and for what LVM and RAID keep beside it."""
    space = shop.path("space.img")
    with open(space, "wb") as file:
        file.truncate(os.path.getsize(shop.path("root.img")) + VOLUME_ROOM)
    return space


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
    modules = "\n\t".join(f"insmod {name}" for name in GRUB_MODULES[kind])
    text = text.replace("insmod ext2", f"{modules}\n\tset root='{device}'")
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
        loaders.Case("btrfs-saved-in-file-old", "grub-btrfs-old", {
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
    """Each name that GRUB has for a volume, and each way to the volume by one of them."""
    names = {"lvm": f"lvm/{volumes.LVM_NAME}", "raid": f"md/{volumes.ARRAY}", "lvm-raid": f"lvm/{volumes.LVM_NAME}",
             "degraded": f"md/{volumes.ARRAY}"}
    rows = [(kind, name, way) for kind in ("lvm", "raid") for name in ("search", "uuid", "name")
            for way in ("", "-old")]
    rows += [(kind, name, "-uefi") for kind in ("lvm", "raid") for name in ("search", "name")]
    rows += [(kind, name, "-uefi-new") for kind, name in (("lvm", "name"),)]
    rows += [(kind, name, way) for kind in ("lvm-raid", "degraded")
             for name, way in (("name", ""), ("search", "-old"), ("uuid", "-uefi"))]
    return [loaders.Case(f"{kind}-{name}{way}", f"grub-{kind}{way}", {
        "/boot/grub/grub.cfg": volume_config({"degraded": "raid"}.get(kind, kind),
                                             names[kind] if name == "name" else "@ID@", name == "search"),
        "/boot/grub/grubenv": loaders.grub_environment()}, (OLD, OLD), again=RESTART) for kind, name, way in rows]


def check_restart(report, boots):
    """GRUB made the first boot, ours the second."""
    kinds = [section.get("loader-type") == str(GRUB_LOADER) for section in boots]
    report.equal("GRUB started each", kinds, [True, False])


def check_newc(report, boots):
    """GRUB and ours gave both boots the same file."""
    for number, section in enumerate(boots, 1):
        report.equal(f"boot {number}: the wrapped file", section.get("initrd-words"), WRAPPED.rstrip("\n"))
    check_restart(report, boots)


def add_loaders():
    for way, grub in (("", GRUB), ("-old", OLD_GRUB)):
        loaders.LOADERS[f"grub-btrfs{way}"] = (btrfs_disk(grub), "bios", "grub")
        for kind in GRUB_MODULES:
            loaders.LOADERS[f"grub-{kind}{way}"] = (volume_disk(kind, grub), "bios", "grub", check_restart)
        loaders.LOADERS[f"grub-degraded{way}"] = (volume_disk("raid", grub, 1), "bios", "grub", check_restart)
    for kind in GRUB_MODULES:
        loaders.LOADERS[f"grub-{kind}-uefi"] = (efi_volume_disk(kind), "uefi", "grub", check_restart)
        # There the kernel does not say that GRUB started it, so its loader is not compared.
        loaders.LOADERS[f"grub-{kind}-uefi-new"] = (efi_volume_disk(kind, grub=GRUB), "uefi", "grub")
    loaders.LOADERS["grub-degraded-uefi"] = (efi_volume_disk("raid", 1), "uefi", "grub", check_restart)
    loaders.LOADERS["grub-newc"] = (ext4_disk, "bios", "grub", check_newc)


add_loaders()


if __name__ == "__main__":
    try:
        sys.exit(loaders.main(cases(), [GRUB, GRUB_TOOLS, "btrfs", "volumes"]))
    except (images.Missing, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"boot-volumes: {trouble}")
