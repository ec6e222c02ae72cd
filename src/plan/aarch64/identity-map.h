/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Page tables for the purgatory, in the form that fundamental/aarch64/purgatory-abi.h describes. */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "memmap/range.h"

#define IDENTITY_MAP_PAGE 4096u
/* Addresses have 48 bits. */
#define IDENTITY_MAP_END (UINT64_C(1) << 48)

/* Pages that tables for @memory and @device take at most. */
size_t identity_map_pages_max(const struct range *memory, size_t n, struct range device);

/**
 * identity_map_make() - map memory and a device to themselves
 * @base: physical address of the tables, whole pages
 * @memory: whole pages below IDENTITY_MAP_END; what is mapped by one of them is not mapped by another
 * @device: registers, whole pages; empty for none
 * @tables: zeros, of identity_map_pages_max() pages
 *
 * Not a byte more is mapped: a processor reads ahead in what is mapped as memory, and machines stop at such reads of
 * what firmware has reserved. The tables themselves need no mapping.
 *
 * Returns the number of pages used: first the root for EL1 and for EL2 with VHE, then the one for EL2 without.
 */
size_t identity_map_make(uint64_t base, const struct range *memory, size_t n, struct range device,
			 uint8_t *tables);
