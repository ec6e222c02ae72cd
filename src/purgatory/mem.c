// SPDX-License-Identifier: GPL-2.0-or-later
/* What compilers call without being asked. Volatile, so that no compiler turns a loop into a call of
 * the very function it stands in. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int c, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	volatile uint8_t *d = to;
	const uint8_t *s = from;

	while (n--)
		*d++ = *s++;
	return to;
}

void *memset(void *to, int c, size_t n)
{
	volatile uint8_t *d = to;

	while (n--)
		*d++ = (uint8_t)c;
	return to;
}
