/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Key slots of a LUKS volume, from its header: which are free, and whether one still is what it was. */

#include "base/cleanup.h"
#include "preflight/luks.h"

/* LUKS1 has 8 of them, LUKS2 32. */
enum { LUKS_SLOTS_MAX = 32, LUKS_UUID_N = 40 };

struct luks_slot {
	bool is_used;
	/* differs between any two keys that were ever put into it: by the salt of its key derivation */
	uint64_t mark;
	uint64_t iterations; /* of PBKDF2, 0 for another derivation */
};

struct luks_slots {
	char uuid[LUKS_UUID_N + 1];
	struct luks_slot v[LUKS_SLOTS_MAX];
	unsigned n; /* that this version has */
};

/* @header: as for luks_ways_read(), and the same errors. */
_must_check_ int luks_slots_read(struct bytes header, struct luks_slots *ret);
