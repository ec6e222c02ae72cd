/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The variables that a shell would have after reading another tool's file, and helper functions for
 * the readers of these files. */

#include "config/foreign.h"
#include "config/legacy.h"

struct vars {
	/* one value for each name; of equal names the last one counts */
	struct config_words names, values;
	struct config_words places;    /* "FILE:LINE" of the assignment, one for each name */
	struct config_words *warnings; /* receives what was skipped or made no sense */
	const char *file;	       /* the file being read */
	const struct foreign *foreign; /* how files are read */
};

/* Adds what @path assigns; -ENOENT when it is not there. Other errors have a sentence. */
_must_check_ int vars_read(struct vars *vars, int root, const char *path, struct kx_error *err);
/* NULL when it was never set; an empty string is a value. */
const char *vars_get(const struct vars *vars, const char *name);
/* The value, or @otherwise when there is none or an empty one. */
const char *vars_get_or(const struct vars *vars, const char *name, const char *otherwise);
bool vars_is(const struct vars *vars, const char *name, const char *value);
/* "FILE:LINE" of the assignment that counts, NULL when it was never set. */
const char *vars_place(const struct vars *vars, const char *name);
void vars_done(struct vars *vars);
#define _cleanup_vars_ _cleanup_(vars_done)

/* Replaces *dst by a copy of @s, NULL for NULL; -ENOMEM. */
_must_check_ int text_set(char **dst, const char *s);

/* Each fills in what its file says; kind, file and the warnings are set by the caller. With @err there is a
 * sentence for what it returns. */
int legacy_gentoo(int root, const struct legacy_machine *m, const struct vars *vars,
		  struct legacy *ret);
int legacy_alpine(int root, const struct vars *vars, struct legacy *ret);
int legacy_installkernel(int root, const struct vars *vars, struct legacy *ret,
			 struct kx_error *err);
/* Fills kind and all else from an enabled kexec-load@.service; -ENOENT when there is none. */
int legacy_arch(int root, struct legacy *ret);
