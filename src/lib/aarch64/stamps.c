// SPDX-License-Identifier: LGPL-2.1-or-later
/* The stamps that the purgatory left in the device tree of this boot, which has one with ACPI as well. */

#include <errno.h>
#include <stdlib.h>

#include "base/io.h"
#include "fdt/next-tree.h"
#include "lib/aarch64/aarch64.h"
#include "lib/arch.h"

int aarch64_stamps_read(struct kx_ctx *ctx, struct kx_stamps *ret, struct kx_error *err)
{
	_cleanup_free_ uint8_t *tree = NULL;
	size_t n, at, n_stamps;
	int r = read_file_in(ctx->machine_root, DEVICE_TREE, DEVICE_TREE_MAX, &tree, &n);

	if (r == 0)
		r = tree_stamps((struct bytes){ tree, n }, &at, &n_stamps, NULL);
	if (r == -ENOMEM)
		return kx_fail(err, r, "out of memory");
	if (r < 0)
		return stamps_missing(DEVICE_TREE, err);
	return stamps_take((struct bytes){ tree + at, n_stamps }, DEVICE_TREE, ret, err);
}
