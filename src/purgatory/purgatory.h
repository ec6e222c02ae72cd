/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The purgatory in C: freestanding, general registers only, also built and tested on the host. */

#include <stdbool.h>
#include <stdint.h>

#include "fundamental/purgatory-abi.h"

/* check.c */

/* Are the arguments those that the planner wrote? */
bool args_intact(const struct purgatory_args *args);
/* First region whose contents differ from its digest, -1 when all are as they should be. */
int check_regions(const struct purgatory_args *args, bool insn);
/* Zeros what no segment covers; nothing without page tables of our own. */
void clear_gaps(const struct purgatory_args *args);
/* Writes @tsc into the next free slot; nothing without stamps, or with a damaged or full table. */
void stamp(const struct purgatory_args *args, enum stamp_id id, uint64_t tsc);

/* report.c */
void report_init(const struct purgatory_args *args);
void report(const struct purgatory_args *args, const char *s);
void report_hex(const struct purgatory_args *args, uint64_t v);

/* vga.c: 80x25 colour text, whatever mode the old kernel's driver left */
void vga_reset(void);

/* reset.c: every way there is, the surest last */
__attribute__((noreturn)) void reset_machine(const struct purgatory_args *args);

/* main.c: returns when the kernel may be entered */
void purgatory_main(uint64_t tsc);
