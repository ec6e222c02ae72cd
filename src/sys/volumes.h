/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Volumes of device-mapper (dm-ioctl.h) and arrays of md (md_u.h), by the kernel's own calls. */

#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"

/**
 * linux_volume_table() - what a volume is made of
 * @root: as in base/io.h; below another root than that of the running system it is the regular file
 *	/dev/mapper/NAME.table, with what `dmsetup table NAME` prints
 * @name: of the volume, as /sys/block/dm-N/dm/name has it
 * @ret: a line "START LENGTH TYPE PARAMETERS" for each part, devices as MAJOR:MINOR
 *
 * Return: 0; -EFBIG more than 64 KiB; -ENAMETOOLONG; what ioctl(2) says; -ENOMEM.
 */
_must_check_ int linux_volume_table(int root, const char *name, char **ret);

/**
 * linux_volume_start() - make a volume of such lines
 *
 * Return: 0; -EINVAL a line is none; -EFBIG, -ENAMETOOLONG; what ioctl(2) says (-EEXIST: there is one of that name);
 * -ENOMEM. No volume is left after a failure.
 */
_must_check_ int linux_volume_start(const char *name, const char *table);

/**
 * linux_array_start() - start an array that exists on its members
 * @name: "md127": of the device that it becomes
 * @major, @minor: version of its superblocks, 1 and 2 for "1.2"
 * @members: block devices
 *
 * Return: 0, also when members are missing that the array can do without; what open(2) and ioctl(2) say.
 */
_must_check_ int linux_array_start(const char *name, int major, int minor, const dev_t *members,
				   size_t n_members);
