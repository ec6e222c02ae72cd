// SPDX-License-Identifier: LGPL-2.1-or-later
/* kx_stamps(): the time stamps that the purgatory left for this boot. Where they are found depends
 * on the architecture. */

#include <errno.h>
#include <string.h>

#include "fundamental/purgatory-abi.h"
#include "lib/arch.h"

static uint64_t stamp(const struct stamps *stamps, enum stamp_id id)
{
	for (uint32_t i = 0; i < stamps->n; i++)
		if (stamps->slot[i].id == id)
			return stamps->slot[i].tsc;
	return 0;
}

int stamps_take(struct bytes raw, const char *where, struct kx_stamps *ret, struct kx_error *err)
{
	struct stamps found = { 0 };
	int r;

	if (raw.n >= sizeof(found))
		memcpy(&found, raw.p, sizeof(found));
	if (found.magic != STAMPS_MAGIC || found.n > STAMPS_SLOTS)
		return kx_fail_at(
			err,
			kx_fail_file(err,
				     kx_fail(err, -EBADMSG, "%s: the stamps are cut off or damaged",
					     where),
				     where),
			KX_STEP_MACHINE);
	r = sized_out(ret,
		      &(struct kx_stamps){
			      .tsc_khz = found.tsc_khz,
			      .tsc_entry = stamp(&found, STAMP_PURGATORY_ENTRY),
			      .tsc_checked = stamp(&found, STAMP_PURGATORY_CHECKED),
			      .tsc_exit = stamp(&found, STAMP_PURGATORY_EXIT),
		      },
		      sizeof(*ret));
	return r < 0 ? kx_fail_at(err, kx_fail(err, r, "the structure's size is not filled in"),
				  KX_STEP_ARGUMENT)
		     : 0;
}

int stamps_missing(const char *where, struct kx_error *err)
{
	return kx_fail_at(err,
			  kx_fail(err, -ENOENT,
				  "this boot left no stamps under %s: it did not come through our "
				  "purgatory",
				  where),
			  KX_STEP_MACHINE);
}

KX_EXPORT int kx_stamps(struct kx_ctx *ctx, struct kx_stamps *ret, struct kx_error *err)
{
	const struct arch *arch;
	int r = arch_of(ctx, &arch, err);

	/* no purgatory of ours can have run there */
	return r < 0 ? -ENOENT : arch->stamps_read(ctx, ret, err);
}
