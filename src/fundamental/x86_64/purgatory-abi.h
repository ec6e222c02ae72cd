/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What planner and purgatory of x86_64 agree on beside fundamental/purgatory-abi.h. page_tables there is
 * the root of tables with four levels; the root of those with five levels is the next page. */

#include "fundamental/purgatory-abi.h"

/* purgatory_args.entry_mode */
enum purgatory_entry_mode {
	PURGATORY_ENTER_64BIT,	    /* long mode, RSI = argument */
	PURGATORY_ENTER_32BIT,	    /* paging off, ESI = argument, others 0: bzImage at its start */
	PURGATORY_ENTER_MULTIBOOT1, /* paging off, EAX = 0x2badb002, EBX = argument */
	PURGATORY_ENTER_MULTIBOOT2, /* paging off, EAX = 0x36d76289, EBX = argument */
};

/* The stamps are a setup_data of this type; the kernel shows it under
 * /sys/kernel/boot_params/setup_data/N/. */
#define STAMPS_SETUP_DATA_TYPE UINT32_C(0x52520001)
