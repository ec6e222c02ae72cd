// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ranges of physical memory with a type: collected in any order, then sorted and made disjoint. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "memmap/memmap.h"

/* @rank: where two tables disagree the type of higher rank counts, because leaving free memory unused
 * wastes a little of it, while using memory that is not free corrupts it. */
static const struct {
	const char *name;
	unsigned rank;
} types[MEMORY_N_TYPES] = {
	[MEMORY_RAM] = { "System RAM", 0 },
	[MEMORY_RESERVED] = { "reserved", 7 },
	[MEMORY_ACPI] = { "ACPI Tables", 5 },
	[MEMORY_NVS] = { "ACPI Non-volatile Storage", 6 },
	[MEMORY_UNUSABLE] = { "Unusable memory", 8 },
	[MEMORY_PMEM] = { "Persistent Memory", 4 },
	[MEMORY_PRAM] = { "Persistent Memory (legacy)", 3 },
	[MEMORY_SOFT_RESERVED] = { "Soft Reserved", 2 },
	[MEMORY_DRIVER_MANAGED] = { "System RAM (driver managed)", 1 },
};

const char *memory_type_name(enum memory_type type)
{
	return types[type].name;
}

bool memory_is_declared(enum memory_type type)
{
	return type != MEMORY_DRIVER_MANAGED;
}

int memmap_add(struct memmap *map, struct range range, enum memory_type type)
{
	int r;

	if (range.start >= range.end)
		return 0;
	r = array_room(&map->v, map->n, &map->max, sizeof(*map->v));
	if (r < 0)
		return r;
	map->v[map->n++] = (struct memory_range){ range, type };
	return 0;
}

int memmap_copy(const struct memmap *map, struct memmap *ret)
{
	struct memmap copy = { .n = map->n, .max = map->n };

	if (map->n) {
		copy.v = reallocarray(NULL, map->n, sizeof(*copy.v));
		if (!copy.v)
			return -ENOMEM;
		memcpy(copy.v, map->v, map->n * sizeof(*copy.v));
	}
	*ret = copy;
	return 0;
}

void memmap_done(struct memmap *map)
{
	free(map->v);
	*map = (struct memmap){ 0 };
}

int ranges_add(struct ranges *set, struct range range)
{
	int r;

	if (range.start >= range.end)
		return 0;
	r = array_room(&set->v, set->n, &set->max, sizeof(*set->v));
	if (r < 0)
		return r;
	set->v[set->n++] = range;
	return 0;
}

int memmap_cut(struct memmap *map, struct range hole)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct memory_range m = map->v[i];
		const struct range above = { hole.end, m.range.end };

		if (!range_overlaps(m.range, hole))
			continue;
		/* an empty one is left where nothing remains below the hole */
		map->v[i].range.end = hole.start > m.range.start ? hole.start : m.range.start;
		if (memmap_add(map, above, m.type) < 0)
			return -ENOMEM;
	}
	return memmap_normalise(map);
}

int ranges_cut(struct ranges *set, struct range hole)
{
	struct ranges left = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->n; i++) {
		const struct range whole = set->v[i];

		if (!range_overlaps(whole, hole)) {
			r = ranges_add(&left, whole);
			continue;
		}
		r = ranges_add(&left, (struct range){ whole.start, hole.start });
		if (r == 0)
			r = ranges_add(&left, (struct range){ hole.end, whole.end });
	}
	if (r < 0) {
		ranges_done(&left);
		return r;
	}
	ranges_done(set);
	*set = left;
	return 0;
}

void ranges_done(struct ranges *set)
{
	free(set->v);
	*set = (struct ranges){ 0 };
}

/* Where a range of some type begins or ends. */
struct edge {
	uint64_t at;
	enum memory_type type;
	int step; /* +1: the range begins, -1: it ends */
};

static int edge_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct edge *)a)->at, y = ((const struct edge *)b)->at;

	return x < y ? -1 : x > y;
}

/* The most restrictive type that covers a place, or MEMORY_N_TYPES for none. */
static enum memory_type highest_rank(const size_t open[MEMORY_N_TYPES])
{
	enum memory_type best = MEMORY_N_TYPES;

	for (enum memory_type t = 0; t < MEMORY_N_TYPES; t++)
		if (open[t] && (best == MEMORY_N_TYPES || types[t].rank > types[best].rank))
			best = t;
	return best;
}

static int append_joined(struct memmap *map, struct range range, enum memory_type type)
{
	struct memory_range *last = map->n ? &map->v[map->n - 1] : NULL;

	if (last && last->type == type && last->range.end == range.start) {
		last->range.end = range.end;
		return 0;
	}
	return memmap_add(map, range, type);
}

/* Goes through the sorted edges and writes down the range between each two. */
static int sweep(const struct edge *edges, size_t n, struct memmap *ret)
{
	size_t open[MEMORY_N_TYPES] = { 0 };

	for (size_t i = 0; i < n; i++) {
		enum memory_type type;
		int r;

		if (edges[i].step > 0)
			open[edges[i].type]++;
		else
			open[edges[i].type]--;
		if (i + 1 == n || edges[i + 1].at == edges[i].at)
			continue;
		type = highest_rank(open);
		if (type == MEMORY_N_TYPES)
			continue;
		r = append_joined(ret, (struct range){ edges[i].at, edges[i + 1].at }, type);
		if (r < 0)
			return r;
	}
	return 0;
}

int memmap_normalise(struct memmap *map)
{
	_cleanup_free_ struct edge *edges = NULL;
	struct memmap sorted = { 0 };
	int r;

	if (map->n == 0)
		return 0;
	edges = reallocarray(NULL, map->n, 2 * sizeof(*edges));
	if (!edges)
		return -ENOMEM;
	for (size_t i = 0; i < map->n; i++) {
		const struct memory_range *m = &map->v[i];

		edges[2 * i] = (struct edge){ m->range.start, m->type, +1 };
		edges[2 * i + 1] = (struct edge){ m->range.end, m->type, -1 };
	}
	qsort(edges, 2 * map->n, sizeof(*edges), edge_compare);

	r = sweep(edges, 2 * map->n, &sorted);
	if (r < 0) {
		memmap_done(&sorted);
		return r;
	}
	memmap_done(map);
	*map = sorted;
	return 0;
}

int memmap_ram_outside(const struct memmap *map, const struct memmap *known, struct ranges *ret)
{
	size_t k = 0;

	for (size_t i = 0; i < map->n; i++) {
		struct range left = map->v[i].range;
		int r;

		if (map->v[i].type != MEMORY_RAM)
			continue;
		while (k < known->n && known->v[k].range.end <= left.start)
			k++;
		for (size_t j = k; j < known->n && known->v[j].range.start < left.end; j++) {
			if (known->v[j].type != MEMORY_RAM)
				continue;
			r = ranges_add(ret, (struct range){ left.start, known->v[j].range.start });
			if (r < 0)
				return r;
			left.start = known->v[j].range.end;
		}
		r = ranges_add(ret, left);
		if (r < 0)
			return r;
	}
	return 0;
}

uint64_t ranges_size(const struct ranges *set)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < set->n; i++)
		sum += range_size(set->v[i]);
	return sum;
}

uint64_t memmap_size(const struct memmap *map, enum memory_type type)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].type == type)
			sum += range_size(map->v[i].range);
	return sum;
}
