// SPDX-License-Identifier: LGPL-2.1-or-later
/* Replacing files while other processes read or replace them, or are killed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/io.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

enum { SIZE = 3000, WRITERS = 3, REPLACED = 300, KILLED = 60 };

static char path[100];

static _Noreturn void write_on(char letter, int times)
{
	char text[SIZE];

	memset(text, letter, sizeof(text));
	for (int i = 0; times == 0 || i < times; i++)
		if (file_replace_in(ROOT_HERE, path, 0600, text, sizeof(text), false) < 0)
			_exit(1);
	_exit(0);
}

static void expect_whole(void)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;

	assert_int_equal(read_file_in(ROOT_HERE, path, 1 << 20, &text, &n), 0);
	assert_int_equal(n, SIZE);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(text[i], text[0]);
}

static void expect_alone(const struct root *root)
{
	_cleanup_names_ struct names names = { 0 };

	assert_int_equal(list_in(ROOT_HERE, root->path, &names), 0);
	assert_int_equal(names.n, 1);
	assert_string_equal(names.v[0], "file");
}

static void setup(struct root *root)
{
	char text[SIZE];

	root_new(root);
	(void)snprintf(path, sizeof(path), "%s/file", root->path);
	memset(text, '0', sizeof(text));
	assert_int_equal(file_replace_in(ROOT_HERE, path, 0600, text, sizeof(text), true), 0);
}

/* A reader gets the complete file of one of the writers. */
static void test_writers(void **state)
{
	struct root root;
	int left = WRITERS, status;

	setup(&root);
	for (int w = 0; w < WRITERS; w++)
		if (fork() == 0)
			write_on((char)('a' + w), REPLACED);
	while (left > 0) {
		expect_whole();
		if (waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			left--;
		}
	}
	expect_alone(&root);
	root_free(&root);
}

/* A writer may be killed at any moment: the file is complete, and the next writer removes what the
 * killed one left. */
static void test_killed(void **state)
{
	struct root root;
	struct stat st;

	setup(&root);
	srandom(5);
	for (int i = 0; i < KILLED; i++) {
		pid_t pid[2];

		for (int w = 0; w < 2; w++) {
			pid[w] = fork();
			if (pid[w] == 0)
				write_on((char)('a' + w), 0);
		}
		assert_int_equal(usleep((useconds_t)(random() % 5000)), 0);
		for (int w = 0; w < 2; w++) {
			assert_int_equal(kill(pid[w], SIGKILL), 0);
			assert_int_equal(waitpid(pid[w], NULL, 0), pid[w]);
		}
		expect_whole();
	}
	assert_int_equal(
		file_replace_in(ROOT_HERE, path, 0640, path, SIZE > sizeof(path) ? 10 : 0, true),
		0);
	expect_alone(&root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 10);
	root_free(&root);
}

/* What a writer that was killed before had left under names of the same form, and what has only a
 * similar name and is somebody else's. */
static void test_leftovers(void **state)
{
	struct root root;

	setup(&root);
	root_put(&root, "/.file.0.new", "half");
	root_put(&root, "/.file.4711.new", "half");
	root_put(&root, "/.file.new", "other");
	root_put(&root, "/.files.1.new", "other");
	assert_int_equal(file_replace_in(ROOT_HERE, path, 0600, "x", 1, false), 0);
	assert_int_equal(exists_in(ROOT_HERE, path), 1);
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = { ".file.0.new", ".file.4711.new", ".file.new",
						     ".files.1.new" };
		char other[200];

		(void)snprintf(other, sizeof(other), "%s/%s", root.path, names[i]);
		assert_int_equal(exists_in(ROOT_HERE, other), i >= 2);
	}
	root_free(&root);
}

/* A directory in the place of the file: nothing is lost, nothing is left. */
static void test_in_the_way(void **state)
{
	_cleanup_names_ struct names names = { 0 };
	struct root root;

	setup(&root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_replace_in(ROOT_HERE, path, 0600, "x", 1, false), -EISDIR);
	assert_int_equal(list_in(ROOT_HERE, root.path, &names), 0);
	assert_int_equal(names.n, 1);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
