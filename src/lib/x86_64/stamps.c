// SPDX-License-Identifier: LGPL-2.1-or-later
/* The stamps that the purgatory left in a setup_data node for this boot. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/dir.h"
#include "base/io.h"
#include "fundamental/x86_64/purgatory-abi.h"
#include "lib/arch.h"
#include "lib/x86_64/x86_64.h"

#define SETUP_DATA "/sys/kernel/boot_params/setup_data"

struct found {
	uint8_t *raw;
	size_t n;
};

/* The last one counts. */
static void node_read(struct kx_ctx *ctx, const char *name, struct found *found)
{
	char path[320];
	uint64_t type;
	uint8_t *raw;
	size_t n;

	(void)snprintf(path, sizeof(path), SETUP_DATA "/%s/type", name);
	if (read_u64_in(ctx->machine_root, path, &type) < 0 || type != STAMPS_SETUP_DATA_TYPE)
		return;
	(void)snprintf(path, sizeof(path), SETUP_DATA "/%s/data", name);
	if (read_file_in(ctx->machine_root, path, 65536, &raw, &n) < 0)
		return;
	free(found->raw);
	*found = (struct found){ raw, n };
}

int x86_64_stamps_read(struct kx_ctx *ctx, struct kx_stamps *ret, struct kx_error *err)
{
	struct found found = { 0 };
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(ctx->machine_root, SETUP_DATA, &names);

	for (size_t i = 0; r >= 0 && i < names.n; i++)
		node_read(ctx, names.v[i], &found);
	if (r < 0 || !found.raw)
		return stamps_missing(SETUP_DATA, err);
	r = stamps_take((struct bytes){ found.raw, found.n }, SETUP_DATA, ret, err);
	free(found.raw);
	return r;
}
