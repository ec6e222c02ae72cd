/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The memory map that firmware of x86 hands to a kernel: the e820 table. */

#include <libkexec.h>
#include <stdint.h>

#include "memmap/memmap.h"

/* Number of @type in the table; 0 for what is not declared at all. */
uint32_t e820_type(enum memory_type type);

/* One entry of /sys/firmware/memmap: the three files' contents. */
_must_check_ int firmware_memmap_add(struct memmap *map, struct bytes start, struct bytes end,
				     struct bytes type, struct kx_error *err);
