// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs real programs as hooks, in a directory that stands for the machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "handover/hooks.h"
#include "handover/init.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct sys machine;
static char told[4096];

static void tell(void *data, enum tell kind, const char *sentence)
{
	strncat(told, sentence, sizeof(told) - strlen(told) - 1);
	strncat(told, "\n", sizeof(told) - strlen(told) - 1);
}

static void hook(struct root *root, const char *path, const char *body, unsigned mode)
{
	char text[512], whole[200];

	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	root_put(root, path, text);
	(void)snprintf(whole, sizeof(whole), "%s%s", root->path, path);
	assert_int_equal(chmod(whole, mode), 0);
}

static struct hooks_answer run(unsigned timeout_s)
{
	const struct teller teller = { tell, NULL };
	const struct hooks hooks = {
		.directory = "/etc/rapidreboot/hooks.d",
		.stage = "pre-handover",
		.entry = "Debian GNU/Linux, \"x\"",
		.setting = "RAPIDREBOOT_X=y z",
		.timeout_s = timeout_s,
		.teller = &teller,
	};
	struct hooks_answer answer;

	told[0] = '\0';
	hooks_run(&machine, &hooks, &answer);
	return answer;
}

static void setup(struct root *root)
{
	root_new(root);
	machine.root = root->path;
}

static void test_none(void **state)
{
	struct hooks_answer answer;
	struct root root;

	setup(&root);
	answer = run(5);
	assert_int_equal(answer.n_run, 0);
	assert_string_equal(answer.text, "");
	root_free(&root);
}

static void test_arguments(void **state)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct hooks_answer answer;
	char path[200];
	struct root root;
	size_t n;

	setup(&root);
	hook(&root, "/etc/rapidreboot/hooks.d/10-a",
	     "read line && exit 9\n"
	     "printf '%s|' \"$@\" \"$RAPIDREBOOT_X\" \"${HOME-unset}\" >\"$0.out\"",
	     0755);
	hook(&root, "/etc/rapidreboot/hooks.d/20-b", "exit 7", 0755);
	hook(&root, "/etc/rapidreboot/hooks.d/25-lock", "exit 75", 0755);
	hook(&root, "/usr/lib/rapidreboot/hooks.d/15-c", "kill -9 $$", 0755);
	hook(&root, "/usr/lib/rapidreboot/hooks.d/20-b", "exit 8", 0755);
	hook(&root, "/etc/rapidreboot/hooks.d/30-off", "exit 1", 0644);
	hook(&root, "/etc/rapidreboot/hooks.d/40-open", "exit 1", 0775);
	root_put(&root, "/etc/rapidreboot/hooks.d/50-folder/x", "");
	hook(&root, "/usr/lib/rapidreboot/hooks.d/60-masked", "exit 1", 0755);
	root_link(&root, "/etc/rapidreboot/hooks.d/60-masked", "/dev/null");
	answer = run(30);
	assert_string_equal(answer.text, "10-a=0 15-c=137 20-b=7 25-lock=75 40-open=refused");
	assert_int_equal(answer.n_run, 4);
	assert_int_equal(answer.n_failed, 4);
	assert_int_equal(answer.n_later, 1);
	assert_non_null(strstr(told, "20-b (pre-handover): exit status 7"));
	assert_non_null(strstr(told, "40-open (pre-handover): not run"));
	(void)snprintf(path, sizeof(path), "%s/etc/rapidreboot/hooks.d/10-a.out", root.path);
	assert_int_equal(read_file_in(ROOT_HERE, path, 4096, &text, &n), 0);
	assert_int_equal(n, strlen("pre-handover|Debian GNU/Linux, \"x\"|y z|unset|"));
	assert_memory_equal(text, "pre-handover|Debian GNU/Linux, \"x\"|y z|unset|", n);
	root_free(&root);
}

static unsigned seconds_of(void (*what)(void))
{
	const time_t from = time(NULL);

	what();
	return (unsigned)(time(NULL) - from);
}

static struct hooks_answer last;

static void run_one_second(void)
{
	last = run(1);
}

/* SIGTERM ends a hook and what it has started; one that does not care gets SIGKILL five seconds
 * later. Generous above, since a busy machine is slow, but less than the hook would take. */
