// SPDX-License-Identifier: LGPL-2.1-or-later
/* Splits data into runs of pages that are not all zeros, few enough for kexec_load(2). */

#include "plan/runs.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PAGE 4096u

static bool is_zero(struct bytes data, size_t at)
{
	static const uint8_t zeros[PAGE];

	return memcmp(data.p + at, zeros, data.n - at < PAGE ? data.n - at : PAGE) == 0;
}

/* Finds the next run at or after *@at; *@at is then its end. */
static bool next_run(struct bytes data, size_t *at, struct range *ret)
{
	while (*at < data.n && is_zero(data, *at))
		*at += PAGE;
	ret->start = *at;
	while (*at < data.n && !is_zero(data, *at))
		*at += PAGE;
	ret->end = *at;
	return ret->start < ret->end;
}

/* Index of the run with the smallest gap behind it; the gap of the last one ends at @next. */
static size_t smallest_gap(const struct range *v, size_t n, struct range next)
{
	uint64_t least = next.start - v[n - 1].end;
	size_t found = n - 1;

	for (size_t i = n - 1; i-- > 0;)
		if (v[i + 1].start - v[i].end <= least) {
			least = v[i + 1].start - v[i].end;
			found = i;
		}
	return found;
}

/* Keeps the max - 1 largest gaps seen so far: which ones remain does not depend on the order in
 * which they are found. */
size_t page_runs(struct bytes data, size_t max, struct range *ret)
{
	struct range run;
	size_t n = 0, at = 0;

	assert(max > 0);
	while (next_run(data, &at, &run)) {
		size_t i;

		if (n < max) {
			ret[n++] = run;
			continue;
		}
		i = smallest_gap(ret, n, run);
		if (i == n - 1) {
			ret[i].end = run.end;
			continue;
		}
		ret[i].end = ret[i + 1].end;
		memmove(&ret[i + 1], &ret[i + 2], (n - i - 2) * sizeof(*ret));
		ret[n - 1] = run;
	}
	return n;
}

struct bytes without_zeros_behind(struct bytes data)
{
	while (data.n >= PAGE && is_zero(data, data.n - PAGE))
		data.n -= PAGE;
	while (data.n && !data.p[data.n - 1])
		data.n--;
	return data;
}
