// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares segments with their digests, zeroes the gaps between them, and stores time stamps. */
#include "purgatory/purgatory.h"

#include "fundamental/digest.h"
#include "io.h"

static bool is_digest(const struct digest *d, const uint32_t crc[3])
{
	return d->crc[0] == crc[0] && d->crc[1] == crc[1] && d->crc[2] == crc[2];
}

bool args_intact(const struct purgatory_args *args)
{
	struct digest d;

	digest_bytes(args, offsetof(struct purgatory_args, self), false, &d);
	return is_digest(&d, args->self);
}

int check_regions(const struct purgatory_args *args, bool insn)
{
	for (uint32_t i = 0; i < args->n_regions && i < PURGATORY_REGIONS_MAX; i++) {
		const struct purgatory_region *r = &args->regions[i];
		struct digest d;

		digest_bytes((const void *)(uintptr_t)r->start, r->n, insn, &d);
		if (!is_digest(&d, r->crc))
			return (int)i;
	}
	return -1;
}

void clear_gaps(const struct purgatory_args *args)
{
	if (!args->page_tables)
		return;
	for (uint32_t i = 0; i < args->n_clear && i < PURGATORY_CLEAR_MAX; i++)
		clear_memory(args->clear[i].start, args->clear[i].n / sizeof(uint64_t));
}

void stamp(const struct purgatory_args *args, enum stamp_id id, uint64_t tsc)
{
	volatile struct stamps *s = (volatile struct stamps *)(uintptr_t)args->stamps;

	if (!s || s->magic != STAMPS_MAGIC || s->n >= STAMPS_SLOTS)
		return;
	s->slot[s->n].id = id;
	s->slot[s->n].tsc = tsc;
	s->n++;
}
