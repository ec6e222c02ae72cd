/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What reading something that somebody else wrote may cost. Limits on single files do not bound what
 * they cost together: a file of three lines that includes itself is read millions of times. So
 * whoever reads for one purpose makes one budget, and everything that is done for it takes from that one.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum budget_kind {
	BUDGET_FILES,  /* opened or listed */
	BUDGET_BYTES,  /* read */
	BUDGET_STEPS,  /* of about ten nanoseconds */
	BUDGET_MEMORY, /* kept, in bytes */
	BUDGET_TIME,   /* milliseconds on the clock */
	BUDGET_KINDS,
};

struct budget {
	uint64_t max[BUDGET_KINDS], used[BUDGET_KINDS];
	/* milliseconds, from any moment on; NULL: time is not limited */
	uint64_t (*now_ms)(void *data);
	void *data;
	uint64_t start_ms;
	unsigned n_calls;
	enum budget_kind spent; /* the first that was used up; BUDGET_KINDS: none yet */
};

/* -EDQUOT, which reading gives for nothing else. */
#define BUDGET_SPENT (-122)

/* Limits that no boot loader's configuration of a real machine comes near to. */
void budget_init(struct budget *budget, uint64_t (*now_ms)(void *data), void *data);
/* 0, or BUDGET_SPENT when less than @n is left or anything was used up before. NULL has no limits. */
_must_check_ int budget_take(struct budget *budget, enum budget_kind kind, uint64_t n);
/* What is left, for a limit of a single file. */
uint64_t budget_left(const struct budget *budget, enum budget_kind kind);
/* "more than 20000 files", for a sentence. */
void budget_explain(const struct budget *budget, char *ret, size_t n);
