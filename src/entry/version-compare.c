// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Compares version strings. Source: UAPI.10 version_format_specification.md of the UAPI Group,
 * the numbered steps there; systemd-boot sorts by it.
 */
#include <stdbool.h>
#include <string.h>

#include "entry/version-compare.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_version_char(char c)
{
	return is_digit(c) || is_letter(c) || c == '~' || c == '-' || c == '^' || c == '.';
}

/* Digit runs as numbers of any length, so without converting them. Advances both. */
static int compare_numbers(const char **a, const char **b)
{
	size_t n_a = 0, n_b = 0;
	int r;

	while (**a == '0')
		(*a)++;
	while (**b == '0')
		(*b)++;
	while (is_digit((*a)[n_a]))
		n_a++;
	while (is_digit((*b)[n_b]))
		n_b++;

	r = n_a < n_b ? -1 : n_a > n_b ? 1 : memcmp(*a, *b, n_a);
	*a += n_a;
	*b += n_b;
	return r;
}

static int compare_letters(const char **a, const char **b)
{
	size_t n_a = 0, n_b = 0;
	int r;

	while (is_letter((*a)[n_a]))
		n_a++;
	while (is_letter((*b)[n_b]))
		n_b++;

	r = memcmp(*a, *b, n_a < n_b ? n_a : n_b);
	if (r == 0)
		r = n_a < n_b ? -1 : n_a > n_b;
	*a += n_a;
	*b += n_b;
	return r;
}

/* Where @a and @b have to be compared: behind what is the same in both, but not inside a number or a word,
 * which are compared as a whole. */
static size_t same_at_start(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	while (n > 0 && (is_digit(a[n - 1]) || is_letter(a[n - 1])))
		n--;
	return n;
}

int version_compare(const char *a, const char *b)
{
	/* Whoever has the separator alone is lower; an ended string is lower than all but '~'. */
	static const char separators[] = { '-', '^', '.' };

	size_t n;

	a = a ? a : "";
	b = b ? b : "";
	n = same_at_start(a, b);
	a += n;
	b += n;
	for (;;) {
		int r;

		while (*a && !is_version_char(*a))
			a++;
		while (*b && !is_version_char(*b))
			b++;

		if ((*a == '~') != (*b == '~'))
			return *a == '~' ? -1 : 1;
		if (!*a || !*b)
			return *a ? 1 : *b ? -1 : 0;
		if (*a == '~') {
			a++;
			b++;
			continue;
		}

		for (size_t i = 0; i < sizeof(separators); i++)
			if ((*a == separators[i]) != (*b == separators[i]))
				return *a == separators[i] ? -1 : 1;
		if (*a == '-' || *a == '^' || *a == '.') {
			a++;
			b++;
			continue;
		}

		r = is_digit(*a) || is_digit(*b) ? compare_numbers(&a, &b)
						 : compare_letters(&a, &b);
		if (r)
			return r < 0 ? -1 : 1;
	}
}