static void test_time(void **state)
{
	struct root root;

	setup(&root);
	hook(&root, "/etc/rapidreboot/hooks.d/10-sleeps", "sleep 300 & sleep 300", 0755);
	assert_in_range(seconds_of(run_one_second), 1, 250);
	assert_string_equal(last.text, "10-sleeps=timeout");
	assert_int_equal(last.n_failed, 1);
	assert_non_null(strstr(told, "ended after 1 s"));
	hook(&root, "/etc/rapidreboot/hooks.d/10-sleeps", "trap '' TERM\nwhile :; do sleep 1; done",
	     0755);
	assert_in_range(seconds_of(run_one_second), 5, 250);
	assert_string_equal(last.text, "10-sleeps=timeout");
	root_free(&root);
}

static void test_not_a_program(void **state)
{
	struct hooks_answer answer;
	char path[200];
	struct root root;

	setup(&root);
	root_put(&root, "/etc/rapidreboot/hooks.d/10-x", "#!/nonexistent/interpreter\n");
	(void)snprintf(path, sizeof(path), "%s/etc/rapidreboot/hooks.d/10-x", root.path);
	assert_int_equal(chmod(path, 0755), 0);
	answer = run(5);
	assert_int_equal(answer.n_failed, 1);
	assert_non_null(strstr(told, "cannot be started"));
	root_free(&root);
}

static void change_mode(struct root *root, const char *path, unsigned mode)
{
	char whole[200];

	(void)snprintf(whole, sizeof(whole), "%s%s", root->path, path);
	assert_int_equal(chmod(whole, mode), 0);
}

/* When others than root can write to a directory on the way, no hook of it is run, and that counts
 * as a failure. */
static void test_untrusted_directory(void **state)
{
	static const char *const directories[] = { "/etc", "/etc/rapidreboot",
						   "/etc/rapidreboot/hooks.d" };

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		struct hooks_answer answer;
		struct root root;

		setup(&root);
		hook(&root, "/etc/rapidreboot/hooks.d/10-a", "exit 0", 0755);
		change_mode(&root, directories[i], 0777);
		answer = run(5);
		assert_int_equal(answer.n_run, 0);
		assert_int_equal(answer.n_failed, 1);
		assert_non_null(strstr(told, "others than root can change it"));
		root_free(&root);
	}
}

/* A file in place of the directory, or a link to itself: counts as a hook that fails. */
static void test_unreadable(void **state)
{
	struct hooks_answer answer;
	struct root root;

	setup(&root);
	root_put(&root, "/etc/rapidreboot/hooks.d", "x");
	answer = run(5);
	assert_int_equal(answer.n_failed, 1);
	root_free(&root);

	setup(&root);
	root_link(&root, "/usr/lib/rapidreboot/hooks.d/10-loop", "10-loop");
	answer = run(5);
	assert_int_equal(answer.n_failed, 1);
	assert_string_equal(answer.text, "10-loop=refused");
	root_free(&root);
}

/* As many as there is room for, and one more. */
static void test_too_many(void **state)
{
	struct hooks_answer answer;
	char path[100];
	struct root root;

	setup(&root);
	for (int i = 0; i < 128; i++) {
		(void)snprintf(path, sizeof(path), "/etc/rapidreboot/hooks.d/%03d", i);
		hook(&root, path, "exit 0", 0755);
	}
	answer = run(30);
	assert_int_equal(answer.n_run, 128);
	assert_int_equal(answer.n_failed, 0);
	/* the same name again takes no room */
	hook(&root, "/usr/lib/rapidreboot/hooks.d/000", "exit 1", 0755);
	assert_int_equal(run(30).n_failed, 0);
	hook(&root, "/usr/lib/rapidreboot/hooks.d/guard", "exit 1", 0755);
	answer = run(30);
	assert_int_equal(answer.n_run, 0);
	assert_int_equal(answer.n_failed, 1);
	assert_string_equal(answer.text, "hooks=too-many");
	root_free(&root);
}

/* A person's message is never an option of the program that shows it. */
static void test_operand(void **state)
{
	struct reboot_call call = { 0 };

	assert_int_equal(call_operand(&call, "disk change", NULL), 0);
	assert_int_equal(call_operand(&call, "-P", NULL), 0);
	assert_int_equal(call.n_words, 3);
	assert_string_equal(call.words[0], "disk change");
	assert_string_equal(call.words[1], "--");
	assert_string_equal(call.words[2], "-P");
	reboot_call_done(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operand),	      cmocka_unit_test(test_none),
		cmocka_unit_test(test_arguments),     cmocka_unit_test(test_time),
		cmocka_unit_test(test_not_a_program), cmocka_unit_test(test_untrusted_directory),
		cmocka_unit_test(test_unreadable),    cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
