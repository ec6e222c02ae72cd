/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Decides whether a wish may be carried out, for all callers: `rapidreboot`, `check`, `load`, the
 * menu, the hooks of init and a reboot with a time all use judge(), so that they agree.
 */

#include "preflight/preflight.h"
#include "reboot/load.h"

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

enum judging {
	JUDGE_LOOK,  /* nothing is unpacked: what only that shows is unknown */
	JUDGE_CHECK, /* what is known to be whole is not unpacked: start_is_known() */
	JUDGE_LOAD,
	JUDGE_GOING_DOWN, /* the reboot has begun: checks do not take its own signs for another shutdown */
};

/**
 * judge() - choose, plan, check
 * @ret_start: what was found, also when it may not be started; released with start_done()
 * @ret: released with verdict_done()
 *
 * The gravest answer counts: what cannot be chosen, then a check that refuses, then what only the
 * firmware does, then a plan that cannot be made. Nothing is changed on the machine but the
 * note of what was unpacked without a fault (record/unpacked.h).
 */
void judge(const struct reboot *rb, const struct wish *wish, enum judging how,
	   struct start *ret_start, struct verdict *ret);
/* After JUDGE_LOOK, before start_load(): unpacks what was left, and judges what that shows. */
void judge_unpacked(const struct reboot *rb, const struct wish *wish, struct start *s,
		    struct verdict *verdict);
void verdict_done(struct verdict *verdict);

/**
 * may_go_cold() - may a reboot through the firmware take the place of this one (--or-cold)?
 * @reason: why the fast one does not go on: of @verdict, or what go_fast() returned
 *
 * Not when the kernel was named by the wish, because the firmware would start another one; not for what holds
 * every reboot off: inhibitors, a package manager at work, a hook, a signal, an order for later; and not when
 * the next boot would ask for the same passphrase.
 */
bool may_go_cold(const struct wish *wish, const struct verdict *verdict, enum reason reason);
/* What the record says of a fast reboot that did not go on for @reason: the first check that refuses, else @err, the
 * sentence that a person was told. */
void verdict_why(const struct verdict *verdict, enum reason reason, const struct kx_error *err,
		 char *ret, size_t size);
/* Tells each finding with its remedy, and which option goes on all the same; notes as details. */
void tell_findings(const struct reboot *rb, const struct preflight *findings);
#define _cleanup_verdict_ _cleanup_(verdict_done)
