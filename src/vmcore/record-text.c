// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vmcore/record-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* "[" 20 digits "." 6 digits "] " */
enum { TIME_N = 32, SECONDS_WIDTH = 5, MICROS_WIDTH = 6 };

/* ASCII whatever the locale: isprint() and isspace() of the C locale. */
static bool is_plain(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
}

/* How many of the first bytes are printable ASCII, counted in whole words, so perhaps too few. */
static size_t printable_words(struct bytes text)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t word;
	size_t n = 0;

	for (; text.n - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, text.p + n, sizeof(word));
		/* The top bit of a byte is set by: 0x80 and more; 0x7f plus 1; less than 0x20 minus 0x20. A carry
		 * comes only from a byte that is not printable itself. */
		if ((word | (word + each) | (word - 0x20 * each)) & 0x80 * each)
			break;
	}
	return n;
}

/* Writes at most 4 bytes for each of @text to @out, and returns how many. */
static size_t escape(struct bytes text, bool keep_utf8, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n;) {
		struct bytes rest = { text.p + i, text.n - i };
		size_t part = printable_words(rest);

		if (part == 0 && is_plain(rest.p[0]))
			part = 1;
		if (part == 0 && keep_utf8)
			part = utf8_length(rest);
		if (part > 0) {
			memcpy(out + n, rest.p, part);
			n += part;
			i += part;
		} else {
			n += (size_t)snprintf(out + n, 5, "\\x%02x", rest.p[0]);
			i++;
		}
	}
	return n;
}

char *vmcore_escape(struct bytes text, bool keep_utf8, size_t *ret_n)
{
	/* the byte more is for the NUL, and snprintf() writes one, too */
	char *out = malloc(4 * text.n + 1);

	if (!out)
		return NULL;
	*ret_n = escape(text, keep_utf8, out);
	out[*ret_n] = '\0';
	return out;
}

/* Writes @value in at least @width characters before @end, @fill in front of it; returns where it begins. */
static char *put_number(char *end, uint64_t value, int width, char fill)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
		width--;
	} while (value > 0);
	while (width-- > 0)
		*--end = fill;
	return end;
}

/* "[%5llu.%06llu] " of seconds and microseconds; returns its length. printf() itself would cost more than all
 * the rest of a record. */
static size_t put_time(uint64_t time_ns, char *out)
{
	char text[TIME_N], *end = text + sizeof(text), *at = end;

	*--at = ' ';
	*--at = ']';
	at = put_number(at, time_ns / 1000 % 1000000, MICROS_WIDTH, '0');
	*--at = '.';
	at = put_number(at, time_ns / 1000000000, SECONDS_WIDTH, ' ');
	*--at = '[';
	memcpy(out, at, (size_t)(end - at));
	return (size_t)(end - at);
}

char *vmcore_record_line(const struct vmcore_record *record, size_t *ret_n)
{
	char *line = malloc(TIME_N + 4 * record->text.n + 2);
	size_t n = 0;

	if (!line)
		return NULL;
	if (record->has_time)
		n = put_time(record->time_ns, line);
	n += escape(record->text, false, line + n);
	line[n++] = '\n';
	line[n] = '\0';
	*ret_n = n;
	return line;
}
