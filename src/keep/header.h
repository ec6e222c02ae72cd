/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What tells that the memory holds what was saved. It lies at the start of the range, and the rest at
 * KEEP_DATA_AT, numbers little-endian:
 *
 *	"RRKEEP1\n", bytes of data (64 bits), id of the boot that saved (36 characters), 4 zeros,
 *	three CRC32C of the data, one of all before it (32 bits each)
 *
 * It is written last and cleared first, so that what was torn has none.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fundamental/bytes.h"

enum { KEEP_HEADER_BYTES = 72, KEEP_DATA_AT = 16384, KEEP_ID_N = 36, KEEP_LANES = 3 };

struct keep_header {
	uint64_t n;
	char boot_id[KEEP_ID_N + 1];
	uint32_t digest[KEEP_LANES];
};

void keep_header_write(const struct keep_header *h, uint8_t ret[KEEP_HEADER_BYTES]);
/* False when there is none. */
bool keep_header_read(struct bytes b, struct keep_header *ret);
bool keep_header_same(const struct keep_header *a, const struct keep_header *b);
