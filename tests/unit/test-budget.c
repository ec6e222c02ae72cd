// SPDX-License-Identifier: LGPL-2.1-or-later
/* Limits on the work of reading foreign files: budgets, menus whose size is a product of their
 * parts, tables of mounts of any length. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/budget.h"
#include "base/strbuf.h"
#include "entry/extlinux.h"
#include "entry/limine.h"
#include "entry/mounts.h"
#include "entry/path.h"
#include "tests/unit/cmocka-shim.h"

static uint64_t clock_of(void *data)
{
	return *(const uint64_t *)data;
}

static void test_kinds(void **state)
{
	for (int kind = 0; kind < BUDGET_TIME; kind++) {
		struct budget budget;
		char why[64];

		budget_init(&budget, NULL, NULL);
		assert_int_equal(budget_take(&budget, kind, budget.max[kind]), 0);
		assert_int_equal(budget_left(&budget, kind), 0);
		assert_int_equal(budget_take(&budget, kind, 0), 0);
		assert_int_equal(budget_take(&budget, kind, 1), BUDGET_SPENT);
		budget_explain(&budget, why, sizeof(why));
		assert_int_equal(strncmp(why, "more than ", 10), 0);
		/* nothing more of anything, and the reason stays the first one */
		assert_int_equal(budget_take(&budget, (kind + 1) % BUDGET_TIME, 0), BUDGET_SPENT);
		assert_int_equal(budget.spent, kind);
	}
	assert_int_equal(budget_take(NULL, BUDGET_FILES, UINT64_MAX), 0);
}

/* Sums must not wrap: that would be a budget without a limit. */
static void test_no_wrap(void **state)
{
	struct budget budget;

	budget_init(&budget, NULL, NULL);
	assert_int_equal(budget_take(&budget, BUDGET_STEPS, 5), 0);
	assert_int_equal(budget_take(&budget, BUDGET_STEPS, UINT64_MAX - 2), BUDGET_SPENT);
}

static void test_time(void **state)
{
	uint64_t now = 1000000;
	struct budget budget;
	int r = 0;

	budget_init(&budget, clock_of, &now);
	now += budget.max[BUDGET_TIME];
	for (int i = 0; i < 1000; i++)
		assert_int_equal(budget_take(&budget, BUDGET_STEPS, 1), 0);
	now++;
	for (int i = 0; i < 1000 && r == 0; i++)
		r = budget_take(&budget, BUDGET_STEPS, 1);
	assert_int_equal(r, BUDGET_SPENT);
	assert_int_equal(budget.spent, BUDGET_TIME);
	/* a clock that was set back is no reason to stop */
	now = 1000000;
	budget_init(&budget, clock_of, &now);
	now = 5;
	assert_int_equal(budget_take(&budget, BUDGET_STEPS, 1), 0);
}

static struct bytes bytes_of(const struct strbuf *b)
{
	return (struct bytes){ (const uint8_t *)b->s, b->n };
}

static void add_letters(struct strbuf *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_add_n(b, "a", 1);
}

/* One macro of 60,000 bytes, used by every line: inside of one entry, and in thousands of them. */
static void test_limine_macros(void **state)
{
	for (int entries = 0; entries < 2; entries++) {
		_cleanup_strbuf_ struct strbuf text = { 0 };
		struct limine_facts facts = { .machine = "x86_64", .last_row = -1 };
		struct boot_menu menu = { 0 };

		strbuf_add(&text, "${A}=");
		add_letters(&text, 60000);
		strbuf_add(&text, "\n/first\nprotocol: linux\n");
		for (int i = 0; i < 4000; i++)
			strbuf_addf(&text,
				    entries ? "/e%d\ncmdline: ${A}\n"
					    : "module_path: boot():/%d${A}\n",
				    i);
		assert_int_equal(limine_parse(bytes_of(&text), &facts, &menu), BUDGET_SPENT);
		assert_null(menu.entries);
	}
}

/* APPEND before the first label holds for all of them. */
static void test_extlinux_append(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct boot_menu menu = { 0 };

	strbuf_add(&text, "APPEND ");
	add_letters(&text, 1 << 20);
	for (int i = 0; i < 60; i++)
		strbuf_addf(&text, "\nLABEL l%d\nKERNEL /k", i);
	assert_int_equal(extlinux_parse(bytes_of(&text), false, NULL, &menu), 0);
	boot_menu_done(&menu);
	for (int i = 60; i < 70; i++)
		strbuf_addf(&text, "\nLABEL l%d\nKERNEL /k", i);
	assert_int_equal(extlinux_parse(bytes_of(&text), false, NULL, &menu), BUDGET_SPENT);
}

/* ---- tables of mounts */

/* Which mounts are hidden, by the definition: a later line mounts at the same directory, or one
 * above it. */
static void expect_as_defined(const char *const *dirs, size_t n)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct mounts m;
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&text, "%zu 1 8:1 / %s rw - ext4 /dev/%zu rw\n", i, dirs[i], i);
	assert_int_equal(mounts_parse_mountinfo(bytes_of(&text), "/", &m), 0);
	for (size_t i = 0; i < n; i++) {
		bool covered = false;
		char source[32];

		for (size_t k = i + 1; k < n; k++)
			covered |= path_below(dirs[i], dirs[k]) != NULL;
		if (covered)
			continue;
		(void)snprintf(source, sizeof(source), "/dev/%zu", i);
		assert_true(at < m.n);
		assert_string_equal(m.v[at++].source, source);
	}
	assert_int_equal(at, m.n);
	mounts_done(&m);
}

static void test_mounts_random(void **state)
{
	static const char *const names[] = { "/",    "/a",     "/a/b", "/a-b", "/a/b/c", "/a.b",
					     "/a/c", "/a/b-c", "/b",   "/b/a", "/ab",	 "/a-b/c" };
	const char *dirs[24];

	srandom(7);
	for (int round = 0; round < 5000; round++) {
		size_t n = (size_t)random() % ARRAY_SIZE(dirs);

		for (size_t i = 0; i < n; i++)
			dirs[i] = names[(size_t)random() % ARRAY_SIZE(names)];
		expect_as_defined(dirs, n);
	}
}

/* Processor time of reading a table of @n mounts. */
static clock_t time_of_mounts(int n)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct mounts m;
	clock_t begin, end;

	for (int i = 0; i < n; i++)
		strbuf_addf(&text, "%d 1 0:%d / /var/lib/c/%d/shm rw - xfs /dev/vda rw\n", i, i, i);
	begin = clock();
	assert_int_equal(mounts_parse_mountinfo(bytes_of(&text), "/", &m), 0);
	end = clock();
	assert_int_equal(m.n, n);
	mounts_done(&m);
	return end - begin;
}

/* A host of containers: three times the kernel's own limit, in a time that grows with the table and not
 * with its square, which would take 100 times as long for ten times the mounts. Times of one process
 * are compared, since an emulated or busy processor has no time of its own to rely on. */
static void test_mounts_many(void **state)
{
	const clock_t few = time_of_mounts(30000);

	assert_true(time_of_mounts(300000) < 40 * few + CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_no_wrap),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_limine_macros),
		cmocka_unit_test(test_extlinux_append),
		cmocka_unit_test(test_mounts_random),
		cmocka_unit_test(test_mounts_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
