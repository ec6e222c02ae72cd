# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts a root file system on a logical volume or an array; Linux, lvm and mdadm do it in a virtual machine.

The machine gets the disks, partitioned already, and the file system as a disk of its own.
"""

import glob
import lzma
import os
import re

import guest
import images
import vm

SECONDS = 300
GROUP, VOLUME, ARRAY = "data-vg", "root", "system"
# What device-mapper and LVM call it: a dash in a name is written twice.
LVM_NAME = f"{GROUP.replace('-', '--')}-{VOLUME}"
NAME = r"lvmid/[-\w]{38}/[-\w]{38}|mduuid/[0-9a-f]{32}"
WITHOUT_UDEV = "export DM_DISABLE_UDEV=1\nmkdir -p /etc/lvm /run/lock/lvm /run/mdadm\n"
LVM = "lvm @COMMAND@ --config 'activation { udev_sync=0 udev_rules=0 } devices { use_devicesfile=0 }'"


def module_file(suite, name):
    pattern = re.sub("[-_]", "[-_]", name) + ".ko*"
    return next(iter(glob.glob(os.path.join(images.modules(suite), "**", pattern), recursive=True)), None)


def with_needs(suite, names):
    """{name: content} of modules and of what they name in `depends=`, in the order to load them in."""
    found = {}
    for name in names:
        path = module_file(suite, name)
        if not path or name in found:
            continue
        with open(path, "rb") as file:
            content = file.read()
        content = lzma.decompress(content) if path.endswith(".xz") else content
        needs = re.search(rb"\0depends=([^\0]*)\0", content)
        found = found | with_needs(suite, [need.decode() for need in needs[1].split(b",") if need] if needs else [])
        found[name] = content
    return found


def add_modules(archive, suite, names):
    """Puts modules and what they need into @archive; returns the shell that loads them."""
    modules = with_needs(suite, names)
    for name, content in modules.items():
        archive.data(f"modules/{name}.ko", content)
    return "".join(f"must insmod /modules/{name}.ko\n" for name in modules)


def add_tools(archive):
    for name in ("lvm", "mdadm"):
        guest.add_packaged(archive, "volumes", f"usr/sbin/{name}", name)


def lvm(command):
    return LVM.replace("@COMMAND@", command)




def create_array(devices):
    """Of two devices."""
    return (f"must mdadm --create /dev/md/{ARRAY} --run --level=1 --metadata=1.2 --raid-devices=2 --assume-clean "
            f"--homehost=host --name={ARRAY} {devices}\n")


CREATE_ARRAY = create_array("/dev/nvme0n1p1 /dev/nvme1n1p1")
ARRAY_ID = "mduuid/$(mdadm --detail --export /dev/md/* | sed -n s/^MD_UUID=//p | tr -d :)"
# One that lacks a disk is started all the same.
FIND_ARRAY = (f"must mdadm --assemble --run /dev/md/{ARRAY} $(for at in 0 1; do "
              "[ ! -b /dev/nvme${at}n1p1 ] || echo /dev/nvme${at}n1p1; done)\n")


def create_volume(device):
    return (f"must {lvm(f'pvcreate -ff -y {device}')}\nmust {lvm(f'vgcreate {GROUP} {device}')}\n"
            f"must {lvm(f'lvcreate -y -Wn -Zn -n {VOLUME} -l 100%FREE {GROUP}')}\n")


VOLUME_ID = f"lvmid/$({lvm(f'lvs --noheadings -o vg_uuid,lv_uuid {GROUP}')} | awk '{{ print $1 \"/\" $2 }}')"
FIND_VOLUME = f"must {lvm(f'vgchange -ay {GROUP}')}\n"

# name: modules, shell that makes the volume, the device, its name in GRUB by UUIDs as a word of shell, shell that finds it again
KINDS = {
    "lvm": (("dm-mod",), create_volume("/dev/nvme0n1p1"), f"/dev/mapper/{LVM_NAME}", VOLUME_ID, FIND_VOLUME),
    "raid": (("raid1",), CREATE_ARRAY, f"/dev/md/{ARRAY}", ARRAY_ID, FIND_ARRAY),
    "lvm-raid": (("raid1", "dm-mod"), CREATE_ARRAY + create_volume(f"/dev/md/{ARRAY}"), f"/dev/mapper/{LVM_NAME}",
                 VOLUME_ID, FIND_ARRAY + FIND_VOLUME),
}


def stage1(archive, suite, kind):
    """Shell of an initramfs that makes the volume's device appear, whose parts are put into @archive."""
    modules, _, _, _, find = KINDS[kind]
    load = add_modules(archive, suite, modules)
    add_tools(archive)
    return load + WITHOUT_UDEV + find


def make(suite, kind, disks, content, folder):
    """
    Make the volume on the first partitions of the files @disks, with what is in @content, where @ID@ in grub.cfg
    becomes the name that this returns: what grub-probe calls the volume, by its UUIDs.
    """
    modules, create, device, tell, _ = KINDS[kind]
    archive = guest.base("")
    job = add_modules(archive, suite, modules) + WITHOUT_UDEV + create
    add_tools(archive)
    job += f"""must dd if=/dev/nvme{len(disks)}n1 of={device} bs=1M
must mkdir /mnt
must mount -t ext4 {device} /mnt
must sed -i "s,@ID@,{tell},g" /mnt/boot/grub/grub.cfg
must umount /mnt
section id echo "{tell}"
"""
    archive.data("job", job)
    initrd = archive.save(os.path.join(folder, "initrd-maker"))
    extra = vm.drives([*disks, content], boots=False)
    ending = vm.run(vm.Machine(memory="512M", extra=tuple(extra)), images.kernel(suite), initrd,
                    "console=ttyS0 panic=-1", folder, SECONDS, name="maker")
    name = guest.sections(ending.log).get("id", "")
    if ending.reason != "poweroff" or guest.failures(ending.log) or not re.fullmatch(NAME, name):
        raise images.Missing(f"{kind} was not made: {ending.reason}\n{ending.log[-3000:]}")
    return name
