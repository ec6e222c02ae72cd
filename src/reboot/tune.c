// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/tune.h"

#include <string.h>

#include "base/cmdline.h"
#include "base/lines.h"

/* @against: keys with which somebody has decided otherwise, or for more. */
static const struct tune {
	const char *name, *word, *against[6], *gives_up;
} tunes[] = {
	{ "selftests",
	  "cryptomgr.notests",
	  { "cryptomgr.notests", "fips", "cryptomgr.panic_on_fail" },
	  "the kernel does not try its ciphers out before it uses them" },
	{ "console",
	  "quiet",
	  { "quiet", "loglevel", "debug", "ignore_loglevel", "earlyprintk", "initcall_debug" },
	  "the console shows errors only; the kernel's log has all of it" },
};

enum { N_TUNES = sizeof(tunes) / sizeof(tunes[0]) };

const char *tune_names(void)
{
	return "selftests, console";
}

static bool next_name(struct bytes *rest, struct bytes *ret)
{
	size_t n = 0;

	while (rest->n && strchr(", \t", *rest->p))
		*rest = (struct bytes){ rest->p + 1, rest->n - 1 };
	while (n < rest->n && !strchr(", \t", rest->p[n]))
		n++;
	*ret = (struct bytes){ rest->p, n };
	*rest = (struct bytes){ rest->p + n, rest->n - n };
	return n > 0;
}

static const struct tune *find(struct bytes name)
{
	for (size_t i = 0; i < N_TUNES; i++)
		if (bytes_is(name, tunes[i].name))
			return &tunes[i];
	return NULL;
}

bool tune_is_valid(const char *names)
{
	struct bytes rest = { (const uint8_t *)names, strlen(names) }, name;
	bool some = false;

	while (next_name(&rest, &name)) {
		if (!find(name))
			return false;
		some = true;
	}
	return some;
}

/* The word of the command line with which it was decided otherwise. */
static bool decided(const struct tune *tune, const char *cmdline, struct cmdline_word *ret)
{
	while (cmdline && cmdline_next(&cmdline, ret))
		for (size_t i = 0; i < sizeof(tune->against) / sizeof(tune->against[0]); i++)
			if (tune->against[i] && cmdline_key_is(ret, tune->against[i]))
				return true;
	return false;
}

void tune_add(const char *names, const char *cmdline, struct strbuf *words, struct strbuf *told)
{
	struct bytes rest = { (const uint8_t *)names, strlen(names) }, name;

	while (next_name(&rest, &name)) {
		const struct tune *tune = find(name);
		struct cmdline_word word;

		if (!tune || (words->n && has_word(words->s, tune->word)))
			continue;
		strbuf_add(told, told->n ? "; " : "");
		if (decided(tune, cmdline, &word)) {
			strbuf_addf(told, "%s: left out, since %.*s is there", tune->name,
				    (int)(word.whole.n < 80 ? word.whole.n : 80),
				    (const char *)word.whole.p);
			continue;
		}
		strbuf_add_word(words, tune->word);
		strbuf_addf(told, "%s: %s", tune->word, tune->gives_up);
	}
}
