// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/budget.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

static_assert(BUDGET_SPENT == -EDQUOT, "the header has it without errno.h");

/* The clock is read once in so many steps: reading it takes longer than most steps do. */
enum { CALLS_A_LOOK = 64 };

static const struct {
	uint64_t max, unit;
	const char *words;
} kinds[BUDGET_KINDS] = {
	/* four files for each of the 4,096 entries that a menu has at most, and as many again for
	 * the rest */
	[BUDGET_FILES] = { 32768, 1, "files and directories" },
	[BUDGET_BYTES] = { UINT64_C(256) << 20, 1 << 20, "MiB read from files" },
	[BUDGET_STEPS] = { UINT64_C(1) << 30, 1 << 20, "million steps" },
	[BUDGET_MEMORY] = { UINT64_C(64) << 20, 1 << 20, "MiB of boot entries" },
	[BUDGET_TIME] = { 30 * 1000, 1000, "seconds" },
};

void budget_init(struct budget *budget, uint64_t (*now_ms)(void *data), void *data)
{
	*budget = (struct budget){ .now_ms = now_ms, .data = data, .spent = BUDGET_KINDS };
	for (size_t i = 0; i < BUDGET_KINDS; i++)
		budget->max[i] = kinds[i].max;
	if (now_ms)
		budget->start_ms = now_ms(data);
}

static void look_at_clock(struct budget *budget)
{
	uint64_t now = budget->now_ms(budget->data);

	budget->used[BUDGET_TIME] = now > budget->start_ms ? now - budget->start_ms : 0;
	if (budget->used[BUDGET_TIME] > budget->max[BUDGET_TIME])
		budget->spent = BUDGET_TIME;
}

int budget_take(struct budget *budget, enum budget_kind kind, uint64_t n)
{
	if (!budget)
		return 0;
	if (budget->spent == BUDGET_KINDS && budget->now_ms &&
	    budget->n_calls++ % CALLS_A_LOOK == 0)
		look_at_clock(budget);
	if (budget->spent != BUDGET_KINDS)
		return BUDGET_SPENT;
	if (n > budget_left(budget, kind)) {
		budget->spent = kind;
		return BUDGET_SPENT;
	}
	budget->used[kind] += n;
	return 0;
}

uint64_t budget_left(const struct budget *budget, enum budget_kind kind)
{
	return budget ? budget->max[kind] - budget->used[kind] : UINT64_MAX;
}

void budget_explain(const struct budget *budget, char *ret, size_t n)
{
	/* no kind is marked as used up: then it was a reader's own limit, and all of those are
	 * limits of memory */
	enum budget_kind kind =
		budget && budget->spent != BUDGET_KINDS ? budget->spent : BUDGET_MEMORY;

	(void)snprintf(ret, n, "more than %llu %s",
		       (unsigned long long)(budget ? budget->max[kind] / kinds[kind].unit
						   : kinds[kind].max / kinds[kind].unit),
		       kinds[kind].words);
}
