// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a terminal gets of texts that others wrote: ECMA-48 for controls, RFC 3629 for UTF-8. And the exit
 * status of each reason, as rapidreboot(8) has them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit-status.h"
#include "cli/plain.h"
#include "cli/reason-status.h"
#include "tests/unit/cmocka-shim.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text, *shown;
} texts[] = {
	{ "Debian GNU/Linux", "Debian GNU/Linux" },
	{ "a\tb", "a\tb" },
	{ "\033[2J\033]0;title\a", "?[2J?]0;title?" },
	{ "two\nlines\r", "two?lines?" },
	{ "\x7f\b\v\f\x0e", "?????" },
	/* C1 as one byte, and as UTF-8 spells it */
	{ "\x9b"
	  "31m",
	  "?31m" },
	{ "\xc2\x9b"
	  "31m",
	  "?31m" },
	{ "\xc2\x85\xc2\xa0", "?\xc2\xa0" },
	/* bytes of that range inside a character are part of it */
	{ "\xe2\x98\x83 \xc4\x9b \xf0\x9f\x98\x9b", "\xe2\x98\x83 \xc4\x9b \xf0\x9f\x98\x9b" },
	/* and of none that is cut off, longer than it has to be, or has a first byte that begins nothing */
	{ "\xe2\x98"
	  "a\x9b",
	  "\xe2?a?" },
	{ "\xe2\x98\033[1m", "\xe2??[1m" },
	{ "\xe2\x9b"
	  "31m",
	  "\xe2?31m" },
	{ "\xe0\x82\x9b", "\xe0??" },
	{ "\xf0\x80\x82\x9b", "\xf0???" },
	{ "\xf9\x9a\x9b\x9c", "\xf9???" },
	{ "\xc1\x9b", "\xc1?" },
	/* what turns the text around it: U+202E, U+2066 to U+2069, U+200F, U+061C, and U+2028; letters of such scripts stay */
	{ "a\xe2\x80\xae"
	  "b\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8f\xd8\x9c\xe2\x80\xa8",
	  "a?b?????" },
	{ "\xd7\x90\xd8\xa7 \xe2\x80\x93 \xe2\x80\x8d",
	  "\xd7\x90\xd8\xa7 \xe2\x80\x93 \xe2\x80\x8d" },
	/* Latin-1 has its letters above */
	{ "caf\xe9", "caf\xe9" },
	{ "", "" },
	{ NULL, "" },
};

struct sink {
	char *s;
	size_t n;
	FILE *f;
};

static void sink_open(struct sink *sink)
{
	sink->f = open_memstream(&sink->s, &sink->n);
	assert_non_null(sink->f);
}

static void sink_has(struct sink *sink, const char *text)
{
	assert_int_equal(fclose(sink->f), 0);
	assert_string_equal(sink->s, text);
	free(sink->s);
}

static void test_texts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct sink sink;

		sink_open(&sink);
		plain_puts(texts[i].text, sink.f);
		sink_has(&sink, texts[i].shown);
	}
}

/* Ours is the newline at the end and no other one. */
static void test_lines(void **state)
{
	struct sink sink;

	sink_open(&sink);
	plain_printf(sink.f, "<%s>\n", "a\nb\033");
	sink_has(&sink, "<a?b?>\n");
	sink_open(&sink);
	plain_printf(sink.f, "%s", "a\n");
	sink_has(&sink, "a?");
	sink_open(&sink);
	plain_printf(sink.f, "%s", "");
	sink_has(&sink, "");
}

static void test_reasons(void **state)
{
	static const struct {
		enum reason reason;
		int status;
	} rows[] = {
		{ REASON_NONE, 0 },	    { REASON_NO_ENTRY, 1 },	{ REASON_PLAN, 1 },
		{ REASON_CHECKS, 3 },	    { REASON_NOT_BOOTABLE, 3 }, { REASON_FORBIDDEN, 3 },
		{ REASON_LOAD, 4 },	    { REASON_UNLOAD, 4 },	{ REASON_INIT, 5 },
		{ REASON_INIT_UNKNOWN, 5 }, { REASON_NOT_ORDERED, 6 },	{ REASON_FIRMWARE, 7 },
		{ REASON_HOOK, 10 },	    { REASON_LATER, 11 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(reason_status(rows[i].reason), rows[i].status);
	/* none but the first is success, and none is an unknown status */
	for (enum reason r = REASON_NONE + 1; r < N_REASONS; r++)
		assert_true(reason_status(r) >= EXIT_FAILED &&
			    (reason_status(r) <= EXIT_COLD || reason_status(r) == EXIT_HOOK ||
			     reason_status(r) == EXIT_LATER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
