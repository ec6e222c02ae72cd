/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Limits on the work of reading foreign files. Limits on single files do not bound what many of
 * them cost together: a file of three lines that includes itself would be read millions of times.
 * So a caller makes one budget for one task, such as reading all boot entries, and everything that
 * is done for the task is counted against it.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum budget_kind {
	BUDGET_FILES,  /* opened or listed */
	BUDGET_BYTES,  /* read */
	BUDGET_STEPS,  /* units of work, of about ten nanoseconds each */
	BUDGET_MEMORY, /* kept, in bytes */
	BUDGET_TIME,   /* milliseconds on the clock */
	BUDGET_KINDS,
};

struct budget {
	uint64_t max[BUDGET_KINDS], used[BUDGET_KINDS];
	/* a clock in milliseconds with any origin; NULL: time is not limited */
	uint64_t (*now_ms)(void *data);
	void *data;
	uint64_t start_ms;
	unsigned n_calls;
	enum budget_kind spent; /* the first that was used up; BUDGET_KINDS: none yet */
};

/* -EDQUOT: no read operation here returns it for another reason. */
#define BUDGET_SPENT (-122)

/* Limits for boot loader configurations, far above what those of real machines need. */
void budget_init(struct budget *budget, uint64_t (*now_ms)(void *data), void *data);
/* Takes @n of one kind: 0, or BUDGET_SPENT when less than @n is left or any kind was used up
 * before. A NULL budget has no limits. */
_must_check_ int budget_take(struct budget *budget, enum budget_kind kind, uint64_t n);
/* What is left of one kind, to be used as the limit of a single file. */
uint64_t budget_left(const struct budget *budget, enum budget_kind kind);
/* "more than 20000 files", for a sentence. */
void budget_explain(const struct budget *budget, char *ret, size_t n);
