// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vmcore/record-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIME_N = 40 };

/* ASCII whatever the locale: isprint() and isspace() of the C locale. */
static bool is_plain(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
}

/* Length of the well-formed UTF-8 sequence at @b (Unicode, table 3-7), 0 for none, and for the controls U+0080 to
 * U+009F, which terminals obey. */
static size_t utf8_length(struct bytes b)
{
	uint8_t c = b.p[0], low = 0x80, high = 0xbf;
	size_t n = c >= 0xf0 && c <= 0xf4 ? 4 : c >= 0xe0 ? 3 : 2;

	if (c < 0xc2 || c > 0xf4 || b.n < n)
		return 0;
	if (c == 0xc2)
		low = 0xa0; /* controls */
	if (c == 0xe0)
		low = 0xa0; /* shorter forms exist */
	if (c == 0xf0)
		low = 0x90;
	if (c == 0xed)
		high = 0x9f; /* surrogates */
	if (c == 0xf4)
		high = 0x8f; /* past U+10FFFF */
	if (b.p[1] < low || b.p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (b.p[i] < 0x80 || b.p[i] > 0xbf)
			return 0;
	return n;
}

char *vmcore_escape(struct bytes text, bool keep_utf8, size_t *ret_n)
{
	char *out = malloc(4 * text.n + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < text.n; i++) {
		struct bytes rest = { text.p + i, text.n - i };
		size_t sequence = keep_utf8 ? utf8_length(rest) : 0;

		if (sequence > 0) {
			memcpy(out + n, rest.p, sequence);
			n += sequence;
			i += sequence - 1;
		} else if (is_plain(rest.p[0])) {
			out[n++] = (char)rest.p[0];
		} else {
			n += (size_t)snprintf(out + n, 5, "\\x%02x", rest.p[0]);
		}
	}
	out[n] = '\0';
	*ret_n = n;
	return out;
}

char *vmcore_record_line(const struct vmcore_record *record, size_t *ret_n)
{
	const unsigned long long micros = record->time_ns / 1000;
	char time[TIME_N] = "";
	size_t time_n, n;
	char *line, *text = vmcore_escape(record->text, false, &n);

	if (!text)
		return NULL;
	if (record->has_time)
		(void)snprintf(time, sizeof(time), "[%5llu.%06llu] ", micros / 1000000,
			       micros % 1000000);
	time_n = strlen(time);
	line = realloc(text, time_n + n + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	memmove(line + time_n, line, n);
	memcpy(line, time, time_n);
	line[time_n + n] = '\n';
	line[time_n + n + 1] = '\0';
	*ret_n = time_n + n + 1;
	return line;
}
