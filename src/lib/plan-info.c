// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a finished plan says of itself. */

#include <errno.h>

#include "lib/internal.h"

KX_EXPORT int kx_plan_info(const struct kx_plan *plan, struct kx_plan_info *info)
{
	const bool segments = plan->way == KX_WAY_SEGMENTS;
	const struct image *image = &plan->image->image;
	const struct kx_plan_info found = {
		.way = plan->way,
		.reason = plan->reason,
		.architecture = "x86_64",
		.type = image->name,
		.cmdline = segments && plan->plan.cmdline ? plan->plan.cmdline : plan->cmdline,
		.entry = plan->plan.entry,
		.kernel_entry = plan->plan.kernel_entry,
		.syscall_flags = plan->syscall_flags,
		.n_segments = plan->plan.n_segments,
		.n_memory = plan->plan.memory.n,
		.n_warnings = plan->n_warnings + plan->plan.n_warnings,
		.kernel_size = image->is_uki ? image->uki.linux_image.n : plan->image->contents.n,
		.initrd_size = plan->initrd.bytes.n,
		.rung = segments ? plan->plan.rung : "kexec_file_load",
		.rung_reason = segments ? plan->plan.rung_reason : plan->reason,
	};

	return sized_out(info, &found, sizeof(found));
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
					       .digested = s->digested },
			 sizeof(*segment));
}

KX_EXPORT int kx_plan_memory(const struct kx_plan *plan, size_t i, struct kx_memory *memory)
{
	const struct memory_range *m = &plan->plan.memory.v[i];

	if (i >= plan->plan.memory.n)
		return -ERANGE;
	return sized_out(memory,
			 &(struct kx_memory){ .start = m->range.start,
					      .end = m->range.end,
					      .type = memory_type_name(m->type),
					      .e820_type = memory_type_e820(m->type) },
			 sizeof(*memory));
}

KX_EXPORT const char *kx_plan_warning(const struct kx_plan *plan, size_t i)
{
	if (i < plan->n_warnings)
		return plan->warnings[i];
	i -= plan->n_warnings;
	return i < plan->plan.n_warnings ? plan->plan.warnings[i] : NULL;
}
