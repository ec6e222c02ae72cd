// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "plan/runs.h"

#define PAGE 4096u
#define PAGES_MAX 512u
#define RUNS_MAX 16u

static uint8_t memory[PAGES_MAX * PAGE];

/* How many pages of zeros are in runs. */
static size_t check(struct bytes pages, const struct range *runs, size_t n)
{
	size_t k = 0, wasted = 0;

	for (size_t i = 0; i < pages.n; i++) {
		while (k < n && runs[k].end <= i * PAGE)
			k++;
		if (k == n || runs[k].start > i * PAGE)
			must(!pages.p[i]);
		else
			wasted += !pages.p[i];
	}
	return wasted;
}

/* The first byte is the number of runs, each further one a page: 0 for zeros. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t max = size ? data[0] % RUNS_MAX + 1 : 1;
	struct bytes pages = { data + 1, size ? size - 1 : 0 };
	struct range runs[RUNS_MAX], fewer[RUNS_MAX];
	size_t n, wasted;

	if (pages.n > PAGES_MAX)
		pages.n = PAGES_MAX;
	for (size_t i = 0; i < pages.n; i++)
		memory[i * PAGE + (size_t)pages.p[i] * 16] = pages.p[i];
	n = page_runs((struct bytes){ memory, pages.n * PAGE }, max, runs);
	must(n <= max);
	for (size_t i = 0; i < n; i++) {
		must(runs[i].start < runs[i].end && runs[i].end <= pages.n * PAGE);
		must(runs[i].start % PAGE == 0 && runs[i].end % PAGE == 0);
		must(i == 0 || runs[i - 1].end < runs[i].start);
		must(pages.p[runs[i].start / PAGE] && pages.p[runs[i].end / PAGE - 1]);
	}
	wasted = check(pages, runs, n);
	must(n == max || wasted == 0);
	/* with one run fewer there are never fewer pages of zeros in them */
	if (max > 1) {
		n = page_runs((struct bytes){ memory, pages.n * PAGE }, max - 1, fewer);
		must(check(pages, fewer, n) >= wasted);
	}
	for (size_t i = 0; i < pages.n; i++)
		memory[i * PAGE + (size_t)pages.p[i] * 16] = 0;
	return 0;
}
