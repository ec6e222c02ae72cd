// SPDX-License-Identifier: LGPL-2.1-or-later
/* Windows among huge pages: tables of memory drawn as text, one letter a page of 2 MiB. */
#include <errno.h>
#include <string.h>

#include "plan/windows.h"
#include "tests/unit/cmocka-shim.h"

#define PAGE (UINT64_C(2) << 20)
#define MiB UINT64_C(0x100000)
#define BASE (16 * MiB)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/*
 * '#' a page that was got, '.' somebody else's memory, '!' memory that cannot be filled at the jump,
 * ' ' no RAM, 't' taken by something that must stay. The first letter is at BASE.
 * @want has 'K' and 'I' where the windows go, 'k' and 'i' where they have holes; NULL for -ENOSPC.
 */
struct row {
	const char *memory;
	size_t n_kernel, n_initrd, holes_max;
	const char *want;
};

static const struct row rows[] = {
	/* exactly enough */
	{ "###", 2, 1, 0, "KKI" },
	{ "##", 2, 0, 0, "KK" },
	{ "#", 1, 0, 0, "K" },
	/* apart */
	{ "##.###", 3, 2, 0, "II.KKK" },
	{ "###.##", 3, 2, 0, "KKK.II" },
	/* a place for the kernel that leaves none for the initrd is not taken */
	{ "####", 1, 3, 0, "KIII" },
	{ "##..###", 2, 3, 0, "KK..III" },
	/* too few, or not side by side */
	{ "##", 3, 0, 0, NULL },
	{ "#.#.#.#", 2, 0, 0, NULL },
	{ "", 1, 0, 4, NULL },
	/* holes: the fewest pages missing */
	{ "##.#...#", 4, 0, 1, "KKkK...." },
	{ "#..#..##.#", 3, 0, 1, "......KKk." },
	{ "#..###.##", 6, 0, 1, "...KKKkKK" },
	{ "#.#.#.#", 4, 0, 1, NULL },
	{ "#.#.#.#.", 7, 0, 3, "KkKkKkK." },
	{ "#.#.#.#.", 7, 0, 2, NULL },
	/* one run of holes may be long */
	{ "#...#", 5, 0, 1, "KkkkK" },
	/* at the end of RAM a window may begin with a hole */
	{ " ..## ", 4, 0, 1, " kkKK " },
	{ " ##.. ", 4, 0, 1, " KKkk " },
	/* a hole that cannot be filled */
	{ "##!#.##.#", 4, 0, 1, "...KkKK.." },
	{ "##!##", 5, 0, 1, NULL },
	/* not across a gap in RAM, nor over what is taken */
	{ "## ##", 4, 0, 1, NULL },
	{ "##t##", 5, 0, 1, NULL },
	{ "#t##t#", 2, 0, 1, "..KK.." },
	/* all of it missing is a copy, not zero-copy */
	{ "#.....", 1, 5, 1, NULL },
};

struct drawn {
	uint64_t frames[256];
	size_t n_frames;
	struct memmap memory;
	struct ranges taken, not_holes;
};

static void draw(const char *memory, struct drawn *ret)
{
	*ret = (struct drawn){ 0 };
	for (size_t i = 0; memory[i]; i++) {
		const struct range at = { BASE + i * PAGE, BASE + (i + 1) * PAGE };

		if (memory[i] != ' ')
			assert_int_equal(memmap_add(&ret->memory, at, MEMORY_RAM), 0);
		if (memory[i] == '#')
			ret->frames[ret->n_frames++] = at.start;
		if (memory[i] == 't')
			assert_int_equal(ranges_add(&ret->taken, at), 0);
		if (memory[i] == '!')
			assert_int_equal(ranges_add(&ret->not_holes, at), 0);
	}
	assert_int_equal(memmap_normalise(&ret->memory), 0);
}

static void drawn_done(struct drawn *d)
{
	memmap_done(&d->memory);
	ranges_done(&d->taken);
	ranges_done(&d->not_holes);
}

static int choose(const struct drawn *d, const struct row *row, const uint64_t random[2],
		  struct windows *ret)
{
	const struct windows_request req = {
		.page = PAGE,
		.frames = d->frames,
		.n_frames = d->n_frames,
		.n_kernel = row->n_kernel,
		.n_initrd = row->n_initrd,
		.memory = &d->memory,
		.bounds = { BASE, UINT64_MAX },
		.taken = &d->taken,
		.not_holes = &d->not_holes,
		.holes_max = row->holes_max,
		.random = { random[0], random[1] },
	};

	return windows_choose(&req, ret, NULL);
}

static bool is_hole(const struct windows *w, uint64_t at)
{
	for (size_t i = 0; i < w->n_holes; i++)
		if (at >= w->holes[i].start && at < w->holes[i].end)
			return true;
	return false;
}

/* The windows as a drawing, letters as in struct row. */
static void show(const struct windows *w, size_t n, char *ret)
{
	for (size_t i = 0; i < n; i++) {
		const uint64_t at = BASE + i * PAGE;
		const bool hole = is_hole(w, at);

		ret[i] = '.';
		if (at >= w->kernel.start && at < w->kernel.end)
			ret[i] = hole ? 'k' : 'K';
		if (at >= w->initrd.start && at < w->initrd.end)
			ret[i] = hole ? 'i' : 'I';
	}
	ret[n] = '\0';
}

