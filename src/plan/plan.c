// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes a plan from a request and a machine: the parts that are the same for every architecture. The
 * machine says whose planner does the rest. */

#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plan/planner.h"

static const struct {
	uint64_t flag;
	int code;
	const char *why;
} refused[] = {
	{ KX_REQ_REAL_MODE, -EOPNOTSUPP,
	  "the 16-bit entry is not supported: real-mode code cannot run after this kernel" },
	{ KX_REQ_PRESERVE_CONTEXT, -EOPNOTSUPP,
	  "coming back from the next kernel (kexec jump) is not supported" },
};

static int check_request(const struct plan_request *req, struct kx_error *err)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (req->flags & refused[i].flag)
			return kx_fail_flags(err,
					     kx_fail(err, refused[i].code, "%s", refused[i].why),
					     refused[i].flag);
	if (req->bounds.end && req->bounds.start >= req->bounds.end)
		return kx_fail_range(
			err,
			kx_fail(err, -EINVAL,
				"no memory between the lowest address %#llx and the end %#llx",
				(unsigned long long)req->bounds.start,
				(unsigned long long)req->bounds.end),
			req->bounds.start, req->bounds.end);
	return 0;
}

/* Writes the memory map that the next kernel gets. */
static int declare_memory(struct planner *p)
{
	const struct memmap *memory = &p->machine->memory;
	const struct ranges *keep_off = &p->machine->keep_off;

	for (size_t i = 0; i < memory->n; i++)
		if (memory_is_declared(memory->v[i].type) &&
		    memmap_add(&p->plan->memory, memory->v[i].range, memory->v[i].type) < 0)
			return planner_out_of_memory(p);
	for (size_t i = 0; i < keep_off->n; i++)
		if (ranges_add(&p->plan->keep_off, keep_off->v[i]) < 0)
			return planner_out_of_memory(p);
	if (p->arch->excluded && p->arch->excluded(p->plan->cmdline, &p->plan->keep_off) == -ENOMEM)
		return planner_out_of_memory(p);
	keep_off = &p->plan->keep_off;
	for (size_t i = 0; i < keep_off->n; i++)
		if (ranges_add(&p->taken, keep_off->v[i]) < 0)
			return planner_out_of_memory(p);
	return 0;
}

/* Lists segments for a message, "kernel, 3 module, purgatory": neighbours of one name are
 * counted, since there may be dozens. */
static void list_segments(const struct planner *p, char *buf, size_t n)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0, run; i < p->n_segments && used < n; i += run) {
		const char *name = p->segments[i].segment.name;

		for (run = 1; i + run < p->n_segments; run++)
			if (strcmp(p->segments[i + run].segment.name, name))
				break;
		used += (size_t)snprintf(buf + used, n - used, run > 1 ? "%s%zu %s" : "%s%.0zu%s",
					 i ? ", " : "", run > 1 ? run : 0, name);
	}
}

/* kernel/kexec_core.c, sanity_check_segment_list(): no more than half of RAM, else -EINVAL. The
 * kernel counts only RAM that it manages, which is never more than what is counted here. */
static int check_total(const struct planner *p)
{
	const struct memmap *memory = &p->machine->memory;
	uint64_t ram = 0, total = 0;

	for (size_t i = 0; i < memory->n; i++)
		if (memory->v[i].type == MEMORY_RAM)
			ram += range_size(memory->v[i].range);
	for (size_t i = 0; i < p->n_segments; i++)
		if (!p->segments[i].in_place)
			total += range_size(p->segments[i].segment.dest);
	if (total <= ram / 2)
		return 0;
	return kx_fail_room(p->err,
			    kx_fail(p->err, -ENOSPC,
				    "kernel, initrd and what goes with them need %llu MiB; "
				    "kexec_load takes at most half of RAM, which is %llu MiB here",
				    (unsigned long long)(total >> 20),
				    (unsigned long long)(ram >> 21)),
			    total);
}

static int finish(struct planner *p)
{
	struct plan *plan = p->plan;
	size_t n_copied = 0;
	int r;

	for (size_t i = 0; i < p->n_segments; i++)
		n_copied += !p->segments[i].in_place;
	if (n_copied > PLAN_SEGMENTS_MAX) {
		char list[256];

		list_segments(p, list, sizeof(list));
		return kx_fail(p->err, -E2BIG, "the kernel takes %d segments, this needs %zu: %s",
			       PLAN_SEGMENTS_MAX, n_copied, list);
	}
	r = check_total(p);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n_segments; i++)
		if (p->segments[i].in_place)
			plan->in_place[plan->n_in_place++] = p->segments[i].segment;
		else
			plan->segments[plan->n_segments++] = p->segments[i].segment;
	return 0;
}

static int make(struct planner *p)
{
	int r;

	p->arch = p->machine->planner;
	if (!p->arch->make)
		return kx_fail(p->err, -EOPNOTSUPP, "placing segments is not supported on %s",
			       arch_name(p->arch->arch));
	if (!p->arch->purgatory->n)
		return kx_fail(
			p->err, -EOPNOTSUPP,
			"this program was built without a compiler for %s and has no code to run "
			"between its kernels, so it cannot place segments there; use "
			"kexec_file_load (-s), or a program that was built for %s",
			arch_name(p->arch->arch), arch_name(p->arch->arch));
	r = check_request(p->req, p->err);
	if (r < 0)
		return r;
	p->bounds = p->req->bounds;
	if (!p->bounds.end)
		p->bounds.end = UINT64_MAX;
	p->plan->cmdline = strdup(p->req->cmdline);
	if (!p->plan->cmdline)
		return planner_out_of_memory(p);
	r = planner_is_crash(p) ? planner_begin_crash(p) : declare_memory(p);
	if (r < 0)
		return r;
	r = p->arch->make(p);
	if (r < 0)
		return r;
	r = planner_rung(p, "plain", "images of type %s are loaded as they are",
			 p->req->image->name);
	if (r < 0)
		return r;
	return finish(p);
}

static int make_into(struct planner *p, struct plan *ret)
{
	struct plan plan = { 0 };
	int r;

	p->plan = &plan;
	r = make(p);
	free(p->segments);
	ranges_done(&p->taken);
	if (r < 0) {
		plan_done(&plan);
		return r;
	}
	*ret = plan;
	return 0;
}

int plan_make(const struct machine *machine, const struct plan_request *req, struct plan *ret,
	      struct kx_error *err)
{
	struct planner p = { .machine = machine, .req = req, .err = err };

	return make_into(&p, ret);
}

int plan_in_place(const struct machine *machine, const struct plan_request *req,
		  const struct plan *plan, const struct windows *windows, struct plan *ret,
		  struct kx_error *err)
{
	struct planner p = {
		.machine = machine, .req = req, .copied = plan, .windows = windows, .err = err
	};

	return make_into(&p, ret);
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_store; i++)
		free(plan->store[i]);
	free(plan->store);
	for (size_t i = 0; i < plan->n_warnings; i++)
		free(plan->warnings[i]);
	free(plan->warnings);
	free(plan->cmdline);
	free(plan->rung_reason);
	memmap_done(&plan->memory);
	ranges_done(&plan->keep_off);
	*plan = (struct plan){ 0 };
}
