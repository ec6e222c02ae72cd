// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines for a person: they end between words and fit the terminal, whatever the words are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/page.h"
#include "tests/unit/cmocka-shim.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text;
	size_t used, indent, columns;
	const char *lines;
} cases[] = {
	{ "one two three", 0, 0, 0, "one two three" },
	{ "one two three", 0, 0, 13, "one two three" },
	{ "one two three", 0, 0, 12, "one two\nthree" },
	{ "one two three", 0, 2, 7, "one two\n  three" },
	/* the first line has something in it already */
	{ "one two", 6, 6, 10, "one\n      two" },
	{ "one two", 6, 6, 13, "one two" },
	/* a word that no line has room for stays whole, and does not leave an empty line before it */
	{ "/a/very/long/path is gone", 3, 3, 8, "/a/very/long/path\n   is\n   gone" },
	{ "see /a/very/long/path", 3, 3, 8, "see\n   /a/very/long/path" },
	/* characters, not bytes: each of these has two */
	{ "\u00e4\u00f6 \u00fc\u00df x", 0, 0, 7, "\u00e4\u00f6 \u00fc\u00df x" },
	{ "\u00e4\u00f6 \u00fc\u00df x", 0, 0, 6, "\u00e4\u00f6 \u00fc\u00df\nx" },
	{ "", 5, 5, 80, "" },
	{ "a  b", 0, 0, 80, "a  b" },
	{ "a b ", 0, 0, 80, "a b " },
};

static void test_wrap(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf b = { 0 };

		page_wrap(cases[i].text, cases[i].used, cases[i].indent, cases[i].columns, &b);
		assert_string_equal(b.s ? b.s : "", cases[i].lines);
	}
}

/* What is no terminal has long lines and no colours, unless it is asked for. */
static void test_file(void **state)
{
	static const struct {
		enum page_colors colors;
		const char *want;
	} files[] = {
		{ PAGE_COLORS_AUTO, "B1  refuse    not here\n" },
		{ PAGE_COLORS_ALWAYS, "B1  \033[0;1;31mrefuse\033[0m    not here\n" },
		{ PAGE_COLORS_NEVER, "B1  refuse    not here\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *text = NULL;
		size_t n;
		FILE *f = open_memstream(&text, &n);

		page_use_colors(files[i].colors);
		fputs("B1  ", f);
		page_word(f, PAGE_RED, 10, "refuse");
		page_text(f, 14, "not here");
		(void)fclose(f);
		assert_string_equal(text, files[i].want);
		free(text);
	}
	page_use_colors(PAGE_COLORS_AUTO);
}

/* What others wrote controls nothing, a newline in it either. */
static void test_controls(void **state)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	page_field(f, 8, "Title:", "%s", "a\033[2Jb\nc");
	page_paragraphs(f, "one\ntwo\n\nthree\n  a list\n  of two");
	(void)fclose(f);
	assert_string_equal(text, "Title:  a?[2Jb?c\none two\n\nthree\n  a list\n  of two\n");
	free(text);
}

static void test_plural(void **state)
{
	assert_string_equal(plural(0), "s");
	assert_string_equal(plural(1), "");
	assert_string_equal(plural(2), "s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_plural),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
