// SPDX-License-Identifier: LGPL-2.1-or-later
/* Room for segments, the list of them, memory that belongs to the plan, warnings. */

#include "plan/planner.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* The first MiB holds BIOS data, start-up code of the processors, and firmware's scratch space. */
#define LOWEST MIB

int planner_out_of_memory(struct planner *p)
{
	return kx_fail(p->err, -ENOMEM, "out of memory");
}

static struct range bounds_of(const struct planner *p, struct range wanted)
{
	struct range b = p->req->bounds;

	if (b.end == 0)
		b.end = UINT64_MAX;
	if (b.start < wanted.start)
		b.start = wanted.start;
	if (b.end > wanted.end)
		b.end = wanted.end;
	return b;
}

int planner_find(struct planner *p, const struct place *place, struct range *ret)
{
	struct hole_request hole = {
		.align = place->align > PAGE_SIZE ? place->align : PAGE_SIZE,
		.bounds = bounds_of(p, place->bounds),
		.taken = &p->taken,
		.top_down = true,
	};
	int r = -ENOSPC;

	if (hole.bounds.start < LOWEST)
		hole.bounds.start = LOWEST;
	if (place->size <= UINT64_MAX / 2) {
		hole.size = round_up(place->size ? place->size : 1, PAGE_SIZE);
		r = memmap_find_hole(&p->plan->memory, &hole, ret);
	}
	if (r < 0)
		return kx_fail(p->err, r,
			       "no free RAM for the %s: %llu KiB, aligned to %#llx, between %#llx "
			       "and %#llx",
			       place->what, (unsigned long long)place->size >> 10,
			       (unsigned long long)hole.align,
			       (unsigned long long)hole.bounds.start,
			       (unsigned long long)hole.bounds.end);
	return 0;
}

bool planner_is_free(const struct planner *p, struct range range)
{
	const struct hole_request hole = {
		.size = range_size(range),
		.align = PAGE_SIZE,
		.bounds = bounds_of(p, range),
		.taken = &p->taken,
	};
	struct range found;

	return range.start < range.end && memmap_find_hole(&p->plan->memory, &hole, &found) == 0;
}

int planner_add(struct planner *p, const char *name, struct bytes data, struct range dest,
		size_t n_checked)
{
	bool digested = n_checked && !(p->req->flags & KX_REQ_NO_DIGEST);

	assert(dest.start % PAGE_SIZE == 0 && dest.end % PAGE_SIZE == 0);
	assert(data.n <= range_size(dest) && n_checked <= data.n);
	if (p->n_segments == p->segments_max) {
		size_t max = p->segments_max ? 2 * p->segments_max : 32;
		void *v = reallocarray(p->segments, max, sizeof(*p->segments));

		if (!v)
			return planner_out_of_memory(p);
		p->segments = v;
		p->segments_max = max;
	}
	if (ranges_add(&p->taken, dest) < 0)
		return planner_out_of_memory(p);
	p->segments[p->n_segments++] = (struct planned_segment){
		.segment = { .name = name, .data = data, .dest = dest, .digested = digested },
		.n_checked = n_checked,
	};
	return 0;
}

uint8_t *planner_alloc(struct planner *p, size_t n)
{
	struct plan *plan = p->plan;
	uint8_t **store = reallocarray(plan->store, plan->n_store + 1, sizeof(*store));

	if (!store)
		return NULL;
	plan->store = store;
	store[plan->n_store] = calloc(1, n ? n : 1);
	if (!store[plan->n_store])
		return NULL;
	return store[plan->n_store++];
}

int planner_warn(struct planner *p, const char *fmt, ...)
{
	struct plan *plan = p->plan;
	char **warnings = reallocarray(plan->warnings, plan->n_warnings + 1, sizeof(*warnings));
	va_list ap;
	int n;

	if (!warnings)
		return planner_out_of_memory(p);
	plan->warnings = warnings;
	va_start(ap, fmt);
	n = vasprintf(&warnings[plan->n_warnings], fmt, ap);
	va_end(ap);
	if (n < 0)
		return planner_out_of_memory(p);
	plan->n_warnings++;
	return 0;
}
