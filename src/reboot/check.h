/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whether it may be started: the one way from a wish to a verdict. `rapidreboot`, `check`, `load`, the
 * menu, the hooks of init and a reboot with a time all come here, so that they agree.
 */

#include "preflight/preflight.h"
#include "reboot/load.h"

/* What is around the question. */
struct circumstances {
	bool past_init;	 /* there is an init system, and it is not asked */
	bool going_down; /* the reboot has begun: its own signs are no reason against it */
};

/**
 * struct verdict - the answer
 * @reason: REASON_NONE: it may be started
 * @err: the sentence for @reason, unless that is in @findings (REASON_CHECKS, REASON_FIRMWARE)
 * @findings: of every check, also when nothing could be chosen
 */
struct verdict {
	enum reason reason;
	struct kx_error err;
	struct preflight findings;
};

/**
 * judge() - choose, plan, check
 * @ret_start: what was found, also when it may not be started; released with start_done()
 * @ret: released with verdict_done()
 *
 * The gravest answer counts: what cannot be chosen, then a check that refuses, then what only the
 * firmware does, then a plan that cannot be made. Nothing is changed on the machine.
 */
void judge(const struct reboot *rb, const struct wish *wish,
	   const struct circumstances *circumstances, struct start *ret_start, struct verdict *ret);
void verdict_done(struct verdict *verdict);
#define _cleanup_verdict_ _cleanup_(verdict_done)
