// SPDX-License-Identifier: LGPL-2.1-or-later
/* Types of memory -> numbers of the e820 table: Documentation/arch/x86/zero-page.rst and
 * include/uapi/asm/e820.h. */

#include "memmap/x86_64/e820.h"

static const uint32_t numbers[MEMORY_N_TYPES] = {
	[MEMORY_RAM] = 1,   [MEMORY_RESERVED] = 2,	[MEMORY_ACPI] = 3,
	[MEMORY_NVS] = 4,   [MEMORY_UNUSABLE] = 5,	[MEMORY_PMEM] = 7,
	[MEMORY_PRAM] = 12, [MEMORY_SOFT_RESERVED] = 2, [MEMORY_DRIVER_MANAGED] = 0,
};

uint32_t e820_type(enum memory_type type)
{
	return numbers[type];
}
