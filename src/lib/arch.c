// SPDX-License-Identifier: LGPL-2.1-or-later
/* Architectures whose kernels can be started: those that arch_is_supported() names. */

#include "lib/arch.h"

#include <errno.h>

#include "base/strbuf.h"

static const struct arch *const archs[ARCH_N] = {
	[ARCH_X86_64] = &arch_x86_64,
	[ARCH_AARCH64] = &arch_aarch64,
};

struct arch_found ctx_arch(struct kx_ctx *ctx)
{
	if (!ctx->arch.from)
		ctx->arch = arch_find(ctx->machine_root);
	return ctx->arch;
}

/* "x86_64, …" */
static int list_supported(char **ret)
{
	_cleanup_strbuf_ struct strbuf names = { 0 };

	for (enum arch_id id = 0; id < ARCH_N; id++)
		if (arch_is_supported(id)) {
			strbuf_add(&names, names.n ? ", " : "");
			strbuf_add(&names, arch_name(id));
		}
	return strbuf_take(&names, ret);
}

static int refuse(struct arch_found found, struct kx_error *err)
{
	_cleanup_free_ char *names = NULL;

	if (list_supported(&names) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");
	return kx_fail(err, -EOPNOTSUPP,
		       "this machine's architecture is %s (%s), and kernels can be started on %s "
		       "only; reboot through the firmware",
		       arch_name(found.id), found.from, names);
}

int arch_of(struct kx_ctx *ctx, const struct arch **ret, struct kx_error *err)
{
	const struct arch_found found = ctx_arch(ctx);

	if (!arch_is_supported(found.id))
		return kx_fail_at(err, refuse(found, err), KX_STEP_MACHINE);
	*ret = archs[found.id];
	return 0;
}
