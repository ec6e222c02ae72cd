/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* cpio archives as kernels read them: one after the other, with zeros between and behind them.
 * Documentation/driver-api/early-userspace/buffer-format.rst. */

#include "fundamental/bytes.h"

enum { CPIO_ALIGN = 4 /* of archives, names and contents */ };

struct cpio_entry {
	struct bytes name; /* without its NUL */
	struct bytes data;
	uint32_t mode, n_links;
	size_t n; /* of header, name, data and padding */
};

static inline uint64_t cpio_aligned(uint64_t n)
{
	return (n + CPIO_ALIGN - 1) & ~(uint64_t)(CPIO_ALIGN - 1);
}

/* How many zeros @b begins with. */
size_t cpio_zeros(struct bytes b);
/* The whole entry at the start of @b; false when there is none. */
bool cpio_entry_at(struct bytes b, struct cpio_entry *ret);
/* The next entry of a row of archives from *at on, which ends up behind it. The end of an archive is
 * an entry too ("TRAILER!!!"). False where there is no whole one. */
bool cpio_next(struct bytes row, size_t *at, struct cpio_entry *ret);
