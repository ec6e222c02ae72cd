/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reads files of NAME=value lines that are meant for a shell, without running anything.
 *
 * Understood as POSIX sh does: comments, all three ways of quoting, values over several lines,
 * several assignments in a line, `export`. What only a shell could evaluate (expansions, commands,
 * conditions, assignments inside of these) is reported and skipped, never guessed.
 */

#include "fundamental/bytes.h"

struct assign {
	const char *name;    /* valid during the call; NULL when something was skipped */
	const char *value;   /* without its quotes */
	unsigned line;	     /* where it begins, from 1 */
	const char *skipped; /* when it was skipped, the reason: a part of a sentence */
};

/* A negative errno stops the walk and is returned by it. */
typedef int (*assign_fn)(void *data, const struct assign *a);

/* Returns 0, -ENOMEM, or what @fn says. */
int assign_each(struct bytes text, assign_fn fn, void *data);
