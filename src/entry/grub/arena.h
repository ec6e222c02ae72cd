/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Memory for many small objects that is released as a whole. */

#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *blocks;
};

/* Zeroed, aligned for any type; NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t n);
char *arena_strndup(struct arena *arena, const char *s, size_t n);
void arena_done(struct arena *arena);
