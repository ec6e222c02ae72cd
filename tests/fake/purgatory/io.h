/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* In the place of src/purgatory/x86_64/instructions/io.h: what the purgatory does to a machine goes to functions
 * of the test. */

#include <stdint.h>

void outb(uint16_t port, uint8_t v);
uint8_t inb(uint16_t port);
uint64_t clock_ticks(void);
void clear_memory(uint64_t start, uint64_t n_words);
volatile uint16_t *vga_text(void);
__attribute__((noreturn)) void triple_fault(void);
