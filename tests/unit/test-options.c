// SPDX-License-Identifier: LGPL-2.1-or-later

/* Reading options by a table. Which words name which option is getopt_long(3)'s rule; the sentences
 * are ours. */

#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "tests/unit/cmocka-shim.h"

enum { DRAW = 1u << 0, ERASE = 1u << 1 };

struct options {
	bool quiet, helped;
	int colour, style;
	const char *title;
	struct opt_list files;
	unsigned met;
};

static const char *const colours[] = { "red", "green", "blue", NULL };

static bool has_dot(const char *value)
{
	return strchr(value, '.');
}

static bool take_style(void *facts, const struct opt_row *row, const char *value,
		       struct opt_problem *problem)
{
	((struct options *)facts)->style = atoi(value);
	return value[0] >= '0' && value[0] <= '9';
}

static const struct opt_row rows[] = {
	{ "quiet", 'q', ROW_FLAG(quiet), .takers = DRAW | ERASE, .help = "say nothing" },
	{ "colour", 'c', ROW_WORD(colour, "NAME", colours), .expected = "red, green or blue",
	  .takers = DRAW, .help = "paint with it" },
	{ "dotted", 0, ROW_VALUE(style, 7), .takers = DRAW, .help = "a style" },
	{ "dashed", 0, ROW_VALUE(style, 8), .takers = DRAW, .help = "a style" },
	{ "style", 0, ROW_TAKE(take_style, "N"), .expected = "a number", .takers = DRAW,
	  .help = "by its number,\nas the book has it" },
	{ "title", 't', ROW_TEXT(title, "TEXT"), .group = 1, .takers = DRAW, .help = "above it" },
	{ "file", 'f', ROW_LIST(files, "FILE.EXT"), .group = 1, .is_valid = has_dot,
	  .expected = "a name with a dot", .takers = DRAW | ERASE, .help = "may be repeated" },
	{ "all", 0, .group = 1, .takers = ERASE, .help = "everything" },
	{ "help", 'h', ROW_FLAG(helped), .takers = DRAW | ERASE, .group = 1, .help = "this" },
};

static bool met(void *facts, const struct opt_row *row, const char *value)
{
	struct options *o = facts;

	o->met++;
	return o->helped;
}

static const char *const takers[] = { "draw", "erase", NULL };
static const struct opt_group groups[] = { { "", DRAW }, { "What", DRAW | ERASE }, { NULL } };

static const struct opt_table table = {
	.program = "paint",
	.usage_status = 9,
	.rows = rows,
	.n_rows = ARRAY_SIZE(rows),
	.takers = takers,
	.groups = groups,
	.met = met,
};

enum { WORDS_MAX = 15 };

