// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/utf8.h"

size_t utf8_length(struct bytes b)
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
