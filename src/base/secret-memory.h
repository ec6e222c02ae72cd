/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* Memory for secrets: no child inherits it (confined/reader.h), and no core dump has it. */

/* @n zero bytes, at least one, or NULL. */
void *secret_alloc(size_t n);
/* Overwrites and releases the @n bytes at @p, which may be NULL. */
void secret_free(void *p, size_t n);

/* A passphrase or a key in such memory, which is never swapped out either. */
struct secret {
	uint8_t *p;
	size_t n;    /* bytes of it that are used */
	size_t room; /* bytes of it altogether */
};

/* Room for @room bytes, none of them used. -ENOMEM, also where they cannot be locked in memory. */
_must_check_ int secret_new(struct secret *ret, size_t room);
void secret_done(struct secret *secret);
#define _cleanup_secret_ _cleanup_(secret_done)

static inline struct bytes secret_bytes(const struct secret *secret)
{
	return (struct bytes){ secret->p, secret->n };
}
