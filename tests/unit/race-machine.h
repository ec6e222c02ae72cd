/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A machine with huge pages on which two or three of our programs run at the same time: every call of
 * the table of system calls, and every access to a file that another of them changes, is a step
 * of tests/fake/baton.h. */

#include "tests/fake/baton.h"
#include "tests/unit/in-place-fixture.h"

enum race_op {
	RACE_IN_PLACE, /* loads in place */
	RACE_COPY,     /* loads a copy */
	RACE_FILE,     /* loads by kexec_file_load(2) */
	RACE_UNLOAD,
	RACE_CANCEL,   /* rapidreboot --cancel */
	RACE_HOOK,     /* the last hook of a reboot: looks and jumps, in vain here */
	RACE_POWEROFF, /* the hook of a poweroff: unloads */
	RACE_CHECK,    /* kexec's look before init jumps */
	RACE_OPS,
};

enum race_first { RACE_NOTHING, RACE_LOADED_IN_PLACE, RACE_LOADED_COPY, RACE_FIRSTS };

struct race {
	struct fixture *f;
	enum race_first first;
	enum race_op ops[BATON_ACTORS_MAX];
	size_t n_ops;
	size_t max_switches; /* as in struct baton_game */
	bool no_lock;	     /* the lock keeps nobody out: some order has to fail */
	bool only_images;    /* looks only for images without their pages */
};

extern const char *const race_op_names[RACE_OPS], *const race_first_names[RACE_FIRSTS];

/* Makes the machine; the other fields stay. */
void race_new(struct race *race);
void race_free(struct race *race);
/* Every order of race->ops from the state race->first on. */
void race_run(struct race *race, struct baton_result *ret);
