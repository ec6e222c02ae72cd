/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What lies between a file system and its disks: volumes of device-mapper (LVM) and arrays of md, read from the
 * running kernel before the crash and put together again by it after the crash, without LVM's and md's programs.
 */

#include "base/dir.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "fundamental/bytes.h"

enum {
	CAPTURE_LAYERS_MAX = 8,
	CAPTURE_MEMBERS_MAX = 64, /* of an array */
};

/**
 * struct capture_layer - an array, when it has a UUID, or a volume
 * @uuid: of the array, as libblkid gives it for each member
 * @major, @minor: version of the array's superblocks
 * @n_members: that it has now
 * @table: of the volume: "START LENGTH TYPE PARAMETERS" of each part, with ";" in between and the UUIDs of physical
 *	volumes for devices
 */
struct capture_layer {
	char *uuid;
	unsigned major, minor, n_members;
	char *table;
};

void capture_layer_done(struct capture_layer *layer);
/* A line of the settings, and back: "1.2 2 UUID" of an array, the table of a volume. -EINVAL; -ENOMEM. */
_must_check_ int capture_array_parse(struct bytes text, struct capture_layer *ret);
_must_check_ int capture_volume_parse(struct bytes text, struct capture_layer *ret);
void capture_layer_text(const struct capture_layer *layer, struct strbuf *to);

/**
 * capture_volume_table() - the table with other names of devices, a line for each part
 * @name: gives the name of the device that @device is; 0 or a negative errno
 * @data: passed to @name
 * @ret: to be freed
 *
 * Devices are the last words but one of "linear" and of each stripe of "striped", as
 * Documentation/admin-guide/device-mapper has it.
 * Return: 0; -EOPNOTSUPP another type; -EINVAL; -ENOMEM; what @name returned.
 */
_must_check_ int capture_volume_table(struct bytes table,
				      int (*name)(void *data, struct bytes device,
						  struct strbuf *to),
				      void *data, char **ret);
