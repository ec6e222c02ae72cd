/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What readers of LUKS headers share. Numbers of both versions are big-endian. */

#include <stdbool.h>
#include <string.h>

#include "fundamental/bytes.h"

/* Offsets: the version, and the JSON of LUKS2 */
enum { LUKS_VERSION_AT = 6, LUKS_JSON_AT = 4096 };

static inline uint64_t luks_number(struct bytes b, size_t off, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n && bytes_has(b, off, n); i++)
		v = v << 8 | b.p[off + i];
	return v;
}

static inline bool luks_is(struct bytes b)
{
	return bytes_has(b, 0, LUKS_JSON_AT) && memcmp(b.p, "LUKS\xba\xbe", 6) == 0;
}

/* LUKS2's JSON ends at a NUL. */
static inline struct bytes luks_json(struct bytes header)
{
	const struct bytes area = { header.p + LUKS_JSON_AT, header.n - LUKS_JSON_AT };

	return (struct bytes){ area.p, strnlen((const char *)area.p, area.n) };
}
