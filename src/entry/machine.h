/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* Names of block devices, asked of the running machine: libblkid, /dev and /sys/dev/block. */

/* The device that has this "UUID" or "LABEL"; -ENOENT. */
_must_check_ int machine_find_tag(const char *tag, const char *value, dev_t *ret);
/* The tag of a device, by its path; -ENODATA when it has none. */
_must_check_ int machine_get_tag(const char *device, const char *tag, char **ret);
/* The device behind GRUB's name of an LVM volume, RAID array or opened LUKS container. */
_must_check_ int machine_find_volume(const char *name, dev_t *ret);
/* Number of the device behind a path; -ENOTBLK for anything else. */
_must_check_ int machine_device(const char *path, dev_t *ret);

/* Reads @n bytes from @at on of a block device. -ENODATA: it is shorter. */
_must_check_ int machine_read_at(const char *path, uint64_t at, size_t n, uint8_t **ret);

struct machine_partition {
	dev_t disk;
	unsigned number;
	bool is_gpt;
};
/* -ENOENT when the device is not a partition. */
_must_check_ int machine_partition(dev_t device, struct machine_partition *ret);
