// SPDX-License-Identifier: LGPL-2.1-or-later
/* The note of files that were unpacked without a fault: what is no line of it, or may be somebody else's, says
 * nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/unpacked.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define LINE "00000000000000aa 00000000000000bb\n"

static struct root root;
static int fd;

static void setup(void)
{
	root_new(&root);
	fd = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
}

static void teardown(void)
{
	(void)close(fd);
	root_free(&root);
}

/* What is noted of @files, 0 when nothing is. */
static uint64_t noted(uint64_t files)
{
	uint64_t contents;

	return unpacked_find(fd, files, &contents) ? contents : 0;
}

static void test_note(void **state)
{
	setup();
	assert_int_equal(noted(1), 0);
	for (uint64_t i = 1; i <= UNPACKED_LINES_MAX; i++)
		assert_int_equal(unpacked_note(fd, &(struct unpacked){ i, i << 60 | 7 }), 0);
	assert_int_equal(noted(1), UINT64_C(0x1000000000000007));
	/* the same files with other contents take the place of their line, and no other's */
	assert_int_equal(unpacked_note(fd, &(struct unpacked){ 2, 9 }), 0);
	assert_int_equal(noted(2), 9);
	assert_int_equal(noted(1), UINT64_C(0x1000000000000007));
	/* one line more than there is room for: the oldest goes */
	assert_int_equal(unpacked_note(fd, &(struct unpacked){ 99, 8 }), 0);
	assert_int_equal(noted(99), 8);
	assert_int_equal(noted(1), 0);
	assert_int_equal(noted(3), UINT64_C(0x3000000000000007));
	teardown();
}

static void test_other_text(void **state)
{
	static const struct {
		const char *text;
		uint64_t found;
	} rows[] = {
		{ LINE, 0xbb },
		{ "something else\n" LINE, 0xbb },
		{ "", 0 },
		{ "00000000000000aa 00000000000000b\n", 0 },
		{ "00000000000000aa 00000000000000bb7\n", 0 },
		{ "00000000000000aa-00000000000000bb\n", 0 },
		{ "00000000000000aa 00000000000000bg\n", 0 },
		{ "00000000000000AA 00000000000000bb\n", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup();
		root_put(&root, UNPACKED, rows[i].text);
		assert_int_equal(noted(0xaa), rows[i].found);
		teardown();
	}
}

/* Whoever can write to it could call a damaged file whole. */
static void test_owner(void **state)
{
	static const struct {
		mode_t mode;
		uint64_t found;
	} rows[] = { { 0600, 0xbb }, { 0644, 0xbb }, { 0620, 0 }, { 0602, 0 } };

	setup();
	root_put(&root, UNPACKED, LINE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(fchmodat(fd, &UNPACKED[1], rows[i].mode, 0), 0);
		assert_int_equal(noted(0xaa), rows[i].found);
	}
	assert_int_equal(fchmodat(fd, &UNPACKED[1], 0600, 0), 0);
	assert_int_equal(renameat(fd, &UNPACKED[1], fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("/elsewhere", fd, &UNPACKED[1]), 0);
	assert_int_equal(noted(0xaa), 0);
	teardown();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_other_text),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
