// SPDX-License-Identifier: GPL-2.0-or-later
/* --level: the names and the plus signs of dmesg(1). */
#include <string.h>

#include "cli/vmcore-dmesg/vmcore-dmesg.h"

static const char *const names[] = {
	"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
};
#define N_LEVELS (sizeof(names) / sizeof(names[0]))

const char *level_name(int level)
{
	return level >= 0 && (size_t)level < N_LEVELS ? names[level] : NULL;
}

static bool find_level(const char *word, size_t n, unsigned *ret)
{
	for (unsigned i = 0; i < N_LEVELS; i++) {
		bool is_name = n == strlen(names[i]) && !memcmp(word, names[i], n);

		if (is_name || (n == 1 && word[0] == (char)('0' + i))) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool parse_word(const char *word, size_t n, unsigned *levels)
{
	bool and_milder = n > 0 && word[0] == '+', and_worse;
	unsigned level;

	if (and_milder) {
		word++;
		n--;
	}
	and_worse = n > 0 && word[n - 1] == '+';
	if (!find_level(word, and_worse ? n - 1 : n, &level))
		return false;
	*levels |= 1u << level;
	if (and_worse)
		*levels |= (1u << level) - 1;
	if (and_milder)
		*levels |= LEVELS_ALL & ~((1u << level) - 1);
	return true;
}

bool levels_parse(const char *list, unsigned *ret)
{
	unsigned levels = 0;

	for (;;) {
		size_t n = strcspn(list, ",");

		if (!parse_word(list, n, &levels))
			return false;
		if (!list[n])
			break;
		list += n + 1;
	}
	*ret = levels;
	return true;
}
