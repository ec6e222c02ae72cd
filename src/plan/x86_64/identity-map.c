// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes page tables that map memory to itself, as one more segment, for a purgatory that writes to
 * memory outside of segments: the old kernel's tables may lie right there, because it keeps them
 * out of segments only (kernel/kexec_core.c). Only what is used is mapped: some machines stop at
 * speculative reads of memory that firmware has reserved.
 *
 * Format: Intel SDM volume 3, 4.5. The root for four levels is the first page, the one for five
 * levels the second: the purgatory takes the one for the mode of the processor.
 */

#include <errno.h>

#include "base/error.h"
#include "fundamental/put.h"
#include "plan/x86_64/x86_64.h"

#define LARGE_PAGE (2 * MIB)
#define ENTRIES 512u
/* Accessed and dirty bits are set from the start, so that the processor does not write to the
 * tables, which the digest covers. */
#define TABLE_FLAGS 0x23u /* present, writable, accessed */
#define PAGE_FLAGS 0xe3u  /* and dirty, large */

struct tables {
	uint8_t *p;
	uint64_t base; /* physical address of p */
	size_t n;      /* pages in use */
};

static uint8_t *entry_at(const struct tables *t, size_t table, uint64_t index)
{
	return t->p + table * PAGE_SIZE + index % ENTRIES * 8;
}

/* Number of the table that an entry points to; a new one when it is empty. */
static size_t table_below(struct tables *t, size_t table, uint64_t index)
{
	uint8_t *entry = entry_at(t, table, index);

	if (!get_le64(entry))
		put_le64(entry, (t->base + t->n++ * PAGE_SIZE) | TABLE_FLAGS);
	return (size_t)((get_le64(entry) - t->base) / PAGE_SIZE);
}

static void map(struct tables *t, struct range r)
{
	for (uint64_t at = round_down(r.start, LARGE_PAGE); at < r.end; at += LARGE_PAGE) {
		const size_t middle = table_below(t, 0, at >> 39);
		const size_t low = table_below(t, middle, at >> 30);

		put_le64(entry_at(t, low, at >> 21), at | PAGE_FLAGS);
	}
}

/* Tables of the two lower levels that @r takes at most. */
static size_t tables_for(struct range r)
{
	return r.start < r.end ? (size_t)((r.end - 1) / GIB - r.start / GIB + 1 +
					  (r.end - 1) / (512 * GIB) - r.start / (512 * GIB) + 1)
			       : 0;
}

static size_t tables_max(const struct planner *p, const struct range *more, size_t n_more)
{
	/* two roots; two tables for the first 2 MiB; four for the tables themselves, which may
	 * cross a border */
	size_t n = 2 + 2 + 4;

	for (size_t i = 0; i < p->n_segments; i++)
		n += tables_for(p->segments[i].segment.dest);
	for (size_t i = 0; i < n_more; i++)
		n += tables_for(more[i]);
	return n;
}

int add_identity_map(struct planner *p, const struct range *more, size_t n_more, uint64_t *ret_root)
{
	const size_t max = tables_max(p, more, n_more);
	const struct place place = {
		.what = "page tables",
		.size = max * PAGE_SIZE,
		.bounds = { 0, GIB4 }, /* where CR3 can be loaded from any mode */
	};
	struct tables t = { .n = 2 };
	struct range dest;
	int r = planner_find(p, &place, &dest);

	if (r < 0)
		return r;
	t.base = dest.start;
	t.p = planner_alloc(p, max * PAGE_SIZE);
	if (!t.p)
		return planner_out_of_memory(p);
	put_le64(entry_at(&t, 1, 0), t.base | TABLE_FLAGS);
	map(&t, (struct range){ 0, LARGE_PAGE }); /* for the VGA text screen */
	map(&t, dest);
	for (size_t i = 0; i < p->n_segments; i++)
		map(&t, p->segments[i].segment.dest);
	for (size_t i = 0; i < n_more; i++)
		map(&t, more[i]);
	dest.end = dest.start + t.n * PAGE_SIZE;
	r = planner_add(p, "page tables", (struct bytes){ t.p, t.n * PAGE_SIZE }, dest,
			t.n * PAGE_SIZE);
	if (r < 0)
		return r;
	*ret_root = dest.start;
	return 0;
}
