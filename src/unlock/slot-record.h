/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Key slots that hold one-shot keys, so that whoever comes next removes them: the boot after, whatever kind
 * it is, and the next attempt. /var/lib/rapidreboot/unlock, for root only; no key is in it:
 *
 *	5ac60bf3-35df-4575-a5fe-601cf6112e9b 31 9e107d9d372bb682	volume, slot, mark
 *
 * A mark of 0: the slot was about to be written.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "preflight/luks-slots.h"

#define SLOT_RECORD "/var/lib/rapidreboot/unlock"
/* Volumes of one machine that open at boot are fewer. */
enum { SLOT_RECORD_MAX = 32 };

struct slot_entry {
	char uuid[LUKS_UUID_N + 1];
	unsigned slot;
	uint64_t mark; /* of struct luks_slot */
};

struct slot_record {
	struct slot_entry v[SLOT_RECORD_MAX];
	size_t n;
};

/* No entries when there is no such file. NOT_TRUSTED when others than root can write to it, -EBADMSG
 * when a line is none of ours: then nothing is removed by it. */
_must_check_ int slot_record_read(int root, struct slot_record *ret);
/* Written through to the disk; the file is removed when there are no entries.
 * -EINVAL for a UUID that is none. */
_must_check_ int slot_record_write(int root, const struct slot_record *record);
