// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/plain.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes at @s are one control character, 0 for none. In UTF-8, C1 is C2 80 to C2 9F (ECMA-48, RFC
 * 3629); a lone byte in that range is what an 8-bit terminal takes for it. */
static size_t control_at(const unsigned char *s, bool in_character)
{
	if ((s[0] < ' ' && s[0] != '\t') || s[0] == 0x7f)
		return 1;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2;
	return !in_character && s[0] >= 0x80 && s[0] <= 0x9f;
}

/* Bytes that follow the first one of a character. */
static unsigned following(unsigned char c)
{
	return c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;
}

void plain_puts(const char *text, FILE *f)
{
	const unsigned char *s = (const unsigned char *)(text ? text : "");
	const unsigned char *start = s; /* of what is not written yet */
	unsigned left = 0;

	while (*s) {
		const size_t n = control_at(s, left > 0);

		if (n) {
			(void)fwrite(start, 1, (size_t)(s - start), f);
			putc('?', f);
			s += n;
			start = s;
			left = 0;
			continue;
		}
		left = left > 0 && *s >= 0x80 && *s < 0xc0 ? left - 1 : following(*s);
		s++;
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
