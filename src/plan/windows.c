// SPDX-License-Identifier: LGPL-2.1-or-later
/* Chooses, among huge pages that the page allocator gave at any address, a window (range of
 * addresses) for the kernel and one for the initial ramdisk. */

#include "plan/windows.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"

/* A possible window. Only those are looked at that begin or end with a page that is there:
 * moving any other one by a page does not make it miss more pages. */
struct candidate {
	uint64_t start;
	size_t missing, runs; /* missing pages, and runs of such */
};

struct candidates {
	struct candidate *v;
	size_t n;
	uint64_t size; /* of each, in bytes */
};

static uint64_t end_of(const struct candidates *set, const struct candidate *c)
{
	return c->start + set->size;
}

static bool is_frame(const struct windows_request *req, uint64_t address)
{
	size_t low = 0, high = req->n_frames;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (req->frames[middle] == address)
			return true;
		if (req->frames[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool touches(const struct ranges *set, struct range range)
{
	for (size_t i = 0; set && i < set->n; i++)
		if (range_overlaps(set->v[i], range))
			return true;
	return false;
}

static bool is_allowed(const struct windows_request *req, struct range window)
{
	bool in_ram = false;

	for (size_t i = 0; i < req->memory->n && !in_ram; i++)
		in_ram = req->memory->v[i].type == MEMORY_RAM &&
			 range_contains(req->memory->v[i].range, window);
	return in_ram && range_contains(req->bounds, window) && !touches(req->taken, window);
}

/* Counts missing pages; false when one of them cannot be filled by a segment. */
static bool count_holes(const struct windows_request *req, struct range window,
			struct candidate *ret)
{
	bool in_hole = false;

	*ret = (struct candidate){ .start = window.start };
	for (uint64_t at = window.start; at < window.end; at += req->page) {
		const bool is_hole = !is_frame(req, at);

		if (is_hole && touches(req->not_holes, (struct range){ at, at + req->page }))
			return false;
		ret->missing += is_hole;
		ret->runs += is_hole && !in_hole;
		in_hole = is_hole;
	}
	return ret->runs <= req->holes_max;
}

static void add_candidate(const struct windows_request *req, struct candidates *set, uint64_t start)
{
	const struct range window = { start, start + set->size };

	if (window.start < window.end && is_allowed(req, window) &&
	    count_holes(req, window, &set->v[set->n]))
		set->n++;
}

/* Those that begin with a page, then those that end with one and do not begin with one. */
static int find_candidates(const struct windows_request *req, size_t n_pages,
			   struct candidates *ret)
{
	*ret = (struct candidates){ .size = n_pages * req->page };
	ret->v = calloc(2 * req->n_frames + 1, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < req->n_frames; i++)
		add_candidate(req, ret, req->frames[i]);
	for (size_t i = 0; i < req->n_frames; i++) {
		const uint64_t end = req->frames[i] + req->page;

		if (end >= ret->size && !is_frame(req, end - ret->size))
			add_candidate(req, ret, end - ret->size);
	}
	return 0;
}

/* Finds the @nth window of @set without a hole that does not overlap @other (NULL: any); returns
 * their number when there are fewer. */
static size_t pick_whole(const struct candidates *set, const struct range *other, size_t nth,
			 const struct candidate **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct candidate *c = &set->v[i];
		const struct range window = { c->start, end_of(set, c) };

		if (c->missing || (other && range_overlaps(*other, window)))
			continue;
		if (n++ == nth) {
			*ret = c;
			break;
		}
	}
	return n;
}

static size_t scale(uint64_t random, size_t n)
{
	return (size_t)((unsigned __int128)random * n >> 64);
}

/* Is there a window of @set without a hole that does not overlap @kernel? */
static bool leaves_room(const struct candidates *set, struct range kernel)
{
	const struct candidate *c;

	return !set->size || pick_whole(set, &kernel, 0, &c) > 0;
}

static bool choose_whole(const struct windows_request *req, const struct candidates *kernel,
			 const struct candidates *initrd, struct windows *ret)
{
	const struct candidate *c = NULL;
	size_t n = 0, nth;

	for (size_t pass = 0; pass < 2; pass++) { /* first count, then pick */
		nth = pass ? scale(req->random[0], n) : SIZE_MAX;
		n = 0;
		for (size_t i = 0; i < kernel->n; i++) {
			const struct candidate *k = &kernel->v[i];

			ret->kernel = (struct range){ k->start, end_of(kernel, k) };
			if (!k->missing && leaves_room(initrd, ret->kernel) && n++ == nth)
				break;
		}
		if (!n)
			return false;
	}
	ret->initrd = (struct range){ 0 };
	if (!initrd->size)
		return true;
	n = pick_whole(initrd, &ret->kernel, SIZE_MAX, &c);
	(void)pick_whole(initrd, &ret->kernel, scale(req->random[1], n), &c);
	if (!c)
		return false;
	ret->initrd = (struct range){ c->start, end_of(initrd, c) };
	return true;
}

static bool choose_holed(const struct windows_request *req, const struct candidates *kernel,
			 const struct candidates *initrd, struct windows *ret)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < kernel->n; i++) {
		const struct candidate *k = &kernel->v[i];
		const struct range at = { k->start, end_of(kernel, k) };

		if (!initrd->size && k->missing < best) {
			best = k->missing;
			ret->kernel = at;
			ret->initrd = (struct range){ 0 };
		}
		for (size_t j = 0; j < initrd->n; j++) {
			const struct candidate *c = &initrd->v[j];
			const struct range beside = { c->start, end_of(initrd, c) };

			if (k->runs + c->runs > req->holes_max || k->missing + c->missing >= best ||
			    range_overlaps(at, beside))
				continue;
			best = k->missing + c->missing;
			ret->kernel = at;
			ret->initrd = beside;
		}
	}
	return best < req->n_kernel + req->n_initrd;
}

static void list_holes(const struct windows_request *req, struct range window, struct windows *ret)
{
	struct range *last = NULL;

	for (uint64_t at = window.start; at < window.end; at += req->page) {
		if (is_frame(req, at)) {
			last = NULL;
			continue;
		}
		if (last) {
			last->end += req->page;
		} else {
			last = &ret->holes[ret->n_holes++];
			*last = (struct range){ at, at + req->page };
		}
		ret->hole_bytes += req->page;
	}
}

int windows_choose(const struct windows_request *req, struct windows *ret, struct kx_error *err)
{
	struct candidates kernel, initrd = { 0 };
	struct windows windows = { 0 };
	int r = find_candidates(req, req->n_kernel, &kernel);

	assert(req->n_kernel && req->holes_max <= WINDOW_HOLES_MAX);
	if (r == 0 && req->n_initrd)
		r = find_candidates(req, req->n_initrd, &initrd);
	if (r < 0)
		r = kx_fail(err, r, "out of memory");
	else if (!choose_whole(req, &kernel, &initrd, &windows) &&
		 !choose_holed(req, &kernel, &initrd, &windows))
		r = kx_fail(err, -ENOSPC,
			    "of %zu pages of %llu MiB too few lie side by side for a kernel of %zu "
			    "and an initial ramdisk of %zu",
			    req->n_frames, (unsigned long long)req->page >> 20, req->n_kernel,
			    req->n_initrd);
	free(kernel.v);
	free(initrd.v);
	if (r < 0)
		return r;
	list_holes(req, windows.kernel, &windows);
	list_holes(req, windows.initrd, &windows);
	*ret = windows;
	return 0;
}
