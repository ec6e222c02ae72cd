/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The purgatory in C: freestanding, general registers only, also built and tested on the host. */

#include <stdbool.h>
#include <stdint.h>

#include "fundamental/purgatory-abi.h"

/* check.c */

/* Does the digest of the arguments match, as the planner wrote them? */
bool args_intact(const struct purgatory_args *args);
/* Index of the first region whose contents do not match its digest, -1 when all match. @insn:
 * use the crc32 instruction. */
int check_regions(const struct purgatory_args *args, bool insn);
/* Zeroes the ranges of args->clear. Does nothing without page tables of our own: those of the
 * old kernel may lie in the gaps. */
void clear_gaps(const struct purgatory_args *args);
/* Writes @tsc into the next free slot of the stamps; does nothing when there are none, or their
 * table is damaged or full. */
void stamp(const struct purgatory_args *args, enum stamp_id id, uint64_t tsc);

/* report.c */
void report_init(const struct purgatory_args *args);
void report(const struct purgatory_args *args, const char *s);
void report_hex(const struct purgatory_args *args, uint64_t v);

/* vga.c: 80x25 colour text, whatever mode the old kernel's driver left */
void vga_reset(void);

/* reset.c: tries every way to reset a PC, a triple fault last */
__attribute__((noreturn)) void reset_machine(const struct purgatory_args *args);

/* main.c: returns when the kernel may be entered */
void purgatory_main(uint64_t tsc);
