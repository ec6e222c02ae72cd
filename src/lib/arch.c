// SPDX-License-Identifier: LGPL-2.1-or-later
/* Architectures, one line each. */

#include "lib/arch.h"

#include <errno.h>

static const struct arch *const archs[] = { &arch_x86_64, &arch_aarch64, &arch_riscv64 };

const struct arch *arch_by_id(enum arch_id id)
{
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		if (archs[i]->id == id)
			return archs[i];
	return NULL;
}

int arch_of(struct kx_ctx *ctx, const struct arch **ret, struct kx_error *err)
{
	struct arch_found found;
	const struct arch *arch;

	if (ctx->arch) {
		*ret = ctx->arch;
		return 0;
	}
	found = arch_find(ctx->machine_root);
	arch = arch_by_id(found.id);
	if (!arch || !arch->planner)
		return kx_fail_at(err,
				  kx_fail(err, -EOPNOTSUPP,
					  "this machine's architecture is %s (%s), and kernels can "
					  "be started on x86_64 only; reboot through the firmware",
					  arch_name(found.id), found.from),
				  KX_STEP_MACHINE);
	*ret = ctx->arch = arch;
	return 0;
}
