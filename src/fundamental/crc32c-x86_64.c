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

static inline uint64_t crc_u64(uint64_t crc, const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	__asm__("crc32q %1, %0" : "+r"(crc) : "rm"(v));
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

	/* the instruction takes three cycles but starts one each: keep three in flight */
	for (size_t i = 0; i < n; i += 8) {
		a = crc_u64(a, p + i);
		b = crc_u64(b, p + n + i);
		c = crc_u64(c, p + 2 * n + i);
	}
	crc[0] = (uint32_t)a;
	crc[1] = (uint32_t)b;
	crc[2] = (uint32_t)c;
}
