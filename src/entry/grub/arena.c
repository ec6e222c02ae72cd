// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/arena.h"

/* Most units are one short line: clearing a large block for each of them took longer than parsing it. */
enum { FIRST_BLOCK = 480, BLOCK = 4000 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX / 2)
		return NULL;
	block = calloc(1, sizeof(*block) + size);
	if (block)
		block->size = size;
	return block;
}

void *arena_alloc(struct arena *arena, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *block = arena->blocks;
	void *p;

	if (n > SIZE_MAX / 4)
		return NULL;
	n = (n + align - 1) / align * align;
	if (!block || block->size - block->used < n) {
		size_t usual = block ? BLOCK : FIRST_BLOCK;

		block = block_new(n > usual ? n : usual);
		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	p = block->data + block->used;
	block->used += n;
	return p;
}

char *arena_strndup(struct arena *arena, const char *s, size_t n)
{
	char *copy = arena_alloc(arena, n + 1);

	if (copy && n)
		memcpy(copy, s, n);
	return copy;
}

void arena_done(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
}
