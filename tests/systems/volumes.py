# SPDX-License-Identifier: LGPL-2.1-or-later
"""Systems whose root is on a logical volume, with dracut's initramfs, which takes it apart again.

The file system of the root is made as for the other systems. The volume that it belongs in is made by
the system itself: started from its initramfs with that file system as a second disk, it runs COPY
in the place of init, which makes the volume and copies the disk into it.
"""

TYPE = "e6d6d379-f507-44c2-a23c-238f2a3df928"  # GPT's word for LVM
SPARE_MB = 100
ROOT = "/dev/mapper/system-root"
CMDLINE = "rd.lvm.lv=system/root"  # dracut.cmdline(7)
INITRAMFS = "dracut --force --kver "  # and a release

# Process 1 on a root that is read-only, with what the initramfs has mounted.
COPY = "/usr/local/sbin/copy-root"
DONE = "copy-root: the volume is filled"
COPY_SCRIPT = f"""#!/bin/sh
off() {{
	echo "copy-root: $1"
	sync
	echo o >/proc/sysrq-trigger
	sleep 1000
}}
lvm() {{
	command lvm "$@" --config 'activation {{ udev_sync=0 udev_rules=0 }} backup {{ backup=0 archive=0 }}'
}}
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
lvm pvcreate /dev/vda4 || off "no physical volume"
lvm vgcreate system /dev/vda4 || off "no volume group"
lvm lvcreate -Zn -Wn -l 100%FREE -n root system || off "no logical volume"
dd if=/dev/vdb of={ROOT} bs=1M conv=sparse,fsync || off "no copy"
lvm vgchange -an system || off "the volume is in use still"
off "the volume is filled"
"""

# Made in a chroot, where dracut cannot see what the machine will need.
DRACUT = """hostonly="no"
add_dracutmodules+=" lvm what-is-left "
"""
MODULE = "/usr/lib/dracut/modules.d/99what-is-left"
MODULE_SETUP = """#!/bin/bash
install() {
	inst_hook shutdown 99 "$moddir/what-is-left.sh"
}
"""
# The last hook of the exit initramfs, after the one that removes volumes; called again until all agree.
LEFT = "exit initramfs: "
HOOK = f"""#!/bin/sh
volumes=$(dmsetup info -c --noheadings -o name)
[ "$volumes" = "No devices found" ] || [ "$final" ] || return 1
echo "{LEFT}$volumes, $(grep -c oldroot /proc/mounts) of /oldroot mounted" >/dev/console
"""
NOTHING_LEFT = LEFT + "No devices found, 0 of /oldroot mounted"

FILES = {
    COPY: COPY_SCRIPT,
    "/etc/dracut.conf.d/test.conf": DRACUT,
    MODULE + "/module-setup.sh": MODULE_SETUP,
    MODULE + "/what-is-left.sh": HOOK,
    "/etc/default/grub.d/lvm.cfg": f'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX {CMDLINE}"\n',
}


def empty(path, megabytes):
    """A partition with room for the volume."""
    with open(path, "wb") as file:
        file.truncate((megabytes + SPARE_MB) << 20)
    return path
