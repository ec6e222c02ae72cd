/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The record of a fast reboot, and the programs of others that are run before it. */

#include "reboot/load.h"

/**
 * attempt_remember() - write down that @s, which is loaded, is about to be started
 *
 * Without the record the next boot cannot tell whether this one worked, and a kernel that does not come up
 * would be started again and again. So it is a warning only where a person agreed to this start.
 * Return: REASON_NONE, REASON_UNRECORDED.
 */
_must_check_ enum reason attempt_remember(const struct reboot *rb, const struct start *s,
					  struct kx_error *err);

/* Writes down what hooks answered right before the jump. May fail: the file system is often read-only by then. */
void attempt_late_hooks(const struct reboot *rb, const struct hooks_answer *answer);

/**
 * hooks_agree() - run the hook directories for @stage
 * @config: which directory, how long, and whether a failure counts
 * @ret: what they answered
 *
 * Return: REASON_NONE; REASON_HOOK: one of them failed, and the configuration does not ignore it;
 * REASON_LATER: the same, and each that failed did so with HOOK_LATER.
 */
_must_check_ enum reason hooks_agree(const struct reboot *rb, const struct config *config,
				     const char *stage, const char *entry, struct hooks_answer *ret,
				     struct kx_error *err);
