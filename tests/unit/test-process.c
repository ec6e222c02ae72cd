// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs whose output is kept back: real ones, by sh(1). And what of it is told. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handover/init.h"
#include "sys/process.h"
#include "sys/sys.h"
#include "tests/unit/cmocka-shim.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int run(const char *script, char **ret)
{
	char *const argv[] = { strdup("/bin/sh"), strdup("-c"), strdup(script), NULL };
	int r = process_run_quiet(sys_machine(), argv, "SETTING=yes", ret);

	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	return r;
}

static void test_kept(void **state)
{
	char *said = NULL;

	/* in the order in which it was said, whatever stream it was said to */
	assert_int_equal(run("echo one; echo two >&2; echo $SETTING; exit 3", &said), 3);
	assert_string_equal(said, "one\ntwo\nyes\n");
	free(said);
	said = NULL;
	assert_int_equal(run("kill -TERM $$", &said), 128 + 15);
	assert_string_equal(said, "");
	free(said);
}

/* What stays behind and has the output open is not waited for. */
static void test_left_behind(void **state)
{
	char *said = NULL;
	struct timespec begin, end;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(run("echo begun; sleep 60 & exit 0", &said), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	assert_string_equal(said, "begun\n");
	assert_true(end.tv_sec - begin.tv_sec < 30);
	free(said);
}

static void test_said(void **state)
{
	static const struct {
		const char *output, *said;
	} cases[] = {
		{ NULL, "" },
		{ "", "" },
		{ "\n\n", "" },
		{ "Access denied\n", ": Access denied" },
		{ "Created symlink a -> b.\nFailed: no\r\n\n", ": Failed: no" },
		{ "no newline", ": no newline" },
	};
	char last[CALL_SAID_MAX], many[2 * CALL_SAID_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(call_said(cases[i].output, last), cases[i].said);
	memset(many, 'x', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_int_equal(strlen(call_said(many, last)), CALL_SAID_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
