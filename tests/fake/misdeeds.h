/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What somebody does who has broken into a confined child (src/confined/reader.c), whatever the child reads. Tests put them
 * in front of a reader of ours.
 */

#include <stddef.h>

struct misdeed {
	const char *name;
	void (*does)(void);
	int code; /* of the call that has it read, and a part of its sentence */
	const char *says;
};

/* Each ends the child. */
extern const struct misdeed misdeeds[];
extern const size_t n_misdeeds;

/* As in the table, for others that end in the same way. */
void misdeed_crash(void);
_Noreturn void misdeed_never_end(void);

/* From now on neither this process nor its children can filter system calls, as on a kernel that cannot. */
void refuse_filters(void);
