// SPDX-License-Identifier: LGPL-2.1-or-later
/* CRC32C by the optional instructions of Armv8.0 (Arm ARM, C6.2, CRC32CX). They work on general registers. Written as
 * assembly because the purgatory is compiled for the base instruction set. */
#include "fundamental/crc32c.h"

/* ID_AA64ISAR0_EL1.CRC32, which Linux lets programs read, too (Documentation/arch/arm64/cpu-feature-registers.rst). */
bool crc32c_has_insn(void)
{
	uint64_t features;

	__asm__("mrs %0, ID_AA64ISAR0_EL1" : "=r"(features));
	return features >> 16 & 15;
}

typedef uint64_t u64_anywhere __attribute__((may_alias, aligned(1)));

/* Loads by itself: the purgatory is compiled for memory where no access may be unaligned, which makes eight loads of
 * one, though the MMU is on when it comes here; without it segments and lanes are aligned. */
static inline uint32_t crc_u64(uint32_t crc, const uint8_t *p)
{
	uint64_t v;

	__asm__(".arch_extension crc\n\tldr %x1, %2\n\tcrc32cx %w0, %w0, %x1"
		: "+r"(crc), "=&r"(v)
		: "m"(*(const u64_anywhere *)p));
	return crc;
}

uint32_t crc32c_insn(uint32_t crc, const uint8_t *p, size_t n)
{
	for (; n >= 8; p += 8, n -= 8)
		crc = crc_u64(crc, p);
	for (; n; p++, n--)
		__asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"(*p));
	return crc;
}

void crc32c_insn3(uint32_t crc[3], const uint8_t *p, size_t n)
{
	uint32_t a = crc[0], b = crc[1], c = crc[2];

	/* three independent chains hide the latency of the instruction */
	for (size_t i = 0; i < n; i += CRC32C_STEP) {
#pragma GCC unroll 16
		for (size_t k = i; k < i + CRC32C_STEP; k += 8) {
			a = crc_u64(a, p + k);
			b = crc_u64(b, p + n + k);
			c = crc_u64(c, p + 2 * n + k);
		}
	}
	crc[0] = a;
	crc[1] = b;
	crc[2] = c;
}
