/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Instructions that C cannot express. Tests put a header of the same name in its place. */

#include <stdint.h>

#define READ_SYSTEM_REGISTER(name)                             \
	({                                                     \
		uint64_t v_;                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(v_)); \
		v_;                                            \
	})

static inline uint8_t read8(uint64_t address)
{
	return *(const volatile uint8_t *)(uintptr_t)address;
}

static inline uint32_t read32(uint64_t address)
{
	return *(const volatile uint32_t *)(uintptr_t)address;
}

static inline void write8(uint64_t address, uint8_t v)
{
	*(volatile uint8_t *)(uintptr_t)address = v;
}

static inline void write32(uint64_t address, uint32_t v)
{
	*(volatile uint32_t *)(uintptr_t)address = v;
}

/* The generic timer, not before what precedes is done. Its rate is CNTFRQ_EL0. */
static inline uint64_t clock_ticks(void)
{
	__asm__ volatile("isb" : : : "memory");
	return READ_SYSTEM_REGISTER(cntvct_el0);
}

/* Exception level: 1 or 2. */
static inline unsigned exception_level(void)
{
	return (unsigned)(READ_SYSTEM_REGISTER(CurrentEL) >> 2 & 3);
}

/* ID_AA64MMFR0_EL1.TGran4: can page tables have granules of 4 KiB? */
static inline int has_4k_granule(void)
{
	return (READ_SYSTEM_REGISTER(id_aa64mmfr0_el1) >> 28 & 15) != 15;
}

/* Zeroes, and cleans to the point of coherency: the next kernel looks at memory with the caches off. */
static inline void clear_memory(uint64_t start, uint64_t n_words)
{
	const uint64_t line = UINT64_C(4) << (READ_SYSTEM_REGISTER(ctr_el0) >> 16 & 15),
		       end = start + 8 * n_words;
	volatile uint64_t *word = (volatile uint64_t *)(uintptr_t)start;

	for (uint64_t i = 0; i < n_words; i++)
		word[i] = 0;
	for (uint64_t at = start & ~(line - 1); at < end; at += line)
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}

/* SMC calling convention: the function in W0; nothing but the result is kept of registers 0 to 17. */
static inline void call_hvc(uint32_t function)
{
	register uint64_t x0 __asm__("x0") = function;

	__asm__ volatile("hvc #0"
			 : "+r"(x0)
			 :
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
}

static inline void call_smc(uint32_t function)
{
	register uint64_t x0 __asm__("x0") = function;

	__asm__ volatile("smc #0"
			 : "+r"(x0)
			 :
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
}

__attribute__((noreturn)) static inline void halt(void)
{
	for (;;)
		__asm__ volatile("wfi");
}
