// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs of ours at the same time, in every order of their system calls: never an image without its
 * pages, never pages without an owner, never a jump into nothing. Pairs; with the argument "three" (make
 * check-long) any three of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/race-machine.h"

/* ---- the scheduler */

static const struct baton_step steps[] = {
	{ .name = "same", .writes = 1 },
	{ .name = "other", .writes = 2 },
	{ .name = "look", .reads = 1 },
};
static bool is_locked;

static void count_begin(void *data)
{
	is_locked = false;
}

static const char *count_check(void *data)
{
	return NULL;
}

static bool count_is_free(void *data, const char *lock)
{
	return !is_locked;
}

/* A word has the steps of an actor: s and o write, l reads, ( and ) take and release the lock. */
static void count_act(void *data, size_t actor)
{
	const char *const *words = data;

	for (const char *p = words[actor]; *p; p++) {
		const struct baton_step lock = { .name = "lock", .writes = 4, .lock = "lock" };

		if (*p == ')')
			is_locked = false;
		else
			baton_turn(*p == '(' ? &lock : &steps[*p == 's' ? 0 : *p == 'o' ? 1 : 2]);
		if (*p == '(')
			is_locked = true;
	}
}

/* Steps that touch the same can be mixed in (sum of n_i)! / product of n_i! ways; others in one. */
static void test_number_of_orders(void **state)
{
	static const struct {
		const char *words[BATON_ACTORS_MAX];
		size_t n, orders;
	} rows[] = {
		{ { "s", "s" }, 2, 2 },
		{ { "ss", "ss" }, 2, 6 },
		{ { "sss", "sss" }, 2, 20 },
		{ { "ssss", "sss" }, 2, 35 },
		{ { "sss", "ooo" }, 2, 1 },
		{ { "lll", "lll" }, 2, 1 },
		{ { "s", "lll" }, 2, 4 },
		/* s before, between or after the two l leaves 2, 3 and 2 places for the o of the other */
		{ { "oso", "lol" }, 2, 7 },
		{ { "(sss)", "(sss)" }, 2, 2 },
		{ { "(s)(s)", "(s)(s)" }, 2, 6 },
		{ { "s", "s", "s" }, 3, 6 },
		{ { "ss", "ss", "ss" }, 3, 90 },
		{ { "ss", "ss", "oo" }, 3, 6 },
		{ { "(ss)", "(ss)", "(ss)" }, 3, 6 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct baton_game game = { .data = (void *)(uintptr_t)rows[i].words,
						 .n_actors = rows[i].n,
						 .act = count_act,
						 .begin = count_begin,
						 .check = count_check,
						 .end = count_check,
						 .is_free = count_is_free };
		struct baton_result result;

		baton_explore(&game, 10000, &result);
		assert_string_equal(result.wrong, "");
		if (result.n_orders != rows[i].orders)
			fail_msg("row %zu: %zu orders, expected %zu", i, result.n_orders,
				 rows[i].orders);
	}
}

/* ---- our programs */

static size_t n_orders;

static void explore(const struct race *what, struct baton_result *ret)
{
	struct race race = *what;

	race_new(&race);
	race_run(&race, ret);
	race_free(&race);
	n_orders += ret->n_orders;
}

static void never_wrong(const struct race *what)
{
	struct baton_result result;

	explore(what, &result);
	if (!result.wrong[0])
		return;
	print_error("first %s; then", race_first_names[what->first]);
	for (size_t i = 0; i < what->n_ops; i++)
		print_error("%s %c: %s", i ? "," : "", (char)('A' + i),
			    race_op_names[what->ops[i]]);
	fail_msg(": %s\n%s", result.wrong, result.trace);
}

static void test_two(void **state)
{
	for (enum race_first first = 0; first < RACE_FIRSTS; first++)
		for (enum race_op a = 0; a < RACE_OPS; a++)
			for (enum race_op b = a; b < RACE_OPS; b++)
				never_wrong(&(struct race){
					.first = first, .n_ops = 2, .ops = { a, b } });
	print_message("%zu orders\n", n_orders);
}

static void test_three(void **state)
{
	for (enum race_first first = 0; first < RACE_FIRSTS; first++)
		for (enum race_op a = 0; a < RACE_OPS; a++)
			for (enum race_op b = a; b < RACE_OPS; b++)
				for (enum race_op c = b; c < RACE_OPS; c++)
					never_wrong(&(struct race){
						.first = first, .n_ops = 3, .ops = { a, b, c } });
	print_message("%zu orders\n", n_orders);
}

/* The lock is what keeps the rules: without it each is broken in some order. */
static void test_without_lock(void **state)
{
	static const char no_pages[] =
		"an image w"; /* without its pages, or whose pages were wiped */
	static const struct {
		struct race race;
		const char *wrong;
	} rows[] = {
		/* between the system call of one and its release another one loads */
		{ { .first = RACE_LOADED_IN_PLACE,
		    .ops = { RACE_UNLOAD, RACE_IN_PLACE },
		    .only_images = true },
		  no_pages },
		{ { .first = RACE_NOTHING,
		    .ops = { RACE_COPY, RACE_IN_PLACE },
		    .only_images = true },
		  no_pages },
		{ { .first = RACE_NOTHING,
		    .ops = { RACE_FILE, RACE_IN_PLACE },
		    .only_images = true },
		  no_pages },
		{ { .first = RACE_LOADED_IN_PLACE, .ops = { RACE_UNLOAD, RACE_IN_PLACE } },
		  "pages without an owner" },
		{ { .first = RACE_LOADED_IN_PLACE, .ops = { RACE_HOOK, RACE_UNLOAD } },
		  "a jump without an image" },
		{ { .first = RACE_NOTHING, .ops = { RACE_IN_PLACE, RACE_IN_PLACE } }, "" },
		{ { .first = RACE_LOADED_IN_PLACE, .ops = { RACE_CANCEL, RACE_IN_PLACE } }, "" },
		{ { .first = RACE_LOADED_IN_PLACE, .ops = { RACE_POWEROFF, RACE_IN_PLACE } }, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct race race = rows[i].race;
		struct baton_result result;

		race.n_ops = 2;
		race.no_lock = true;
		race.max_switches = 1;
		explore(&race, &result);
		if (!result.wrong[0] || !strstr(result.wrong, rows[i].wrong))
			fail_msg("row %zu: \"%s\", expected \"%s\"", i, result.wrong,
				 rows[i].wrong);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest two[] = {
		cmocka_unit_test(test_number_of_orders),
		cmocka_unit_test(test_without_lock),
		cmocka_unit_test(test_two),
	};
	const struct CMUnitTest three[] = { cmocka_unit_test(test_three) };

	/* files are made and removed a thousand times */
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	if (argc > 1 && strcmp(argv[1], "three") == 0)
		return cmocka_run_group_tests(three, NULL, NULL);
	return cmocka_run_group_tests(two, NULL, NULL);
}
