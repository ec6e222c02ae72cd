// SPDX-License-Identifier: LGPL-2.1-or-later
/* kx_stamps(): the time stamps that the purgatory left for this boot. Where they are found depends
 * on the architecture. */

#include <errno.h>

#include "lib/arch.h"

KX_EXPORT int kx_stamps(struct kx_ctx *ctx, struct kx_stamps *ret, struct kx_error *err)
{
	const struct arch *arch;
	int r = arch_of(ctx, &arch, err);

	/* no purgatory of ours can have run there */
	return r < 0 ? -ENOENT : arch->stamps_read(ctx, ret, err);
}
