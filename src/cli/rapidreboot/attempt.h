/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* An attempt beside the way of the kernel itself: what is written down, and whose programs are run. */

#include "cli/rapidreboot/start.h"

/* Writes down that @s, which is loaded, is about to be started. A system that cannot remember is no
 * reason not to reboot it: then it is a warning. */
void attempt_remember(struct sys *sys, const struct start *s);

/* What is held against another attempt: the title of the one that was never confirmed, or NULL. */
const char *attempt_unconfirmed(struct sys *sys, struct attempts *all);

/* Is it better to keep all modules of that kernel (NULL: it does not say)? */
bool attempt_diet_failed(struct sys *sys, const char *version);

/* Runs the hook directories for @stage. EXIT_OK, or EXIT_REFUSED when one failed and the
 * configuration does not say that this is nothing. */
int attempt_hooks(struct sys *sys, const struct config *config, const char *stage,
		  const char *entry, struct hooks_answer *ret);
