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

size_t utf8_rearranges(struct bytes b)
{
	const uint8_t c = b.n >= 3 ? b.p[2] : 0;

	if (b.n >= 2 && b.p[0] == 0xd8 && b.p[1] == 0x9c) /* U+061C */
		return 2;
	if (b.n < 3 || b.p[0] != 0xe2)
		return 0;
	if (b.p[1] == 0x80) /* U+200E, U+200F, U+2028 to U+202E */
		return c == 0x8e || c == 0x8f || (c >= 0xa8 && c <= 0xae) ? 3 : 0;
	return b.p[1] == 0x81 && c >= 0xa6 && c <= 0xa9 ? 3 : 0; /* U+2066 to U+2069 */
}
