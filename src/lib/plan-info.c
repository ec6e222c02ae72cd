// SPDX-License-Identifier: LGPL-2.1-or-later
/* kx_plan_info() and kx_plan_segment(): describes a finished plan. */

#include <errno.h>
#include <string.h>

#include "base/mix.h"
#include "lib/arch.h"

/* Rungs, the fastest first. */
static const char *const rungs[] = { "zero-copy", "copy", "bzImage" };

static const char *rung(const struct kx_plan *plan, const char **ret_why)
{
	if (plan->way != KX_WAY_SEGMENTS) {
		*ret_why = plan->reason;
		return "kexec_file_load";
	}
	*ret_why = plan->plan.rung_reason;
	if (plan->not_in_place)
		*ret_why = plan->not_in_place;
	else if (plan->plan.may_be_in_place) {
		*ret_why = "if huge pages can be had when it is loaded, else with a copy";
		return "zero-copy";
	}
	return plan->plan.rung;
}

static size_t n_passed(const char *name)
{
	const char *taken = strcmp(name, "plain") == 0 ? "bzImage" : name;
	size_t n = 0;

	while (n < sizeof(rungs) / sizeof(rungs[0]) && strcmp(rungs[n], taken) != 0)
		n++;
	return n;
}

/* A reason against one rung is also one against the faster ones, which depend on it: without
 * kexec_load(2) none of the three is possible, without an unpacked kernel neither of the first
 * two. */
KX_EXPORT int kx_plan_passed(const struct kx_plan *plan, size_t i, struct kx_rung *ret)
{
	const char *why, *const name = rung(plan, &why);

	if (i >= n_passed(name))
		return -ERANGE;
	return sized_out(ret,
			 &(struct kx_rung){ .name = rungs[i],
					    .why_not = plan->why_file ? plan->why_file : why },
			 sizeof(*ret));
}

/* With its length, so that bytes that move from the end of one file to the start of the next are told. */
static uint64_t mix_file(uint64_t hash, struct bytes b)
{
	const uint64_t n = b.n;

	return mix(mix(hash, &n, sizeof(n)), b.p, b.n);
}

void plan_take_contents(struct kx_plan *plan)
{
	plan->contents = mix_file(MIX_NONE, plan->image->contents);
	plan->contents = mix_file(plan->contents, plan->initrd.bytes);
	plan->has_contents = true;
}

KX_EXPORT int kx_plan_contents(struct kx_plan *plan, uint64_t *ret_contents)
{
	if (!plan->has_contents) {
		if (plan->way != KX_WAY_SEGMENTS || !plan->is_open)
			return -ENODATA;
		plan_take_contents(plan);
	}
	*ret_contents = plan->contents;
	return 0;
}

KX_EXPORT int kx_plan_info(const struct kx_plan *plan, struct kx_plan_info *info)
{
	const bool segments = plan->way == KX_WAY_SEGMENTS;
	const struct image *image = &plan->image->image;
	const char *why, *const name = rung(plan, &why);
	const struct kx_plan_info found = {
		.way = plan->way,
		.reason = plan->reason,
		.architecture = arch_name(plan->image->arch->id),
		.type = image->name,
		.cmdline = segments && plan->plan.cmdline ? plan->plan.cmdline : plan->cmdline,
		.entry = plan->plan.entry,
		.kernel_entry = plan->plan.kernel_entry,
		.syscall_flags = plan->syscall_flags,
		.n_segments = plan->plan.n_segments,
		.n_memory = plan->plan.memory.n,
		.n_warnings = plan->n_warnings + plan->plan.n_warnings,
		.kernel_size = plan->image->kernel.n,
		.initrd_size = plan->initrd.bytes.n,
		.initrd_damage = plan->initrd_damage,
		.diet = plan->diet,
		.is_diet = plan->is_diet,
		.rung = name,
		.rung_reason = why,
		.n_passed = n_passed(name),
		.is_open = plan->is_open,
		.is_unpacked = plan->is_unpacked,
	};

	return sized_out(info, &found, sizeof(found));
}

static bool is_secret(const struct kx_plan *plan, const struct segment *s)
{
	bool secret = plan->initrd.is_secret && s->data.p == plan->initrd.bytes.p;

	for (size_t i = 0; !secret && i < plan->n_modules; i++)
		secret = plan->modules[i].is_secret && s->data.p == plan->modules[i].bytes.p;
	return secret && s->data.p;
}

KX_EXPORT int kx_plan_segment(const struct kx_plan *plan, size_t i, struct kx_segment *segment)
{
	const struct segment *s = &plan->plan.segments[i];

	if (i >= plan->plan.n_segments)
		return -ERANGE;
	return sized_out(segment,
			 &(struct kx_segment){ .name = s->name,
					       .data = s->data.p,
					       .data_size = s->data.n,
					       .start = s->dest.start,
					       .end = s->dest.end,
					       .digested = s->digested,
					       .secret = is_secret(plan, s) },
			 sizeof(*segment));
}

KX_EXPORT int kx_plan_memory(const struct kx_plan *plan, size_t i, struct kx_memory *memory)
{
	const struct memory_range *m = &plan->plan.memory.v[i];
	struct kx_memory found;

	if (i >= plan->plan.memory.n)
		return -ERANGE;
	found = (struct kx_memory){ .start = m->range.start,
				    .end = m->range.end,
				    .type = memory_type_name(m->type) };
	plan->image->arch->memory_describe(m->type, &found);
	return sized_out(memory, &found, sizeof(*memory));
}

void plan_log(struct kx_ctx *ctx, const struct kx_plan *plan)
{
	const struct memmap *memory = &plan->plan.memory;

	ctx_log(ctx, KX_LOG_DEBUG, "MEMORY RANGES");
	for (size_t i = 0; i < memory->n; i++)
		ctx_log(ctx, KX_LOG_DEBUG, "%016llx-%016llx (%s)",
			(unsigned long long)memory->v[i].range.start,
			(unsigned long long)memory->v[i].range.end - 1,
			memory_type_name(memory->v[i].type));
	ctx_log(ctx, KX_LOG_DEBUG, "kexec_load: entry = %#llx flags = %#llx",
		(unsigned long long)plan->plan.entry, (unsigned long long)plan->syscall_flags);
	for (size_t i = 0; i < plan->plan.n_segments; i++) {
		const struct segment *s = &plan->plan.segments[i];

		ctx_log(ctx, KX_LOG_DEBUG, "segment[%zu] %s: %#llx bytes at %#llx-%#llx", i,
			s->name, (unsigned long long)s->data.n, (unsigned long long)s->dest.start,
			(unsigned long long)s->dest.end - 1);
	}
	for (size_t i = 0; i < plan->plan.n_in_place; i++) {
		const struct segment *s = &plan->plan.in_place[i];

		ctx_log(ctx, KX_LOG_DEBUG, "in place %s: %#llx bytes at %#llx-%#llx", s->name,
			(unsigned long long)s->data.n, (unsigned long long)s->dest.start,
			(unsigned long long)s->dest.end - 1);
	}
}

KX_EXPORT const char *kx_plan_warning(const struct kx_plan *plan, size_t i)
{
	if (i < plan->n_warnings)
		return plan->warnings[i];
	i -= plan->n_warnings;
	return i < plan->plan.n_warnings ? plan->plan.warnings[i] : NULL;
}
