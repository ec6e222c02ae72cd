/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names of devices in a system that does not run: its table of mounts and udev's links below its /dev were copied,
 * so that a link and the source of a mount that lead to one file are one device.
 */

#include "entry/fs-devices.h"

/* The mount of GRUB's name of a volume (volume-names.h). -ENODEV, BUDGET_SPENT, -ENOMEM. */
_must_check_ int fs_captured_volume(struct root_fs *fs, const char *name, size_t *ret);
enum { DISK_NAME_MAX = 64 };

/* Number of the partition that has this name of the kernel's ("/dev/sda2", "/dev/nvme0n1p2"), and the name of its disk;
 * 0: it is the name of no partition. */
unsigned fs_captured_partition(const char *source, char ret_disk[DISK_NAME_MAX]);
/* The mount of the device with that tag: "UUID", "LABEL", "PARTUUID", "PARTLABEL". As above. */
_must_check_ int fs_captured_tag(struct root_fs *fs, const char *tag, const char *value,
				 size_t *ret);
