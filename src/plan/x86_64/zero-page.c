// SPDX-License-Identifier: LGPL-2.1-or-later
/* Fills struct boot_params, except for fields that hold addresses. It starts as zeros, and only the
 * setup header is copied from the kernel file: a byte of the boot sector at 0x1ef would make the
 * kernel clear fields (Documentation/arch/x86/zero-page.rst, "sentinel"). */

#include <string.h>

#include "fundamental/put.h"
#include "memmap/x86_64/e820.h"
#include "plan/x86_64/x86_64.h"
#include "plan/x86_64/zero-page.h"

#define EXT_MEM_K_MAX 0xfc00u /* 63 MiB: limit of BIOS call 15h/88h, which has 16 bits for KiB */

static void fill_header(const struct linux_kernel *kernel, uint8_t *bp)
{
	size_t n = kernel->header.n;

	if (n > BP_HEADER_END - BP_HEADER)
		n = BP_HEADER_END - BP_HEADER;
	memcpy(bp + BP_HEADER, kernel->header.p, n);
	bp[BP_TYPE_OF_LOADER] = LOADER_KEXEC;
}

static void fill_e820(const struct memmap *map, uint8_t *bp)
{
	size_t n = map->n < BP_E820_MAX ? map->n : BP_E820_MAX;

	for (size_t i = 0; i < n; i++)
		put_e820(bp + BP_E820_TABLE + i * E820_ENTRY_SIZE, &map->v[i]);
	bp[BP_E820_ENTRIES] = (uint8_t)n;
}

/* Sizes of RAM that begins at 1 MiB and has no hole, as BIOS calls report it. */
static void fill_old_memory_sizes(const struct memmap *map, uint8_t *bp)
{
	uint64_t kib = 0;

	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].type == MEMORY_RAM && map->v[i].range.start <= MIB &&
		    map->v[i].range.end > MIB)
			kib = (map->v[i].range.end - MIB) >> 10;
	put_le16(bp + BP_EXT_MEM_K, (uint16_t)(kib < EXT_MEM_K_MAX ? kib : EXT_MEM_K_MAX));
	put_le32(bp + BP_ALT_MEM_K, kib < UINT32_MAX ? (uint32_t)kib : UINT32_MAX);
}

/* Copies what the BIOS said about its disks, with both counts: without the second one the kernel
 * ignores the signatures. */
static void copy_edd(const uint8_t *running, uint8_t *bp)
{
	uint8_t n = running[BP_EDDBUF_ENTRIES], n_mbr = running[BP_EDD_MBR_SIG_ENTRIES];

	if (n > BP_EDDBUF_MAX)
		n = BP_EDDBUF_MAX;
	if (n_mbr > BP_EDD_MBR_SIG_MAX)
		n_mbr = BP_EDD_MBR_SIG_MAX;
	bp[BP_EDDBUF_ENTRIES] = n;
	bp[BP_EDD_MBR_SIG_ENTRIES] = n_mbr;
	memcpy(bp + BP_EDDBUF, running + BP_EDDBUF, (size_t)n * BP_EDDBUF_SIZE);
	memcpy(bp + BP_EDD_MBR_SIG, running + BP_EDD_MBR_SIG, (size_t)n_mbr * 4);
}

static void copy_running(const uint8_t *running, uint8_t *bp)
{
	copy_edd(running, bp);
	bp[BP_SECURE_BOOT] = running[BP_SECURE_BOOT];
	memcpy(bp + BP_HARDWARE_SUBARCH, running + BP_HARDWARE_SUBARCH, 4);
	memcpy(bp + BP_HARDWARE_SUBARCH_DATA, running + BP_HARDWARE_SUBARCH_DATA, 8);
}

void put_e820(uint8_t *entry, const struct memory_range *m)
{
	put_le64(entry, m->range.start);
	put_le64(entry + 8, range_size(m->range));
	put_le32(entry + 16, e820_type(m->type));
}

void fill_zero_page(const struct planner *p, const struct linux_kernel *kernel, uint8_t *bp)
{
	const uint8_t *running = p->machine->x86_64.boot_params;
	uint64_t rsdp = p->machine->x86_64.acpi_rsdp;

	fill_header(kernel, bp);
	fill_screen(p, bp);
	fill_e820(&p->plan->memory, bp);
	fill_old_memory_sizes(&p->plan->memory, bp);
	if (running)
		copy_running(running, bp);
	if (!rsdp && running)
		rsdp = get_le64(running + BP_ACPI_RSDP_ADDR);
	put_le64(bp + BP_ACPI_RSDP_ADDR, rsdp);
}
