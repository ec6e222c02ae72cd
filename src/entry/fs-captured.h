/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names of devices in a system that does not run: its table of mounts and udev's links below its /dev were copied,
 * so that a link and the source of a mount that lead to one file are one device.
 */

#include "entry/fs-devices.h"

/* The mount of GRUB's name of a volume (volume-names.h). -ENODEV, BUDGET_SPENT, -ENOMEM. */
_must_check_ int fs_captured_volume(struct root_fs *fs, const char *name, size_t *ret);
/* The mount of partition @number of the disk that holds the configuration, else of any disk, by the kernel's names
 * of devices. As above. */
_must_check_ int fs_captured_partition(struct root_fs *fs, unsigned number, size_t *ret);
/* The mount of the device with that tag: "UUID", "LABEL", "PARTUUID", "PARTLABEL". As above. */
_must_check_ int fs_captured_tag(struct root_fs *fs, const char *tag, const char *value,
				 size_t *ret);
