// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/envblk.h"

static const char signature[] = "# GRUB Environment Block\n";
enum { SIGNATURE_SIZE = sizeof(signature) - 1 };

bool envblk_is_valid(const uint8_t *text, size_t n)
{
	return n >= SIGNATURE_SIZE && !memcmp(text, signature, SIGNATURE_SIZE);
}

/* Where one line stands: name, '=', value up to an unescaped newline. */
struct line {
	size_t name, equals, end; /* end: of the newline */
};

/* The next assignment at or after @pos: 1, 0 at the end, -1 when one begins that has no end. */
static int find_line(const uint8_t *text, size_t n, size_t pos, struct line *ret)
{
	while (pos < n) {
		size_t p = pos;

		if (text[p] == '#' || text[p] == '\n') {
			while (p < n && text[p] != '\n')
				p++;
			pos = p + 1;
			continue;
		}
		while (p < n && text[p] != '=')
			p++;
		ret->name = pos;
		ret->equals = p;
		for (p++; p < n && text[p] != '\n'; p++)
			if (text[p] == '\\')
				p++;
		if (p >= n)
			return -1;
		ret->end = p;
		return 1;
	}
	return 0;
}

int envblk_next(const uint8_t *text, size_t n, size_t *pos, char **ret_name, char **ret_value)
{
	struct line line;
	char *name, *value, *out;

	if (!envblk_is_valid(text, n))
		return 0;
	if (find_line(text, n, *pos ? *pos : SIGNATURE_SIZE, &line) <= 0)
		return 0;
	name = strndup((const char *)text + line.name, line.equals - line.name);
	out = value = malloc(line.end - line.equals);
	if (!name || !value) {
		free(name);
		free(value);
		return -ENOMEM;
	}
	for (size_t p = line.equals + 1; p < line.end; p++) {
		if (text[p] == '\\')
			p++;
		*out++ = (char)text[p];
	}
	*out = 0;
	*pos = line.end + 1;
	*ret_name = name;
	*ret_value = value;
	return 1;
}

/* "name=value\n" as it is stored. */
static char *encode(const char *name, const char *value, size_t *ret_n)
{
	size_t n_name = strlen(name);
	char *s = malloc(n_name + 2 * strlen(value) + 3), *out = s;

	if (!s)
		return NULL;
	memcpy(out, name, n_name);
	out += n_name;
	*out++ = '=';
	for (; *value; value++) {
		if (*value == '\\' || *value == '\n')
			*out++ = '\\';
		*out++ = *value;
	}
	*out++ = '\n';
	*ret_n = (size_t)(out - s);
	return s;
}

/* The block is padded with # at its end, and the padding changes when values change their
 * length. */
static int replace(uint8_t *text, size_t n, size_t start, size_t end, const char *with,
		   size_t n_with)
{
	size_t used = n;

	while (used > end && text[used - 1] == '#')
		used--;
	if (n_with > end - start && n_with - (end - start) > n - used)
		return -ENOSPC;
	memmove(text + start + n_with, text + end, used - end);
	if (n_with)
		memcpy(text + start, with, n_with);
	used = used - (end - start) + n_with;
	memset(text + used, '#', n - used);
	return 0;
}

int envblk_set(uint8_t *text, size_t n, const char *name, const char *value)
{
	_cleanup_free_ char *encoded = NULL;
	size_t pos = SIGNATURE_SIZE, n_encoded = 0, end;
	struct line line;
	int r;

	if (!envblk_is_valid(text, n))
		return -EINVAL;
	if (value) {
		encoded = encode(name, value, &n_encoded);
		if (!encoded)
			return -ENOMEM;
	}
	while ((r = find_line(text, n, pos, &line)) > 0) {
		if (line.equals - line.name == strlen(name) &&
		    !memcmp(text + line.name, name, line.equals - line.name))
			return replace(text, n, line.name, line.end + 1, encoded, n_encoded);
		pos = line.end + 1;
	}
	if (!value)
		return 0;
	for (end = n; end > SIGNATURE_SIZE && text[end - 1] == '#';)
		end--;
	/* If the last line has no newline, text added after it would become a part of its value. */
	if (r < 0 || text[end - 1] != '\n')
		return -EINVAL;
	return replace(text, n, end, end, encoded, n_encoded);
}
