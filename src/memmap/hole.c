// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds free RAM for a segment of the next kernel. */

#include <assert.h>
#include <errno.h>

#include "memmap/memmap.h"

static struct range range_cut(struct range a, struct range b)
{
	return (struct range){ a.start > b.start ? a.start : b.start,
			       a.end < b.end ? a.end : b.end };
}

/* A range of @taken that overlaps @hole, or NULL. */
static const struct range *in_the_way(const struct ranges *taken, struct range hole)
{
	for (size_t i = 0; taken && i < taken->n; i++)
		if (range_overlaps(taken->v[i], hole))
			return &taken->v[i];
	return NULL;
}

/* Tries places from the end of @room downwards, each time below the range that was in the way. */
static bool hole_from_top(struct range room, const struct hole_request *req, struct range *ret)
{
	while (room.start < room.end && room.end - room.start >= req->size) {
		uint64_t start = (room.end - req->size) & ~(req->align - 1);
		const struct range *taken;

		if (start < room.start)
			return false;
		*ret = (struct range){ start, start + req->size };
		taken = in_the_way(req->taken, *ret);
		if (!taken)
			return true;
		room.end = taken->start;
	}
	return false;
}

static bool hole_from_bottom(struct range room, const struct hole_request *req, struct range *ret)
{
	while (room.start < room.end && room.end - room.start >= req->size) {
		uint64_t start = (room.start + req->align - 1) & ~(req->align - 1);
		const struct range *taken;

		if (start < room.start || start > room.end - req->size)
			return false;
		*ret = (struct range){ start, start + req->size };
		taken = in_the_way(req->taken, *ret);
		if (!taken)
			return true;
		room.start = taken->end;
	}
	return false;
}

int memmap_find_hole(const struct memmap *map, const struct hole_request *req, struct range *ret)
{
	assert(req->size > 0 && req->align > 0 && (req->align & (req->align - 1)) == 0);

	for (size_t i = 0; i < map->n; i++) {
		const struct memory_range *m = &map->v[req->top_down ? map->n - 1 - i : i];
		struct range room = range_cut(m->range, req->bounds);
		struct range hole;

		if (m->type != MEMORY_RAM)
			continue;
		if (req->top_down ? hole_from_top(room, req, &hole)
				  : hole_from_bottom(room, req, &hole)) {
			*ret = hole;
			return 0;
		}
	}
	return -ENOSPC;
}
