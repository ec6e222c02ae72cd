/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* What "/" is mounted from, and what lies below that. */
enum { STACK_MAX = 16 };

struct block {
	char name[64];	   /* "dm-0", "sda2" */
	char dm_name[128]; /* of a device-mapper device, else "" */
	bool is_luks;
};

struct root_device {
	char type[32];			/* "ext4", "nfs4", … */
	char source[256];		/* as mountinfo has it */
	struct block blocks[STACK_MAX]; /* top first; none for what is no block device */
	size_t n;
};

/* Errors of reading /proc/self/mountinfo and /sys. */
_must_check_ int root_device_find(const struct look *l, struct root_device *ret);
