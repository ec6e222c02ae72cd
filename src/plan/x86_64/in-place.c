// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans a direct entry with kernel and initial ramdisk built in place. */

#include "plan/runs.h"
#include "plan/x86_64/x86_64.h"

int plan_direct_in_place(struct planner *p)
{
	const struct windows *windows = p->windows;
	const struct plan_kernel *kernel = &p->copied->kernel;
	struct handover handover = {
		.end = GIB4,
		.mode = PURGATORY_ENTER_64BIT,
		.entry = windows->kernel.start + kernel->entry,
	};
	struct linux_params params;
	int r = planner_add_window(p, "kernel", without_zeros_behind(kernel->image),
				   windows->kernel);

	if (r == 0 && p->req->initrd.n)
		r = planner_add_window(p, "initrd", p->req->initrd, windows->initrd);
	if (r == 0)
		r = add_direct_params(p, kernel->is_randomised, &params);
	if (r < 0)
		return r;
	p->plan->kernel = *kernel;
	handover.argument = params.boot_params;
	handover.stamps = params.stamps;
	r = planner_add_purgatory(p, &handover);
	return r < 0 ? r : planner_rung_in_place(p);
}
