// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which pages are carried: small cases by hand, and many made ones against a slow way to say it. */
#include <stdlib.h>
#include <string.h>

#include "plan/runs.h"
#include "tests/unit/cmocka-shim.h"

#define PAGES_MAX 64u
#define PAGE 4096u

static uint8_t memory[PAGES_MAX * PAGE];

/* "x..xx." is a page with something in it, two zero pages, … */
static struct bytes draw(const char *pages)
{
	const size_t n = strlen(pages);

	assert_true(n <= PAGES_MAX);
	memset(memory, 0, sizeof(memory));
	for (size_t i = 0; i < n; i++)
		if (pages[i] == 'x')
			memory[i * PAGE + i * 997 % PAGE] = 1;
	return (struct bytes){ memory, n * PAGE };
}

static const struct {
	const char *pages;
	size_t max;
	const char *want; /* x: carried */
} cases[] = {
	{ "", 3, "" },
	{ "....", 3, "...." },
	{ "x", 1, "x" },
	{ "xxxx", 1, "xxxx" },
	{ "..x..", 1, "..x.." },
	{ "x.x.x", 3, "x.x.x" },
	{ "x..x.x", 2, "x..xxx" },
	{ "x.x..x", 2, "xxx..x" },
	{ "x.x..x", 1, "xxxxxx" },
	{ "x..x.x...x.x", 3, "x..xxx...xxx" },
	{ "x..x.x...x.x", 2, "xxxxxx...xxx" },
	{ ".x....x.x..x.", 2, ".x....xxxxxx." },
	{ "x.x..x...x....x", 3, "xxxxxx...x....x" },
	{ "x....x...x..x.x", 3, "x....x...xxxxxx" },
};

/* What page_runs() says, drawn; checks the form of it on the way. */
static void draw_runs(struct bytes data, size_t max, char *ret)
{
	struct range runs[PAGES_MAX];
	const size_t n = page_runs(data, max, runs), n_pages = (data.n + PAGE - 1) / PAGE;

	assert_true(n <= max);
	memset(ret, '.', n_pages);
	ret[n_pages] = '\0';
	for (size_t i = 0; i < n; i++) {
		assert_true(runs[i].start < runs[i].end);
		assert_true(i == 0 || runs[i - 1].end < runs[i].start);
		assert_true(runs[i].start % PAGE == 0 && runs[i].end % PAGE == 0);
		assert_true(runs[i].end <= n_pages * PAGE);
		memset(ret + runs[i].start / PAGE, 'x', range_size(runs[i]) / PAGE);
	}
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[PAGES_MAX + 1];

		draw_runs(draw(cases[i].pages), cases[i].max, got);
		assert_string_equal(got, cases[i].want);
	}
}

/* The first and the last byte of a page count; what lies behind the end does not. */
static void test_edges(void **state)
{
	struct range runs[2];

	(void)draw("....");
	memory[PAGE] = memory[2 * PAGE - 1] = memory[3 * PAGE + 5] = 1;
	assert_int_equal(page_runs((struct bytes){ memory, 3 * PAGE + 5 }, 2, runs), 1);
	assert_int_equal(page_runs((struct bytes){ memory, 3 * PAGE + 6 }, 2, runs), 2);
	assert_int_equal(runs[1].end, 4 * PAGE);
	memory[PAGE] = 0;
	assert_int_equal(page_runs((struct bytes){ memory, 2 * PAGE - 1 }, 2, runs), 0);
	assert_int_equal(page_runs((struct bytes){ memory, 2 * PAGE }, 2, runs), 1);
}

/* Lengths around whole pages, and the last byte that counts anywhere in the last ones. */
static void test_zeros_behind(void **state)
{
	static const size_t lengths[] = { 0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, 4 * PAGE + 7 };
	static const size_t last[] = { 0, 1, PAGE - 1, PAGE, 2 * PAGE + 5 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		(void)draw("");
		memory[lengths[i]] = 1;
		assert_int_equal(without_zeros_behind((struct bytes){ memory, lengths[i] }).n, 0);
		for (size_t k = 0; k < sizeof(last) / sizeof(*last) && last[k] < lengths[i]; k++) {
			memory[last[k]] = 1;
			assert_int_equal(
				without_zeros_behind((struct bytes){ memory, lengths[i] }).n,
				last[k] + 1);
		}
	}
}

static int compare(const void *a, const void *b)
{
	const size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Zero pages that need not be carried: the max - 1 longest inner gaps, and both ends. */
static size_t most_saved(const char *pages, size_t max)
{
	size_t gaps[PAGES_MAX], n = 0, saved = 0, last = SIZE_MAX;

	for (size_t i = 0; pages[i]; i++) {
		if (pages[i] != 'x')
			continue;
		if (last == SIZE_MAX)
			saved += i;
		else if (i - last > 1)
			gaps[n++] = i - last - 1;
		last = i;
	}
	if (last == SIZE_MAX)
		return strlen(pages);
	saved += strlen(pages) - last - 1;
	qsort(gaps, n, sizeof(*gaps), compare);
	for (size_t i = 0; i < n && i < max - 1; i++)
		saved += gaps[i];
	return saved;
}

/* Nothing is lost, and nothing more could be saved. */
static void test_best(void **state)
{
	uint32_t seed = 1;

	for (unsigned round = 0; round < 3000; round++) {
		char pages[PAGES_MAX + 1] = "", got[PAGES_MAX + 1];
		const size_t n = round % PAGES_MAX, max = round % 13 + 1;
		size_t saved = 0;

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			pages[i] = seed >> 24 < (round & 255) ? 'x' : '.';
		}
		draw_runs(draw(pages), max, got);
		for (size_t i = 0; i < n; i++) {
			assert_true(pages[i] == '.' || got[i] == 'x');
			saved += got[i] == '.';
		}
		assert_int_equal(saved, most_saved(pages, max));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_zeros_behind),
		cmocka_unit_test(test_best),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
