// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/lines.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct lines lines_of(struct bytes text)
{
	const uint8_t *nul = text.n ? memchr(text.p, 0, text.n) : NULL;

	if (nul)
		text.n = (size_t)(nul - text.p);
	return (struct lines){ .rest = text };
}

bool lines_next(struct lines *lines, struct bytes *ret)
{
	const uint8_t *end;
	size_t n;

	if (lines->rest.n == 0)
		return false;

	end = memchr(lines->rest.p, '\n', lines->rest.n);
	n = end ? (size_t)(end - lines->rest.p) : lines->rest.n;
	*ret = (struct bytes){ lines->rest.p, n };
	if (n > 0 && ret->p[n - 1] == '\r')
		ret->n--;

	n += end ? 1 : 0;
	lines->rest = (struct bytes){ lines->rest.p + n, lines->rest.n - n };
	lines->number++;
	return true;
}

struct bytes bytes_trim(struct bytes b)
{
	while (b.n > 0 && is_blank(b.p[0]))
		b = (struct bytes){ b.p + 1, b.n - 1 };
	while (b.n > 0 && is_blank(b.p[b.n - 1]))
		b.n--;
	return b;
}

bool lines_next_said(struct lines *lines, struct bytes *ret)
{
	while (lines_next(lines, ret)) {
		*ret = bytes_trim(*ret);
		if (ret->n && ret->p[0] != '#')
			return true;
	}
	return false;
}

struct bytes bytes_unquote(struct bytes b)
{
	const bool is_quoted =
		b.n > 1 && (b.p[0] == '"' || b.p[0] == '\'') && b.p[b.n - 1] == b.p[0];

	return is_quoted ? (struct bytes){ b.p + 1, b.n - 2 } : b;
}

struct bytes bytes_word(struct bytes *b)
{
	struct bytes word = { b->p, 0 };

	while (word.n < b->n && !is_blank(b->p[word.n]))
		word.n++;
	*b = bytes_trim((struct bytes){ b->p + word.n, b->n - word.n });
	return word;
}

bool bytes_is(struct bytes b, const char *s)
{
	return b.n == strlen(s) && memcmp(b.p, s, b.n) == 0;
}

bool bytes_is_nocase(struct bytes b, const char *s)
{
	return b.n == strlen(s) && strncasecmp((const char *)b.p, s, b.n) == 0;
}

bool bytes_starts(struct bytes b, const char *prefix)
{
	size_t n = strlen(prefix);

	return b.n >= n && memcmp(b.p, prefix, n) == 0;
}

char *bytes_dup(struct bytes b)
{
	return b.n ? strndup((const char *)b.p, b.n) : strdup("");
}

static bool is_octal(uint8_t c)
{
	return c >= '0' && c <= '7';
}

char *bytes_dup_octal(struct bytes b)
{
	char *out = malloc(b.n + 1), *p = out;

	for (size_t i = 0; out && i < b.n; i++) {
		if (b.p[i] == '\\' && b.n - i > 3 && is_octal(b.p[i + 1]) && is_octal(b.p[i + 2]) &&
		    is_octal(b.p[i + 3])) {
			*p++ = (char)((b.p[i + 1] - '0') << 6 | (b.p[i + 2] - '0') << 3 |
				      (b.p[i + 3] - '0'));
			i += 3;
		} else {
			*p++ = (char)b.p[i];
		}
	}
	if (out)
		*p = 0;
	return out;
}

int bytes_set(char **dst, struct bytes b)
{
	char *copy = bytes_dup(b);

	if (!copy)
		return -ENOMEM;
	free(*dst);
	*dst = copy;
	return 0;
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool bytes_has_word(struct bytes text, struct bytes word)
{
	text = bytes_trim(text);
	while (text.n > 0)
		if (bytes_equal(bytes_word(&text), word))
			return true;
	return false;
}

/* Finds the next word of @list and its length; NULL at the end. */
static const char *next_item(const char **list, const char *separators, size_t *ret_n)
{
	const char *item = *list + strspn(*list, separators);

	*ret_n = strcspn(item, separators);
	*list = item + *ret_n;
	return *ret_n ? item : NULL;
}

bool ends_with(const char *s, const char *suffix)
{
	const size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

bool has_item(const char *list, const char *separators, const char *item)
{
	const char *other;
	size_t n;

	while (list && (other = next_item(&list, separators, &n)))
		if (n == strlen(item) && memcmp(other, item, n) == 0)
			return true;
	return false;
}

#define BLANKS " \t\r\n"

bool has_word(const char *text, const char *word)
{
	return has_item(text, BLANKS, word);
}

bool has_word_starting(const char *text, const char *start)
{
	const char *word;
	size_t n;

	while (text && (word = next_item(&text, BLANKS, &n)))
		if (n >= strlen(start) && memcmp(word, start, strlen(start)) == 0)
			return true;
	return false;
}
