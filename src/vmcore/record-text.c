// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vmcore/record-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { TIME_N = 40 };

/* ASCII whatever the locale: isprint() and isspace() of the C locale. */
static bool is_plain(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
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
