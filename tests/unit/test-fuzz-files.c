// SPDX-License-Identifier: LGPL-2.1-or-later
/* The tree of files of fuzz/files.h: what the harnesses' seeds mean, so that they reach what they are for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/files.h"
#include "tests/unit/cmocka-shim.h"

static struct files files;

static void decode(const char *config, const char *text)
{
	files_decode(&files, config, (struct bytes){ (const uint8_t *)text, strlen(text) });
}

/* The file as text, or the error as a number. */
static void expect(const char *device, const char *path, int code, const char *text)
{
	uint8_t *buf = NULL;
	size_t n = 0;

	assert_int_equal(files.fs.read(&files.fs, device, path, 100, &buf, &n), code);
	if (code == 0) {
		assert_int_equal(n, strlen(text));
		assert_memory_equal(buf, text, n);
	}
	free(buf);
}

static void test_tree(void **state)
{
	enum entry_file_type type;
	struct strlist names;

	decode("/boot/a.conf",
	       "first\x1c/boot/b\nsecond\x1c/boot/l>b\n\x1c/up>../boot\n\x1c/loop>loop\n"
	       "\x1c/d/\n\x1c/@disk/x\nthird\x1cno name\x1c/big\n"
	       "0123456789012345678901234567890123456789012345678901234567890123456789"
	       "0123456789012345678901234567890123456789");
	expect(ENTRY_SYSTEM, "/boot/a.conf", 0, "first");
	expect(NULL, "/boot/b", 0, "second");
	expect(NULL, "/boot/l", 0, "second");
	expect(NULL, "/up/l", 0, "second");
	expect("disk", "/x", 0, "third");
	expect("disk", "/boot/b", -ENOENT, NULL);
	expect("other", "/x", -ENODEV, NULL);
	expect(NULL, "/loop", -ELOOP, NULL);
	expect(NULL, "/d", -EISDIR, NULL);
	expect(NULL, "/big", -EFBIG, NULL);
	assert_int_equal(files.fs.type(&files.fs, NULL, "/d", &type), 0);
	assert_int_equal(type, ENTRY_FILE_DIRECTORY);
	assert_int_equal(files.fs.list(&files.fs, NULL, "/up", &names), 0);
	assert_int_equal(names.n, 3);
	strlist_done(&names);
}

static void test_budget(void **state)
{
	int r = 0;

	decode("/a", "x");
	for (size_t i = 0; r == 0 && i < 10000; i++) {
		uint8_t *buf;
		size_t n;

		r = files.fs.read(&files.fs, NULL, "/a", 100, &buf, &n);
		if (r == 0)
			free(buf);
	}
	assert_int_equal(r, BUDGET_SPENT);
}

/* An included file's entry is in the menu: the includes of a configuration are fuzzed. */
static void test_include(void **state)
{
	struct boot_find_opts opts = { .machine = "x86_64" };
	struct boot_menu menu;

	decode("/boot/extlinux/extlinux.conf",
	       "DEFAULT a\nINCLUDE link.cfg\n\x1c/boot/extlinux/link.cfg>/more.cfg\n"
	       "\x1c/more.cfg\nLABEL a\nLINUX /k\n\x1c/k\n");
	assert_int_equal(
		extlinux_read(&files.fs, &opts, "/boot/extlinux/extlinux.conf", &menu, NULL), 0);
	assert_int_equal(menu.n_entries, 1);
	assert_string_equal(menu.entries[0].kernel, "/k");
	assert_true(menu.entries[0].bootable);
	boot_menu_done(&menu);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tree),
					    cmocka_unit_test(test_budget),
					    cmocka_unit_test(test_include) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
