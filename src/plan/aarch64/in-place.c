// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans an Image that lies where it will run, as its initial ramdisk does. */

#include "plan/aarch64/aarch64.h"
#include "plan/runs.h"

/* Is all RAM within one window, so that huge pages are, wherever they lie? */
static bool fits_window(const struct planner *p)
{
	const struct memmap *memory = &p->plan->memory;
	uint64_t start = UINT64_MAX, end = 0;

	for (size_t i = 0; i < memory->n; i++) {
		if (memory->v[i].type != MEMORY_RAM)
			continue;
		if (memory->v[i].range.start < start)
			start = memory->v[i].range.start;
		if (memory->v[i].range.end > end)
			end = memory->v[i].range.end;
	}
	return start < end && end - round_down(start, GIB) <= WINDOW;
}

const char *image_in_place_obstacle(const struct planner *p)
{
	if (p->req->flags & KX_REQ_HAS_ENTRY)
		return "another entry point was asked for";
	if (p->req->image->aarch64.text_offset)
		return "the kernel does not begin at a multiple of 2 MiB";
	if (!fits_window(p))
		return "memory spans more than the 32 GiB in which kernel and initial ramdisk have to lie";
	return planner_in_place_obstacle(p);
}

int plan_image_in_place(struct planner *p)
{
	const struct windows *windows = p->windows;
	const struct plan_kernel *kernel = &p->copied->kernel;
	int r = planner_add_window(p, "kernel", without_zeros_behind(kernel->image),
				   windows->kernel);

	if (r == 0 && p->req->initrd.n)
		r = planner_add_window(p, "initrd", p->req->initrd, windows->initrd);
	if (r == 0)
		r = add_rest(p, windows->kernel, windows->initrd);
	if (r < 0)
		return r;
	p->plan->kernel = *kernel;
	return planner_rung_in_place(p);
}
