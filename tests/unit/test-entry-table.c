// SPDX-License-Identifier: LGPL-2.1-or-later
/* The list of boot entries at the widths of terminals, written out by hand from rapidreboot(8), "list". */
#include <stdlib.h>
#include <string.h>

#include "cli/entry-table.h"
#include "tests/unit/cmocka-shim.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The heading, a line for each row, the legend. */
static void expect_menu(const struct entry_row *rows, size_t n, size_t columns, bool utf8,
			bool numbered, const char *want)
{
	struct entry_table table = { 0 };
	struct strbuf b = { 0 };

	assert_int_equal(entry_table_make(rows, n, utf8, &table), 0);
	entry_table_fit(&table, columns, numbered);
	entry_table_heading(&table, &b);
	for (size_t i = 0; i < n; i++)
		entry_table_row(&table, i, &b);
	entry_table_legend(&table, &b);
	assert_false(b.failed);
	assert_string_equal(b.s, want);
	strbuf_done(&b);
	entry_table_done(&table);
}

static void expect(const struct entry_row *rows, size_t n, size_t columns, bool utf8,
		   const char *want)
{
	expect_menu(rows, n, columns, utf8, true, want);
}

/* Debian's titles; the second has no version but in its kernel's name. */
static const struct entry_row debian[] = {
	{ .title = "Debian GNU/Linux",
	  .kernel = "/boot/vmlinuz-6.1.0-51-amd64",
	  .is_default = true,
	  .can_start = true },
	{ .title = "Debian GNU/Linux, with Linux 6.1.0-50-amd64 (recovery mode)",
	  .kernel = "/boot/vmlinuz-6.1.0-50-amd64",
	  .is_running = true,
	  .can_start = true },
	{ .title = "Memory test",
	  .version = "6.10",
	  .kernel = "/boot/memtest",
	  .n_notes = 2,
	  .can_start = true },
	{ .title = "UEFI Firmware Settings", .n_notes = 1 },
};

static void test_widths(void **state)
{
	expect(debian, ARRAY_SIZE(debian), 0, true,
	       "        TITLE                                                        VERSION         KERNEL\n"
	       "  0 *   Debian GNU/Linux                                             6.1.0-51-amd64  /boot/vmlinuz-6.1.0-51-amd64\n"
	       "  1  =  Debian GNU/Linux, with Linux 6.1.0-50-amd64 (recovery mode)  6.1.0-50-amd64  /boot/vmlinuz-6.1.0-50-amd64\n"
	       "  2   + Memory test                                                  6.10            /boot/memtest\n"
	       "  3   ! UEFI Firmware Settings\n"
	       "* next, = running, ! not by kexec, + notes: rapidreboot show N tells why\n");
	/* 8 + 59 + 2 + 14 + 2 + 28: one column less, and there is no room for the kernel */
	expect(debian, ARRAY_SIZE(debian), 112, true,
	       "        TITLE                                                        VERSION\n"
	       "  0 *   Debian GNU/Linux                                             6.1.0-51-amd64\n"
	       "  1  =  Debian GNU/Linux, with Linux 6.1.0-50-amd64 (recovery mode)  6.1.0-50-amd64\n"
	       "  2   + Memory test                                                  6.10\n"
	       "  3   ! UEFI Firmware Settings\n"
	       "* next, = running, ! not by kexec, + notes: rapidreboot show N tells why\n");
	expect(debian, ARRAY_SIZE(debian), 80, true,
	       "        TITLE                                                     VERSION\n"
	       "  0 *   Debian GNU/Linux                                          6.1.0-51-amd64\n"
	       "  1  =  Debian GNU/Linux, w…Linux 6.1.0-50-amd64 (recovery mode)  6.1.0-50-amd64\n"
	       "  2   + Memory test                                               6.10\n"
	       "  3   ! UEFI Firmware Settings\n"
	       "* next, = running, ! not by kexec, + notes: rapidreboot show N tells why\n");
	expect(debian, ARRAY_SIZE(debian), 60, false,
	       "        TITLE                                 VERSION\n"
	       "  0 *   Debian GNU/Linux                      6.1.0-51-amd64\n"
	       "  1  =  Debian GNU/...-amd64 (recovery mode)  6.1.0-50-amd64\n"
	       "  2   + Memory test                           6.10\n"
	       "  3   ! UEFI Firmware Settings\n"
	       "* next, = running, ! not by kexec, + notes: rapidreboot show N tells why\n");
	expect(debian, ARRAY_SIZE(debian), 40, true,
	       "        TITLE\n"
	       "  0 *   Debian GNU/Linux\n"
	       "  1  =  Debian GNU/…md64 (recovery mode)\n"
	       "  2   + Memory test\n"
	       "  3   ! UEFI Firmware Settings\n"
	       "* next, = running, ! not by kexec, + notes: rapidreboot show N tells why\n");
	expect(debian, ARRAY_SIZE(debian), 10, true,
	       "        T…\n"
	       "  0 *   D…\n"
	       "  1  =  D…\n"
	       "  2   + M…\n"
	       "  3   ! U…\n"
	       "* next, = running, ! not by kexec, + notes: rapidreboot show N tells why\n");
}

/* In the menu there are no numbers to type, and one command line may be a person's. */
static void test_menu(void **state)
{
	static const struct entry_row rows[] = {
		{ .title = "Test",
		  .version = "6.1",
		  .is_default = true,
		  .can_start = true,
		  .is_edited = true },
		{ .title = "Windows", .is_running = true },
	};

	expect_menu(rows, ARRAY_SIZE(rows), 80, true, false,
		    "    TITLE          VERSION\n"
		    "*   Test (edited)  6.1\n"
		    " =! Windows\n"
		    "* next, = running, ! not by kexec\n");
}

/* Several entries with one title: its version tells them apart, where that does not its id, and nothing where
 * there is none. What has no title is called by its id. Marks of one line only. */
static void test_titles(void **state)
{
	static const struct entry_row rows[] = {
		{ .title = "Fedora", .version = "6.8", .id = "a", .can_start = true },
		{ .title = "Arch",
		  .version = "6.8",
		  .id = "b",
		  .can_start = true,
		  .is_guessed = true },
		{ .title = "Fedora", .version = "6.9", .id = "c", .can_start = true },
		{ .title = "Fedora", .version = "6.9", .id = "d", .can_start = true },
		{ .title = "Other", .can_start = true },
		{ .title = "Other", .can_start = true },
		{ .id = "arch.conf", .kernel = "/vmlinuz-linux", .can_start = true },
	};

	expect(rows, ARRAY_SIZE(rows), 0, false,
	       "        TITLE         VERSION  KERNEL\n"
	       "  0     Fedora (6.8)  6.8\n"
	       "  1   ? Arch          6.8\n"
	       "  2     Fedora (c)    6.9\n"
	       "  3     Fedora (d)    6.9\n"
	       "  4     Other\n"
	       "  5     Other\n"
	       "  6     arch.conf              /vmlinuz-linux\n"
	       "? guessed: rapidreboot show N tells why\n");
}

/* Characters of several bytes count as one, and are not cut through. */
static void test_utf8(void **state)
{
	static const struct entry_row rows[] = {
		{ .title = "Système de récupération à utiliser", .can_start = true },
	};

	expect(rows, 1, 20, true, "        TITLE\n  0     Syst…tiliser\n");
	expect(rows, 1, 15, false, "        TITLE\n  0     Syst...\n");
	expect(rows, 1, 0, false, "        TITLE\n  0     Système de récupération à utiliser\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_menu),
		cmocka_unit_test(test_titles),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
