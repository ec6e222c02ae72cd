// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for the consoles of the machine. */
#include "purgatory/purgatory.h"

void report(const struct purgatory_args *args, const char *s)
{
	for (; *s; s++)
		console_byte(args, *s);
}

void report_hex(const struct purgatory_args *args, uint64_t v)
{
	char s[2 + 16 + 1];

	s[0] = '0';
	s[1] = 'x';
	for (unsigned i = 0; i < 16; i++) {
		unsigned digit = v >> (60 - 4 * i) & 15;

		s[2 + i] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
	}
	s[18] = 0;
	report(args, s);
}
