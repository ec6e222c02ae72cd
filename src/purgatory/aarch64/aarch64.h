/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What start.S and the C of this folder have of each other. */

#include <stdint.h>

#include "fundamental/aarch64/purgatory-abi.h"

/* main.c; hidden, so that it is found without a GOT */
extern __attribute__((visibility("hidden"))) volatile struct purgatory_args args;

/* tables.c: called with the MMU off. Root of the page tables for EL1 and for EL2 with VHE, 0 when the MMU has to
 * stay off: there are none, they or the arguments are damaged, or the processor has no granules of 4 KiB. */
uint64_t usable_page_tables(void);

/* reset.c: called for every exception, each of which is a damaged machine. @syndrome: ESR, @address: ELR. */
__attribute__((noreturn)) void purgatory_fault(uint64_t syndrome, uint64_t address);
