// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "entry/grub/bls-version.h"

struct part {
	const char *s, *end;
};

static char head(struct part p)
{
	return p.s < p.end ? *p.s : 0;
}

static bool is_digit(char c)
{
	return isdigit((unsigned char)c);
}

static bool is_letter(char c)
{
	return isalpha((unsigned char)c);
}

static struct part take(struct part *p, bool digits)
{
	struct part run = { p->s, p->s };

	while (p->s < p->end && (digits ? is_digit(*p->s) : is_letter(*p->s)))
		p->s++;
	run.end = p->s;
	return run;
}

static int compare_runs(struct part a, struct part b)
{
	size_t n_a = (size_t)(a.end - a.s), n_b = (size_t)(b.end - b.s);
	int r = memcmp(a.s, b.s, n_a < n_b ? n_a : n_b);

	return r ? r : n_a < n_b ? -1 : n_a > n_b;
}

static int compare_numbers(struct part a, struct part b)
{
	while (head(a) == '0')
		a.s++;
	while (head(b) == '0')
		b.s++;
	if (a.end - a.s != b.end - b.s)
		return a.end - a.s < b.end - b.s ? -1 : 1;
	return compare_runs(a, b);
}

/* ~ sorts before the end, + (rpm's ^) after the end but before anything else. 2: neither is here. */
static int compare_marks(struct part a, struct part b)
{
	if (head(a) == '~' || head(b) == '~')
		return head(a) == head(b) ? 0 : head(a) == '~' ? -1 : 1;
	if (head(a) == '+' || head(b) == '+') {
		if (head(a) == head(b))
			return 0;
		if (!head(a) || !head(b))
			return head(a) ? 1 : -1;
		return head(a) == '+' ? -1 : 1;
	}
	return 2;
}

static void skip_separators(struct part *p)
{
	while (p->s < p->end && !is_digit(*p->s) && !is_letter(*p->s) && *p->s != '~' &&
	       *p->s != '+')
		p->s++;
}

static int compare_rpm_parts(struct part a, struct part b)
{
	while (a.s < a.end || b.s < b.end) {
		bool digits;
		int r;

		skip_separators(&a);
		skip_separators(&b);
		r = compare_marks(a, b);
		if (r == 0) {
			a.s++;
			b.s++;
			continue;
		}
		if (r != 2)
			return r;
		if (!head(a) || !head(b))
			break;
		digits = is_digit(head(a));
		/* A number is newer than a word. */
		if (digits != is_digit(head(b)))
			return digits ? 1 : -1;
		r = digits ? compare_numbers(take(&a, true), take(&b, true))
			   : compare_runs(take(&a, false), take(&b, false));
		if (r)
			return r;
	}
	return head(a) ? 1 : head(b) ? -1 : 0;
}

static const char *last_dash(const char *s, const char *end)
{
	while (end > s)
		if (*--end == '-')
			return end;
	return NULL;
}

/* name, version, release; what is missing is empty. */
static void split(const char *s, struct part ret[3])
{
	const char *end = s + strlen(s), *release = last_dash(s, end);
	const char *version = release ? last_dash(s, release) : NULL;

	ret[0] = (struct part){ s, version ? version : release ? release : end };
	ret[1] = version   ? (struct part){ version + 1, release }
		 : release ? (struct part){ release + 1, end }
			   : (struct part){ end, end };
	ret[2] = version ? (struct part){ release + 1, end } : (struct part){ end, end };
}

int bls_compare_rpm(const char *a, const char *b)
{
	struct part x[3], y[3];

	split(a, x);
	split(b, y);
	for (size_t i = 0; i < 3; i++) {
		int r = compare_rpm_parts(x[i], y[i]);

		if (r)
			return r;
	}
	return 0;
}

int bls_compare_rpm_total(const char *a, const char *b)
{
	int r = bls_compare_rpm(a, b);

	return r ? r : strcmp(b, a);
}

/* Length without what looks like suffixes: (\.[A-Za-z~][A-Za-z0-9~]*)*$ */
static size_t prefix_length(const char *s)
{
	size_t n = strlen(s), i = n, cut = n;

	while (i > 0) {
		char c = s[--i];

		if (c == '.') {
			if (i + 1 >= cut || !(is_letter(s[i + 1]) || s[i + 1] == '~') || i == 0)
				break;
			cut = i;
		} else if (!is_letter(c) && !is_digit(c) && c != '~') {
			break;
		}
	}
	return cut;
}

static int order(char c)
{
	if (is_digit(c) || !c)
		return 0;
	if (is_letter(c))
		return (unsigned char)c;
	return c == '~' ? -1 : (unsigned char)c + 256;
}

static int compare_debian(struct part a, struct part b)
{
	while (a.s < a.end || b.s < b.end) {
		int r;

		while ((a.s < a.end && !is_digit(*a.s)) || (b.s < b.end && !is_digit(*b.s))) {
			r = order(head(a)) - order(head(b));
			if (r)
				return r;
			a.s += a.s < a.end;
			b.s += b.s < b.end;
		}
		r = compare_numbers(take(&a, true), take(&b, true));
		if (r)
			return r;
	}
	return 0;
}

int bls_compare_filevercmp(const char *a, const char *b)
{
	int r;

	/* Hidden files are older than all others. */
	if ((*a == '.') != (*b == '.') && *a && *b)
		return *a == '.' ? -1 : 1;
	r = compare_debian((struct part){ a, a + prefix_length(a) },
			   (struct part){ b, b + prefix_length(b) });
	if (r)
		return r;
	return compare_debian((struct part){ a, a + strlen(a) }, (struct part){ b, b + strlen(b) });
}
