/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* KX_REQ_DIET: facts of the running machine by which the next kernel's modules are chosen. */

#include "base/strbuf.h"
#include "image/diet.h"
#include "lib/internal.h"

struct diet_input {
	struct strbuf loaded, aliases;
	struct diet_facts facts; /* borrows from both, and from the request */
};

/* -ENOENT, -EACCES, … when it cannot be told which devices and modules there are: then all of the
 * initial ramdisk stays. */
_must_check_ int diet_read(struct kx_ctx *ctx, const struct kx_image *image, const char *cmdline,
			   struct diet_input *ret, struct kx_error *err);
void diet_input_done(struct diet_input *input);
#define _cleanup_diet_input_ _cleanup_(diet_input_done)

/* Sets what kx_plan_info() returns about it, once it is known which ramdisk @plan uses. -ENOMEM. */
_must_check_ int diet_tell(const struct kx_request *req, struct kx_plan *plan,
			   const struct diet *diet, struct kx_error *err);
