// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Plans with kernel and initial ramdisk built in place, at the addresses where they will run: what the
 * planners of all architectures have in common. Segments are left for what the kernel is told, the
 * purgatory, and holes between the pages that were allocated.
 */

#include "plan/planner.h"

#include <string.h>

/* Does the command line have crashkernel=SIZE@OFFSET? The next kernel reserves that place before
 * anything else. */
static bool has_fixed_crash_region(const struct planner *p)
{
	const char *line = p->plan->cmdline;

	for (const char *s = line; (s = strstr(s, "crashkernel=")); s++)
		if ((s == line || s[-1] == ' ') && memchr(s, '@', strcspn(s, " ")))
			return true;
	return false;
}

const char *planner_in_place_obstacle(const struct planner *p)
{
	const struct range bounds = p->req->bounds;

	if (bounds.start || (bounds.end && bounds.end < UINT64_MAX))
		return "bounds for addresses were given";
	if (has_fixed_crash_region(p))
		return "crashkernel= asks for a fixed place, which might be the one got";
	return NULL;
}

/* The part of @data, which lies at @window, that is in @hole; there are zeros behind its end. */
static struct bytes slice(struct bytes data, struct range window, struct range hole)
{
	const uint64_t from = hole.start - window.start, n = range_size(hole);

	if (from >= data.n)
		return (struct bytes){ data.p, 0 };
	return (struct bytes){ data.p + from,
			       data.n - from < n ? data.n - (size_t)from : (size_t)n };
}

/* Holes need no digest of their own: the purgatory checks the window as a whole. */
int planner_add_window(struct planner *p, const char *name, struct bytes data, struct range window)
{
	const struct windows *windows = p->windows;
	int r = planner_add_in_place(p, name, data, window);

	for (size_t i = 0; r == 0 && i < windows->n_holes; i++)
		if (range_contains(window, windows->holes[i]))
			r = planner_add(p, name, slice(data, window, windows->holes[i]),
					windows->holes[i], 0);
	return r;
}

int planner_rung_in_place(struct planner *p)
{
	const struct windows *windows = p->windows;

	if (windows->n_holes)
		return planner_rung(p, "zero-copy",
				    "%llu MiB are copied all the same, into %zu gaps in the memory "
				    "got",
				    (unsigned long long)(windows->hole_bytes >> 20),
				    windows->n_holes);
	return planner_rung(p, "zero-copy", "kernel and initrd lie where they will run");
}
