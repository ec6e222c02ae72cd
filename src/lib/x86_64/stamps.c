// SPDX-License-Identifier: LGPL-2.1-or-later
/* The stamps that the purgatory left in a setup_data node for this boot. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "fundamental/purgatory-abi.h"
#include "lib/x86_64/x86_64.h"

#define SETUP_DATA "/sys/kernel/boot_params/setup_data"

struct found {
	struct stamps stamps;
	bool seen;
	bool damaged;
};

static void node_read(struct kx_ctx *ctx, const char *name, struct found *found)
{
	_cleanup_free_ uint8_t *raw = NULL;
	char path[320];
	uint64_t type;
	size_t n;

	(void)snprintf(path, sizeof(path), SETUP_DATA "/%s/type", name);
	if (read_u64_in(ctx->machine_root, path, &type) < 0 || type != STAMPS_SETUP_DATA_TYPE)
		return;
	(void)snprintf(path, sizeof(path), SETUP_DATA "/%s/data", name);
	if (read_file_in(ctx->machine_root, path, 65536, &raw, &n) < 0)
		return;
	found->seen = true;
	found->damaged = n < sizeof(found->stamps);
	if (!found->damaged) {
		memcpy(&found->stamps, raw, sizeof(found->stamps));
		found->damaged =
			found->stamps.magic != STAMPS_MAGIC || found->stamps.n > STAMPS_SLOTS;
	}
}

static uint64_t stamp(const struct stamps *stamps, enum stamp_id id)
{
	for (uint32_t i = 0; i < stamps->n; i++)
		if (stamps->slot[i].id == id)
			return stamps->slot[i].tsc;
	return 0;
}

int x86_64_stamps_read(struct kx_ctx *ctx, struct kx_stamps *ret, struct kx_error *err)
{
	struct found found = { 0 };
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(ctx->machine_root, SETUP_DATA, &names);

	for (size_t i = 0; r >= 0 && i < names.n; i++)
		node_read(ctx, names.v[i], &found);
	if (r < 0 || !found.seen)
		return kx_fail_at(err,
				  kx_fail(err, -ENOENT,
					  "this boot left no stamps under " SETUP_DATA
					  ": it did not come through our purgatory"),
				  KX_STEP_MACHINE);
	if (found.damaged)
		return kx_fail_at(
			err,
			kx_fail(err, -EBADMSG, SETUP_DATA ": the stamps are cut off or damaged"),
			KX_STEP_MACHINE);
	r = sized_out(ret,
		      &(struct kx_stamps){
			      .tsc_khz = found.stamps.tsc_khz,
			      .tsc_entry = stamp(&found.stamps, STAMP_PURGATORY_ENTRY),
			      .tsc_checked = stamp(&found.stamps, STAMP_PURGATORY_CHECKED),
			      .tsc_exit = stamp(&found.stamps, STAMP_PURGATORY_EXIT),
		      },
		      sizeof(*ret));
	return r < 0 ? kx_fail_at(err, kx_fail(err, r, "the structure's size is not filled in"),
				  KX_STEP_ARGUMENT)
		     : 0;
}
