/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is certain about a crash kernel before it is loaded, and what is said after a failure. */

#include "lib/internal.h"

/* 1, 0, or a negative errno where the kernel does not say. */
int crash_is_loaded(struct kx_ctx *ctx);
/* Another crash kernel is loaded, or none: what base/crash-note.h says of the one before is void. */
void crash_forget_note(struct kx_ctx *ctx);
/* Adds to the sentence that the crash kernel that is loaded stays: no call was made. */
void crash_say_untouched(struct kx_ctx *ctx, struct kx_error *err);
/* Adds what is loaded after a call that failed; @before is what crash_is_loaded() said before it. */
void crash_say_state(struct kx_ctx *ctx, int before, struct kx_error *err);
/* Adds a warning to @plan when the reservation is too small for it to run in. -ENOMEM. */
_must_check_ int crash_doubt(struct kx_plan *plan, const struct machine *machine,
			     struct kx_error *err);
/* -ENOSPC: kernel and initial ramdisk of @plan, for kexec_file_load(2), do not fit into the reservation;
 * -ENAMETOOLONG: nor does its command line, with elfcorehdr=, into what the kernel takes.
 * 0 when they do, and where that cannot be known; with crash_doubt(). */
_must_check_ int crash_check_fits(struct kx_ctx *ctx, const struct kx_request *req,
				  struct kx_plan *plan, struct kx_error *err);
