/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/unlock.h"
#include "preflight/volumes.h"

/* File systems that encrypt by themselves: ZFS and bcachefs. */

enum { POOL_LOCKS_MAX = 32 };

struct pool_lock {
	char name[160]; /* of the dataset, or the device */
	struct unlock unlock;
};

struct pool_locks {
	struct pool_lock v[POOL_LOCKS_MAX];
	size_t n;
};

/* Adds to @locks what the next boot unlocks there, and to @volumes the LUKS volumes that keep keys of
 * theirs (Ubuntu's keystore). */
void pools_look(const struct look *l, struct report *r, struct volumes *volumes,
		struct pool_locks *locks);
