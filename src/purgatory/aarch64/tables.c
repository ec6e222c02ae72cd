// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether the plan's page tables may be used: damaged ones would end in an exception whose handler cannot be fetched
 * either, and so on for ever. They are few, so that comparing them with the caches off takes a millisecond. */
#include "purgatory/aarch64/aarch64.h"

#include "fundamental/crc32c.h"
#include "fundamental/digest.h"
#include "io.h"
#include "purgatory/purgatory.h"

static const struct purgatory_region *region_at(const struct purgatory_args *a, uint64_t address)
{
	for (uint32_t i = 0; i < a->n_regions && i < PURGATORY_REGIONS_MAX; i++)
		if (address - a->regions[i].start < a->regions[i].n)
			return &a->regions[i];
	return NULL;
}

uint64_t usable_page_tables(void)
{
	const struct purgatory_args *a = (const struct purgatory_args *)(uintptr_t)&args;
	const struct purgatory_region *r;
	struct digest d;

	if (!a->page_tables || a->magic != PURGATORY_MAGIC || !args_intact(a) || !has_4k_granule())
		return 0;
	r = region_at(a, a->page_tables);
	if (!r)
		return 0;
	digest_bytes((const void *)(uintptr_t)r->start, r->n,
		     a->flags & PURGATORY_CRC32C_INSN && crc32c_has_insn(), &d);
	for (unsigned i = 0; i < 3; i++)
		if (d.crc[i] != r->crc[i])
			return 0;
	return a->page_tables;
}
