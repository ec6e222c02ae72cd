// SPDX-License-Identifier: LGPL-2.1-or-later
/* Words that shorten a kernel's start. Source: Documentation/admin-guide/kernel-parameters.txt. */
#include <stdlib.h>
#include <string.h>

#include "reboot/tune.h"
#include "tests/unit/cmocka-shim.h"

static const struct {
	const char *names, *cmdline, *words, *told;
} rows[] = {
	{ "selftests", "root=/dev/vda1 ro", "cryptomgr.notests",
	  "cryptomgr.notests: the kernel does not" },
	{ "selftests", NULL, "cryptomgr.notests", "cryptomgr.notests" },
	{ "console,selftests", "ro", "quiet cryptomgr.notests", "; cryptomgr.notests" },
	{ " console ,\tconsole", "ro", "quiet", "quiet: the console" },
	/* FIPS 140 wants them; whoever wants messages has said so */
	{ "selftests", "ro fips=1", "", "selftests: left out, since fips=1 is there" },
	{ "console", "ro loglevel=7", "", "console: left out, since loglevel=7 is there" },
	{ "console", "quiet ro", "", "console: left out, since quiet is there" },
	{ "console", "\"x=a debug\" ro", "quiet", "quiet" },
	{ "console", "ignore-loglevel", "", "since ignore-loglevel is there" },
};

static void test_words(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_strbuf_ struct strbuf words = { 0 }, told = { 0 };

		assert_true(tune_is_valid(rows[i].names));
		tune_add(rows[i].names, rows[i].cmdline, &words, &told);
		assert_string_equal(words.n ? words.s : "", rows[i].words);
		if (!strstr(told.s, rows[i].told))
			fail_msg("row %zu: %s", i, told.s);
	}
}

/* What weakens a machine has no name here, whatever it would save. */
static void test_names(void **state)
{
	static const char *const wrong[] = { "",
					     " ,",
					     "mitigations",
					     "mitigations=off",
					     "selftest",
					     "console,audit=0",
					     "init_on_alloc",
					     "all" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(tune_is_valid(wrong[i]));
	assert_true(tune_is_valid(tune_names()));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words),
					    cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
