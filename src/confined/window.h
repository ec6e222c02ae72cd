/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/io.h"

/* Memory that the child shares with us. Pages are taken by writing to them. */
struct window {
	uint8_t *p;
	size_t n;
	bool is_shared; /* false: the system has no such memory, and the work is done here */
};

/* @n bytes of zeros. -ENOMEM. */
_must_check_ int window_make(size_t n, struct window *ret);
/* What is to be called for each stretch of @window before it is written to, which saves page faults; NULL: nothing. */
typedef void (*window_ready_fn)(uint8_t *p, size_t n);
window_ready_fn window_ready(const struct window *window);
/* The first @n bytes of @window, read only, to be released with contents_done(); the rest is given back. */
void window_take(struct window *window, size_t n, struct contents *ret);
void window_done(struct window *window);
