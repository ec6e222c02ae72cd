/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Work that is done while the old system still runs, so that the next kernel need not do it during
 * the reboot. */

#include "image/diet.h"
#include "lib/internal.h"

struct prepared {
	struct bytes vmlinux; /* the kernel inside a bzImage; n == 0: it could not be unpacked, */
	int vmlinux_r;	      /* which has this code */
	struct kx_error vmlinux_why;  /* and this sentence */
	struct payload initrd;	      /* with its packed parts unpacked; no bytes: there are none */
	char why_not[256];	      /* why parts of it stay packed, "" when none do */
	bool damaged;		      /* as in struct initrd_unpacked */
	struct diet diet;	      /* with KX_REQ_DIET: what came of it */
	struct contents vmlinux_file; /* where the kernel is */
	bool has_initrd_digest;
	struct digest initrd_digest;
};

/* Limit for unpacked contents, a share of RAM, which also has to hold the files that the next
 * kernel makes of them. */
#define PREPARE_RAM_SHARE 8
/* Limit on the size of all unpacked parts of an initial ramdisk. */
size_t prepare_budget(const struct memmap *memory);

/* Takes kernel and ramdisk from the cache of @req, if it has one and they are in it; else
 * prepare_unpacked(). */
_must_check_ int prepare(struct kx_ctx *ctx, const struct kx_request *req, bool with_kernel,
			 struct kx_plan *plan, struct prepared *ret, struct kx_error *err);
/* After the plan is made: moves the parts of @prepared that the commit writes to the cache into the
 * plan. */
void prepare_keep(struct kx_plan *plan, struct prepared *prepared);
/* Called by the commit: writes them. */
void prepare_done(struct kx_ctx *ctx, const struct kx_plan *plan);

/* Unpacks the initial ramdisk of @plan and @image (NULL: not that), with as many threads as there
 * are processors, and leaves modules out of it by @facts (NULL: none). A kernel that cannot be
 * unpacked is no error here: the planner reports it. -ENOMEM, and as reader_run(). */
_must_check_ int prepare_unpacked(struct kx_ctx *ctx, const struct image *image,
				  const struct kx_plan *plan, const struct diet_facts *facts,
				  struct prepared *ret, struct kx_error *err);
void prepared_done(struct prepared *prepared);

/* Decides @plan->way and says why in @plan->reason. */
_must_check_ int plan_choose_way(struct kx_ctx *ctx, const struct kx_request *req,
				 struct kx_plan *plan, struct kx_error *err);

/* kho_is_on(), which is looked up once for a plan: it reads a dozen files. */
bool plan_has_kho(struct kx_ctx *ctx, struct kx_plan *plan);
/* Why KX_REQ_FAST can only use kexec_file_load(2) on this machine, or NULL. */
const char *fast_needs_file(struct kx_ctx *ctx, struct kx_plan *plan);

/* Replaces the initial ramdisk of @plan, opened for kexec_file_load(2), by one that costs less there, when
 * that is useful and known to work, and with KX_REQ_DIET by one without the modules that this machine does
 * not use; adds to @plan->reason what was done, and why. Without @diet->why_not, modules were left out.
 * -ENOMEM. */
_must_check_ int prepare_file_initrd(struct kx_ctx *ctx, const struct kx_request *req,
				     struct kx_plan *plan, struct diet *diet, struct kx_error *err);
