/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* What "/" of the system that is started is mounted from, and what lies below that. */
enum { STACK_MAX = 16 };

struct block {
	char name[64];	   /* "dm-0", "sda2" */
	char dm_name[128]; /* of a device-mapper device, else "" */
	char dm_uuid[160]; /* the same; "CRYPT-LUKS2-UUID-NAME" */
	bool is_crypt;	   /* encrypted by dm-crypt, whatever keeps its keys */
	bool is_luks;
};

struct root_device {
	char type[32];			/* "ext4", "nfs4", … */
	char source[256];		/* as mountinfo has it */
	struct block blocks[STACK_MAX]; /* top first; none for what is no block device */
	size_t n;
};

/* The device-mapper device with this name, as /sys/class/block calls it; -ENOENT. */
_must_check_ int block_by_dm_name(const struct look *l, const char *dm_name, char *ret, size_t n);
/* The (first) device that a block device is made of; -ENOENT. */
_must_check_ int block_below(const struct look *l, const char *name, char *ret, size_t n);
/* Fills in what device-mapper says of b->name; nothing for other devices. */
_must_check_ int block_look(const struct look *l, struct block *b);

/* Errors of reading /proc/self/mountinfo and /sys; -E2BIG when there is more below "/" than fits. */
_must_check_ int root_device_find(const struct look *l, struct root_device *ret);