static void test_table(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		const size_t n = strlen(row->memory);
		struct windows w = { 0 };
		struct drawn d;
		char got[257];
		int r;

		draw(row->memory, &d);
		r = choose(&d, row, (uint64_t[2]){ 0, 0 }, &w);
		show(&w, n, got);
		for (size_t k = 0; k < n && row->want; k++)
			if (row->want[k] == ' ')
				got[k] = got[k] == '.' ? ' ' : got[k];
		if (r != (row->want ? 0 : -ENOSPC) || (row->want && strcmp(got, row->want) != 0))
			fail_msg("\"%s\": %d, \"%s\", expected \"%s\"", row->memory, r, got,
				 row->want ? row->want : "-ENOSPC");
		drawn_done(&d);
	}
}

/* 0 to 16 holes in a row of pages, with as many allowed as there are, and with one less. */
static void test_number_of_holes(void **state)
{
	for (size_t holes = 0; holes <= WINDOW_HOLES_MAX; holes++) {
		struct row row = { .n_kernel = 2 * holes + 1, .holes_max = holes };
		struct windows w;
		struct drawn d;
		char memory[64] = "#";

		for (size_t i = 0; i < holes; i++)
			strcat(memory, ".#");
		draw(memory, &d);
		assert_int_equal(choose(&d, &row, (uint64_t[2]){ 0, 0 }, &w), 0);
		assert_int_equal(w.n_holes, holes);
		assert_true(w.hole_bytes == holes * PAGE);
		assert_true(w.kernel.start == BASE && w.initrd.start == w.initrd.end);
		for (size_t i = 0; i < holes; i++)
			assert_true(w.holes[i].start == BASE + (2 * i + 1) * PAGE &&
				    w.holes[i].end == w.holes[i].start + PAGE);
		row.holes_max = holes - 1;
		if (holes)
			assert_int_equal(choose(&d, &row, (uint64_t[2]){ 0, 0 }, &w), -ENOSPC);
		drawn_done(&d);
	}
}

/* Two nodes of a machine: pages above 4 GiB, and holes shared by both windows. */
static void test_two_nodes(void **state)
{
	const uint64_t high = UINT64_C(5) << 30;
	uint64_t frames[] = { BASE, BASE + PAGE, high, high + PAGE, high + 2 * PAGE };
	struct memmap memory = { 0 };
	struct windows_request req = {
		.page = PAGE,
		.frames = frames,
		.n_frames = ARRAY_LEN(frames),
		.n_kernel = 3,
		.n_initrd = 2,
		.memory = &memory,
		.bounds = { BASE, UINT64_C(1) << 46 },
	};
	struct windows w;

	assert_int_equal(memmap_add(&memory, (struct range){ MiB, UINT64_C(3) << 30 }, MEMORY_RAM),
			 0);
	assert_int_equal(
		memmap_add(&memory, (struct range){ UINT64_C(4) << 30, UINT64_C(6) << 30 }, 0), 0);
	assert_int_equal(windows_choose(&req, &w, NULL), 0);
	assert_true(w.kernel.start == high && w.initrd.start == BASE);
	/* not where the next kernel is told that there is no RAM, nor above its bounds */
	memory.v[1].type = MEMORY_DRIVER_MANAGED;
	assert_int_equal(windows_choose(&req, &w, NULL), -ENOSPC);
	memory.v[1].type = MEMORY_RAM;
	req.bounds.end = UINT64_C(4) << 30;
	assert_int_equal(windows_choose(&req, &w, NULL), -ENOSPC);
	memmap_done(&memory);
}

/* Whatever the random numbers, the windows are whole and apart; each possible place is taken. */
static void test_random(void **state)
{
	const struct row row = { .n_kernel = 2, .n_initrd = 3, .holes_max = 4 };
	bool kernel[16] = { 0 }, initrd[16] = { 0 };
	struct drawn d;

	draw("########.##.##", &d);
	for (uint64_t i = 0; i < 64 * 64; i++) {
		const uint64_t random[2] = { (i / 64) << 58, (i % 64) << 58 };
		struct windows w;

		assert_int_equal(choose(&d, &row, random, &w), 0);
		assert_int_equal(w.n_holes, 0);
		assert_true(w.kernel.end == w.kernel.start + 2 * PAGE);
		assert_true(w.initrd.end == w.initrd.start + 3 * PAGE);
		assert_false(range_overlaps(w.kernel, w.initrd));
		kernel[(w.kernel.start - BASE) / PAGE] = true;
		initrd[(w.initrd.start - BASE) / PAGE] = true;
	}
	for (size_t i = 0; i < 16; i++) {
		assert_int_equal(kernel[i], i <= 6 || i == 9 || i == 12);
		assert_int_equal(initrd[i], i <= 5);
	}
	drawn_done(&d);
}

static void test_ends_of_random(void **state)
{
	const struct row row = { .n_kernel = 1 };
	struct windows w;
	struct drawn d;

	draw("####", &d);
	assert_int_equal(choose(&d, &row, (uint64_t[2]){ 0, 0 }, &w), 0);
	assert_true(w.kernel.start == BASE);
	assert_int_equal(choose(&d, &row, (uint64_t[2]){ UINT64_MAX, 0 }, &w), 0);
	assert_true(w.kernel.start == BASE + 3 * PAGE);
	drawn_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	       cmocka_unit_test(test_number_of_holes),
		cmocka_unit_test(test_two_nodes),      cmocka_unit_test(test_random),
		cmocka_unit_test(test_ends_of_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
