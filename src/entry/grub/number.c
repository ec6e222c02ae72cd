// SPDX-License-Identifier: LGPL-2.1-or-later
/* grub_strtoull() of kern/misc.c: leading blanks, 0x, and 0 before an octal digit. */
#include <ctype.h>

#include "entry/grub/interp.h"

enum number_status number_parse(const char *s, int base, unsigned long long *ret,
				const char **ret_end)
{
	unsigned long long v = 0;
	bool found = false, range = false;

	while (isspace((unsigned char)*s))
		s++;
	if (*s == '0' && s[1] == 'x' && (base == 0 || base == 16)) {
		base = 16;
		s += 2;
	} else if (*s == '0' && s[1] >= '0' && s[1] <= '7' && base == 0) {
		base = 8;
		s++;
	}
	if (base == 0)
		base = 10;
	for (; *s; s++) {
		int c = tolower((unsigned char)*s);
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : 16;

		if (digit >= base)
			break;
		found = true;
		if (__builtin_mul_overflow(v, (unsigned)base, &v) ||
		    __builtin_add_overflow(v, (unsigned)digit, &v)) {
			range = true;
			break;
		}
	}
	if (ret_end)
		*ret_end = s;
	*ret = found && !range ? v : range ? ~0ULL : 0;
	return range ? NUMBER_RANGE : found ? NUMBER_OK : NUMBER_NONE;
}
