// SPDX-License-Identifier: LGPL-2.1-or-later
/* Functions for planners: free memory for segments, the list of segments, buffers owned by the
 * plan, warnings. */

#include "plan/planner.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"

/* The first MiB holds BIOS data, start-up code of the processors, and firmware's scratch space. */
#define LOWEST MIB

int planner_out_of_memory(struct planner *p)
{
	return kx_fail(p->err, -ENOMEM, "out of memory");
}

static struct range bounds_of(const struct planner *p, struct range wanted)
{
	struct range b = p->bounds;

	if (b.start < wanted.start)
		b.start = wanted.start;
	if (b.end > wanted.end)
		b.end = wanted.end;
	return b;
}

int planner_find(struct planner *p, const struct place *place, struct range *ret)
{
	struct hole_request hole = {
		.align = place->align > p->arch->page ? place->align : p->arch->page,
		.bounds = bounds_of(p, place->bounds),
		.taken = &p->taken,
		.top_down = true,
	};
	int r = -ENOSPC;

	if (hole.bounds.start < LOWEST)
		hole.bounds.start = LOWEST;
	if (place->size <= UINT64_MAX / 2) {
		hole.size = round_up(place->size ? place->size : 1, p->arch->page);
		r = memmap_find_hole(&p->plan->memory, &hole, ret);
	}
	if (r < 0)
		return kx_fail_room(
			p->err,
			kx_fail(p->err, r,
				"no free RAM for the %s: %llu KiB, aligned to %#llx, between "
				"%#llx and %#llx",
				place->what, (unsigned long long)place->size >> 10,
				(unsigned long long)hole.align,
				(unsigned long long)hole.bounds.start,
				(unsigned long long)hole.bounds.end),
			place->size);
	return 0;
}

uint64_t planner_scale(uint64_t random, uint64_t n)
{
	return (uint64_t)((unsigned __int128)random * n >> 64);
}

/* End (exclusive) of the start addresses that @hole can have in the range of free RAM that it
 * begins. */
static uint64_t free_until(const struct planner *p, struct range bounds, struct range hole)
{
	const struct memmap *memory = &p->plan->memory;
	uint64_t end = bounds.end;

	for (size_t i = 0; i < memory->n; i++)
		if (range_contains(memory->v[i].range, hole) && memory->v[i].range.end < end)
			end = memory->v[i].range.end;
	for (size_t i = 0; i < p->taken.n; i++)
		if (p->taken.v[i].start >= hole.end && p->taken.v[i].start < end)
			end = p->taken.v[i].start;
	return end - range_size(hole) + 1;
}

/* Goes through ranges of possible start addresses up to the one that has number *@n; subtracts
 * the size of the others from *@n. */
static bool walk_places(const struct planner *p, struct hole_request hole, uint64_t *n,
			struct range *ret)
{
	while (memmap_find_hole(&p->plan->memory, &hole, ret) == 0) {
		const uint64_t end = free_until(p, hole.bounds, *ret);
		const uint64_t here = (end - ret->start + hole.align - 1) / hole.align;

		if (*n < here) {
			ret->start += *n * hole.align;
			ret->end += *n * hole.align;
			return true;
		}
		*n -= here;
		hole.bounds.start = ret->start + here * hole.align;
	}
	return false;
}

int planner_find_random(struct planner *p, const struct place *place, uint64_t random,
			struct range *ret)
{
	struct hole_request hole = {
		.align = place->align > p->arch->page ? place->align : p->arch->page,
		.bounds = bounds_of(p, place->bounds),
		.taken = &p->taken,
	};
	struct range found;
	uint64_t left = UINT64_MAX;
	int r = planner_find(p, place, &found); /* when there is none: sets the error */

	if (r < 0)
		return r;
	if (hole.bounds.start < LOWEST)
		hole.bounds.start = LOWEST;
	hole.size = range_size(found);
	(void)walk_places(p, hole, &left, &found);
	left = planner_scale(random, UINT64_MAX - left);
	if (!walk_places(p, hole, &left, &found))
		return kx_fail_room(p->err,
				    kx_fail(p->err, -ENOSPC, "no free RAM for the %s", place->what),
				    place->size);
	*ret = found;
	return 0;
}

bool planner_is_free(const struct planner *p, struct range range)
{
	const struct hole_request hole = {
		.size = range_size(range),
		.align = p->arch->page,
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

	assert(dest.start % p->arch->page == 0 && dest.end % p->arch->page == 0);
	assert(data.n <= range_size(dest) && n_checked <= data.n);
	if (array_room(&p->segments, p->n_segments, &p->segments_max, sizeof(*p->segments)) < 0 ||
	    ranges_add(&p->taken, dest) < 0)
		return planner_out_of_memory(p);
	p->segments[p->n_segments++] = (struct planned_segment){
		.segment = { .name = name, .data = data, .dest = dest, .digested = digested },
		.n_checked = n_checked,
	};
	return 0;
}

int planner_add_in_place(struct planner *p, const char *name, struct bytes data, struct range dest)
{
	int r = planner_add(p, name, data, dest, data.n);

	if (r == 0)
		p->segments[p->n_segments - 1].in_place = true;
	return r;
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

int planner_rung(struct planner *p, const char *rung, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (p->plan->rung)
		return 0;
	va_start(ap, fmt);
	n = vasprintf(&p->plan->rung_reason, fmt, ap);
	va_end(ap);
	if (n < 0) {
		p->plan->rung_reason = NULL;
		return planner_out_of_memory(p);
	}
	p->plan->rung = rung;
	return 0;
}

bool planner_has_word(const struct planner *p, const char *name)
{
	const char *cmdline = p->plan->cmdline;
	const size_t n = strlen(name);

	for (const char *s = cmdline; (s = strstr(s, name)); s += n)
		if ((s == cmdline || s[-1] == ' ') && (!s[n] || s[n] == ' ' || s[n] == '='))
			return true;
	return false;
}
