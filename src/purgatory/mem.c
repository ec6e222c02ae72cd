// SPDX-License-Identifier: GPL-2.0-or-later
/* memcpy() and the other functions that compilers emit calls to even in freestanding code.
 * Volatile, so that the loops are not compiled into calls of the functions they implement. */
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
