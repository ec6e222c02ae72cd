/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Warnings and remarks, kept back until it is known whether the call works: scripts look at the
 * first line on stderr, and after a failure that has to be the failure's. */

#include <libkexec.h>
#include <stdbool.h>

#include "base/cleanup.h"

struct notes {
	char **lines;
	size_t n_lines;
	bool verbose;	/* -d: also what was chosen and why, and everything at once */
	bool immediate; /* before a jump: nothing may be kept back, and no words before it */
};

/* @fmt without newline. The same warning is kept once. */
void notes_warn(struct notes *notes, const char *fmt, ...) _printf_(2, 3);
void notes_say(struct notes *notes, const char *fmt, ...) _printf_(2, 3);
/* A kx_log_fn. */
void notes_log(void *data, enum kx_log_level level, const char *line);
/* Writes what was kept to stderr. */
void notes_flush(struct notes *notes);
void notes_done(struct notes *notes);
