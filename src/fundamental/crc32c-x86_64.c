// SPDX-License-Identifier: LGPL-2.1-or-later
/* CRC32C by the crc32 instruction of SSE4.2 (Intel SDM volume 2A). It works on general registers
 * and needs no CR4.OSFXSR, so the purgatory can use it straight after the jump. Written as assembly
 * because the purgatory is compiled for the base instruction set. */
#include "fundamental/crc32c.h"

bool crc32c_has_insn(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c & 1u << 20; /* CPUID.01H:ECX.SSE4_2 */
}

/* Eight bytes of any type at any address: the instruction reads them from memory itself. */
typedef uint64_t u64_anywhere __attribute__((may_alias, aligned(1)));

static inline uint64_t crc_u64(uint64_t crc, const uint8_t *p)
{
	__asm__("crc32q %1, %0" : "+r"(crc) : "m"(*(const u64_anywhere *)p));
	return crc;
}

uint32_t crc32c_insn(uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t c = crc;

	for (; n >= 8; p += 8, n -= 8)
		c = crc_u64(c, p);
	crc = (uint32_t)c;
	for (; n; p++, n--)
		__asm__("crc32b %1, %0" : "+r"(crc) : "rm"(*p));
	return crc;
}

void crc32c_insn3(uint32_t crc[3], const uint8_t *p, size_t n)
{
	uint64_t a = crc[0], b = crc[1], c = crc[2];

	/* The instruction has a latency of three cycles and starts once per cycle: three
	 * independent chains keep it busy. */
	for (size_t i = 0; i < n; i += CRC32C_STEP) {
#pragma GCC unroll 16
		for (size_t k = i; k < i + CRC32C_STEP; k += 8) {
			a = crc_u64(a, p + k);
			b = crc_u64(b, p + n + k);
			c = crc_u64(c, p + 2 * n + k);
		}
	}
	crc[0] = (uint32_t)a;
	crc[1] = (uint32_t)b;
	crc[2] = (uint32_t)c;
}
