// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/plain.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static struct bytes rest_at(const unsigned char *s)
{
	return (struct bytes){ s, strnlen((const char *)s, 4) };
}

/* How many bytes at @s are one control character, 0 for none. In UTF-8, C1 is C2 80 to C2 9F (ECMA-48, RFC
 * 3629); a byte in that range that is no part of a whole character is what an 8-bit terminal takes for it, and
 * some that know UTF-8. */
static size_t control_at(const unsigned char *s)
{
	const size_t turns = *s < 0x80 ? 0 : utf8_rearranges(rest_at(s));

	if (turns)
		return turns;
	if ((s[0] < ' ' && s[0] != '\t') || s[0] == 0x7f)
		return 1;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2;
	return s[0] >= 0x80 && s[0] <= 0x9f;
}

/* Bytes of the character at @s, which has more than one, or 0. */
static size_t character_at(const unsigned char *s)
{
	return *s < 0x80 || control_at(s) ? 0 : utf8_length(rest_at(s));
}

void plain_puts(const char *text, FILE *f)
{
	const unsigned char *s = (const unsigned char *)(text ? text : "");
	const unsigned char *start = s; /* of what is not written yet */

	while (*s) {
		const size_t whole = character_at(s);
		const size_t n = whole ? 0 : control_at(s);

		if (n) {
			(void)fwrite(start, 1, (size_t)(s - start), f);
			putc('?', f);
			start = s + n;
		}
		s += whole ? whole : n ? n : 1;
	}
	(void)fwrite(start, 1, (size_t)(s - start), f);
}

void plain_printf(FILE *f, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	const size_t n = strlen(fmt);
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r < 0) {
		text = NULL;
		fputs("(out of memory)\n", f);
		return;
	}
	if (r && n && fmt[n - 1] == '\n') {
		text[r - 1] = '\0';
		plain_puts(text, f);
		putc('\n', f);
	} else {
		plain_puts(text, f);
	}
}
