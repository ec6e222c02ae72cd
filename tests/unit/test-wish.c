// SPDX-License-Identifier: LGPL-2.1-or-later
/* The written form of a wish: what is written is read back, and anything else is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reboot/wish.h"

static void expect_text(const struct wish *wish, const char *expected)
{
	char *text;

	assert_int_equal(wish_write(wish, &text), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void test_nothing(void **state)
{
	struct wish wish;

	assert_int_equal(wish_read("", &wish, NULL), 0);
	assert_false(wish_names_kernel(&wish));
	expect_text(&wish, "");
	wish_done(&wish);
}

/* By the table of keys in wish-text.c's documentation: one line a value, \xHH for what a line cannot hold. */
static void test_all(void **state)
{
	static const char text[] = "config /nonexistent/grub.cfg\n"
				   "type grub\n"
				   "firmware efi\n"
				   "grub-flavour rh\n"
				   "var a=1\n"
				   "var b=2\n"
				   "fs uuid:1=/mnt\n"
				   "entry \\x20Debian\\x0a GNU/Linux\\x5c\\x20\n"
				   "kernel /nonexistent/vmlinuz\n"
				   "initrd /nonexistent/a\n"
				   "initrd /nonexistent/b\n"
				   "cmdline root=/dev/sda1 quiet\n"
				   "reuse-cmdline yes\n"
				   "append debug\n"
				   "tune console\n"
				   "way file\n"
				   "safe yes\n"
				   "diet yes\n"
				   "force B4\n"
				   "ignore-inhibitors yes\n";
	struct kx_error err = { 0 };
	struct wish wish;

	assert_int_equal(wish_read(text, &wish, &err), 0);
	assert_string_equal(wish.entry, " Debian\n GNU/Linux\\ ");
	assert_int_equal(wish.firmware, KX_FIRMWARE_EFI);
	assert_int_equal(wish.way, KX_WAY_FILE);
	assert_int_equal(wish.initrds.n, 2);
	assert_string_equal(wish.initrds.v[1], "/nonexistent/b");
	assert_true(wish.reuse_cmdline && wish.safe && wish.diet && wish.ignore_inhibitors);
	assert_true(wish_names_kernel(&wish));
	expect_text(&wish, text);
	wish_done(&wish);
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"entry\n",	     "frob yes\n",    "entry \\x0\n",
		"entry \\\n",	     "entry \\x00\n", "entry \\xg0\n",
		"safe no\n",	     "way both\n",    "entry a\nentry b\n",
		"firmware u-boot\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct wish wish = { .entry = NULL };
		struct kx_error err = { 0 };

		assert_int_equal(wish_read(texts[i], &wish, &err), -EBADMSG);
		assert_int_equal(err.code, -EBADMSG);
		assert_null(wish.entry);
	}
}

/* Another place in the file is the same entry; other content is another one. */
static void test_pick(void **state)
{
	const char *const initrds[] = { "/boot/initrd" };
	struct kx_entry e = { .size = sizeof(e),
			      .id = "a",
			      .title = "Linux",
			      .kernel = "/boot/vmlinuz",
			      .n_initrds = 1,
			      .initrds = initrds,
			      .cmdline = "quiet",
			      .source_file = "/boot/grub/grub.cfg",
			      .source_line = 3 };
	struct pick *pick;

	assert_int_equal(pick_new(&e, &pick), 0);
	e.source_line = 9;
	assert_true(pick_is(pick, &e));
	e.cmdline = "quiet single";
	assert_false(pick_is(pick, &e));
	e.cmdline = "quiet";
	e.n_initrds = 0;
	assert_false(pick_is(pick, &e));
	assert_null(pick_free(pick));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_pick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