/* @line at its blanks; argv points into @buf. */
static int split(const char *line, char buf[200], char *argv[WORDS_MAX + 1])
{
	char *save = NULL, *word;
	int argc = 0;

	(void)snprintf(buf, 200, "%s", line);
	for (word = strtok_r(buf, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	return argc;
}

static void test_right(void **state)
{
	static const struct {
		const char *line;
		struct options want; /* without files */
		size_t n_files;
		int operand;
	} cases[] = {
		{ "draw", { 0 }, 0, 1 },
		{ "draw -q --colour=green", { .quiet = true, .colour = 2, .met = 2 }, 0, 3 },
		{ "draw --col blue x", { .colour = 3, .met = 1 }, 0, 3 },
		{ "draw x -cred y", { .colour = 1, .met = 1 }, 0, 2 },
		{ "draw --dotted --dashed", { .style = 8, .met = 2 }, 0, 3 },
		{ "draw --dashed --dotted", { .style = 7, .met = 2 }, 0, 3 },
		{ "draw --style 5", { .style = 5, .met = 1 }, 0, 3 },
		{ "draw -f a.b --file=c.d -fe.f", { .met = 3 }, 3, 5 },
		{ "draw -- -q", { 0 }, 0, 2 },
		{ "draw --help --nonsense", { .helped = true, .met = 1 }, 0, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct options o = { 0 };
		struct opt_problem problem;
		char buf[200], *argv[WORDS_MAX + 1];
		int argc = split(cases[i].line, buf, argv), operand = -1;

		assert_int_equal(options_read(&table, DRAW, argc, argv, &o, &operand, &problem), 0);
		assert_string_equal(problem.text, "");
		assert_int_equal(operand, cases[i].operand);
		assert_int_equal(o.quiet, cases[i].want.quiet);
		assert_int_equal(o.helped, cases[i].want.helped);
		assert_int_equal(o.colour, cases[i].want.colour);
		assert_int_equal(o.style, cases[i].want.style);
		assert_int_equal(o.met, cases[i].want.met);
		assert_int_equal(o.files.n, cases[i].n_files);
		free(o.files.v);
	}
}

static void test_values(void **state)
{
	struct options o = { 0 };
	struct opt_problem problem;
	char buf[200], *argv[WORDS_MAX + 1];
	int argc = split("draw -t one -f a.b word --title=two -f c.d", buf, argv), operand = -1;

	assert_int_equal(options_read(&table, DRAW, argc, argv, &o, &operand, &problem), 0);
	assert_string_equal(o.title, "two");
	assert_int_equal(o.files.n, 2);
	assert_string_equal(o.files.v[0], "a.b");
	assert_string_equal(o.files.v[1], "c.d");
	assert_string_equal(argv[operand], "word");
	assert_int_equal(options_operands(&table, DRAW, argc, argv, operand, 1, &problem), 0);
	assert_int_equal(options_operands(&table, DRAW, argc, argv, operand, 0, &problem), -EINVAL);
	assert_string_equal(problem.text, "paint: draw: 'word' is one word too many, try --help");
	assert_int_equal(problem.status, 9);
	free(o.files.v);
}

static void test_wrong(void **state)
{
	static const struct {
		unsigned taker;
		const char *line, *sentence;
	} cases[] = {
		{ DRAW, "x --qiet",
		  "draw: unrecognized option '--qiet' (did you mean '--quiet'?)" },
		{ DRAW, "x --tilte=y",
		  "draw: unrecognized option '--tilte=y' (did you mean '--title'?)" },
		{ DRAW, "x --nonsense", "draw: unrecognized option '--nonsense'" },
		{ ERASE, "x --title=y", "erase: unrecognized option '--title=y' (draw takes it)" },
		{ DRAW, "x --all", "draw: unrecognized option '--all' (erase takes it)" },
		{ DRAW, "x --d", "draw: option '--d' is ambiguous ('--dotted', '--dashed')" },
		{ ERASE, "x --d", "erase: unrecognized option '--d'" },
		{ DRAW, "x -z", "draw: invalid option -- 'z'" },
		{ ERASE, "x -t", "erase: invalid option -- 't'" },
		{ DRAW, "x -t", "draw: option requires an argument -- 't'" },
		{ DRAW, "x --title", "draw: option '--title' requires an argument" },
		{ DRAW, "x --quiet=y", "draw: option '--quiet' doesn't allow an argument" },
		{ DRAW, "x --dotted=y", "draw: option '--dotted' doesn't allow an argument" },
		{ DRAW, "x -c grean",
		  "draw: option '--colour' takes red, green or blue, not 'grean' (did you mean "
		  "'green'?)" },
		{ DRAW, "x -c yellow",
		  "draw: option '--colour' takes red, green or blue, not 'yellow'" },
		{ DRAW, "x --style=odd", "draw: option '--style' takes a number, not 'odd'" },
		{ DRAW, "x -f ab", "draw: option '--file' takes a name with a dot, not 'ab'" },
		/* the first one is told */
		{ DRAW, "x -c grey -z",
		  "draw: option '--colour' takes red, green or blue, not "
		  "'grey'" },
		{ 0, "x -z", "invalid option -- 'z'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct options o = { 0 };
		struct opt_problem problem;
		char buf[200], want[300], *argv[WORDS_MAX + 1];
		int argc = split(cases[i].line, buf, argv), operand;

		(void)snprintf(want, sizeof(want), "paint: %s, try --help", cases[i].sentence);
		assert_int_equal(
			options_read(&table, cases[i].taker, argc, argv, &o, &operand, &problem),
			-EINVAL);
		assert_string_equal(problem.text, want);
		assert_int_equal(problem.status, 9);
		assert_int_equal(o.files.n, 0);
		free(o.files.v);
	}
}

/* What cannot fit is cut off, never written past the end. */
static void test_long_word(void **state)
{
	struct options o = { 0 };
	struct opt_problem problem;
	char word[2000], name[] = "draw", *argv[] = { name, word, NULL };
	int operand;

	memset(word, 'x', sizeof(word) - 1);
	word[0] = word[1] = '-';
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(options_read(&table, DRAW, 2, argv, &o, &operand, &problem), -EINVAL);
	assert_int_equal(strlen(problem.text), sizeof(problem.text) - 1);
	assert_int_equal(problem.status, 9);
}

static void test_help(void **state)
{
	static const struct {
		unsigned taker;
		const char *want;
	} cases[] = {
		{ ERASE, "\n  -q, --quiet          say nothing\n"
			 "\nWhat:\n"
			 "  -f, --file=FILE.EXT  may be repeated\n"
			 "      --all            everything\n"
			 "  -h, --help           this\n" },
		{ 0, "\n  -q, --quiet          say nothing\n"
		     "  -c, --colour=NAME    paint with it\n"
		     "      --dotted         a style\n"
		     "      --dashed         a style\n"
		     "      --style=N        by its number, as the book has it\n"
		     "\nWhat (draw, erase):\n"
		     "  -t, --title=TEXT     above it (not erase)\n"
		     "  -f, --file=FILE.EXT  may be repeated\n"
		     "      --all            everything (not draw)\n"
		     "  -h, --help           this\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = NULL;
		size_t n;
		FILE *f = open_memstream(&text, &n);

		options_print_help(&table, cases[i].taker, f);
		(void)fclose(f);
		assert_string_equal(text, cases[i].want);
		free(text);
	}
}

static void test_nearest(void **state)
{
	static const char *const words[] = { "list", "load", "unload", "status", "timeline" };
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "lst", "list" },	 { "lits", "list" },
		{ "lisst", "list" },	 { "sttaus", "status" },
		{ "unlod", "unload" },	 { "timelines", "timeline" },
		{ "debian", NULL },	 { "", NULL },
		{ "x", NULL },		 { "6.1.0-9-amd64", NULL },
		{ "time-travel", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = nearest_word(cases[i].word, words, ARRAY_SIZE(words));

		if (cases[i].want)
			assert_string_equal(got ? got : "", cases[i].want);
		else
			assert_null(got);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right), cmocka_unit_test(test_values),
		cmocka_unit_test(test_wrong), cmocka_unit_test(test_long_word),
		cmocka_unit_test(test_help),  cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
