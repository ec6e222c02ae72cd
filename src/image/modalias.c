// SPDX-License-Identifier: LGPL-2.1-or-later
/* Matches patterns by which modules name the devices that they drive: modules.alias, as libkmod
 * reads it. */
#include "image/modules.h"

static uint8_t fold(uint8_t c)
{
	return c == '-' ? '_' : c;
}

int modalias_compare(struct bytes a, struct bytes b)
{
	const size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++)
		if (fold(a.p[i]) != fold(b.p[i]))
			return fold(a.p[i]) < fold(b.p[i]) ? -1 : 1;
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

/* Matches @c against a set such as "[a-f!x]", without its bracket; *ret_n is its length with the
 * end, 0 when it has none. */
static bool match_set(struct bytes set, uint8_t c, size_t *ret_n)
{
	const bool is_not = set.n && (set.p[0] == '!' || set.p[0] == '^');
	bool hit = false;

	*ret_n = 0;
	for (size_t i = is_not; i < set.n; i++) {
		uint8_t first = set.p[i], last = first;

		if (first == ']' && i > is_not) {
			*ret_n = i + 1;
			return hit != is_not;
		}
		if (i + 2 < set.n && set.p[i + 1] == '-' && set.p[i + 2] != ']') {
			last = set.p[i + 2];
			i += 2;
		}
		hit |= first <= c && c <= last;
	}
	return false;
}

/* Matches one character against the start of @pattern; returns the length of what matched, 0: it
 * does not. */
static size_t match_one(struct bytes pattern, uint8_t c)
{
	size_t n;

	if (!pattern.n)
		return 0;
	switch (pattern.p[0]) {
	case '?':
		return 1;
	case '[':
		if (match_set((struct bytes){ pattern.p + 1, pattern.n - 1 }, fold(c), &n))
			return n + 1;
		return n == 0 && c == '['; /* a bracket that begins no set */
	case '\\':
		if (pattern.n > 1)
			return fold(pattern.p[1]) == fold(c) ? 2 : 0;
		break;
	default:
		break;
	}
	return fold(pattern.p[0]) == fold(c);
}

/* Backtracks to the last star only, which is sufficient: an earlier one could not match more. */
bool modalias_matches(struct bytes pattern, struct bytes name)
{
	size_t p = 0, i = 0, star = 0, star_i = 0;
	bool has_star = false;

	while (i < name.n) {
		const struct bytes rest = { pattern.p + p, pattern.n - p };
		const size_t n = match_one(rest, name.p[i]);

		if (rest.n && rest.p[0] == '*') {
			has_star = true;
			star = ++p;
			star_i = i;
		} else if (n) {
			p += n;
			i++;
		} else if (has_star) {
			p = star;
			i = ++star_i;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}
