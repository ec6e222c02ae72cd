/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* cpio archives as kernels read them: several may follow one another, with zeros between and
 * behind them. Documentation/driver-api/early-userspace/buffer-format.rst. */

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

/* Number of zero bytes at the start of @b. */
size_t cpio_zeros(struct bytes b);
/* Parses the entry at the start of @b; false when there is none, or it is cut off. */
bool cpio_entry_at(struct bytes b, struct cpio_entry *ret);
/* Parses the next entry of several archives at offset *at, and moves *at behind it. The end of
 * an archive is an entry too ("TRAILER!!!"). False where there is no complete one. */
bool cpio_next(struct bytes row, size_t *at, struct cpio_entry *ret);
bool cpio_is_end(const struct cpio_entry *entry);
