/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Instructions that C cannot express. Tests put a header of the same name in its place. */

#include <stdint.h>

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint64_t clock_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void clear_memory(uint64_t start, uint64_t n_words)
{
	__asm__ volatile("rep stosq" : "+D"(start), "+c"(n_words) : "a"(0) : "memory");
}

/* Colour text memory, 80 columns by 25 rows of {character, attribute}. */
static inline volatile uint16_t *vga_text(void)
{
	return (volatile uint16_t *)(uintptr_t)0xb8000;
}

/* An exception without an IDT. */
__attribute__((noreturn)) static inline void triple_fault(void)
{
	__asm__ volatile("ud2");
	__builtin_unreachable();
}
