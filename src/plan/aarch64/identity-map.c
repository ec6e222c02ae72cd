// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ranges of memory -> page tables with granules of 4 KiB and four levels: blocks of 1 GiB and 2 MiB where a range
 * covers them, pages at its edges. Format: Arm ARM, D8.3. */
#include "plan/aarch64/identity-map.h"

#include "fundamental/aarch64/purgatory-abi.h"
#include "fundamental/put.h"

#define ENTRIES 512u
#define LAST_LEVEL 3u

#define DESCRIPTOR_BLOCK UINT64_C(1)
#define DESCRIPTOR_TABLE UINT64_C(3) /* at the last level: page */
#define DESCRIPTOR_KIND UINT64_C(3)
#define ATTRIBUTE(n) ((uint64_t)(n) << 2)
#define AP1 (UINT64_C(1) << 6) /* EL0, too; reserved as one where there is none */
#define INNER_SHAREABLE (UINT64_C(3) << 8)
#define ACCESSED (UINT64_C(1) << 10) /* else an exception */
#define PXN (UINT64_C(1) << 53) /* not executed at EL1; reserved as zero where there is one level */
#define XN (UINT64_C(1) << 54)

#define ADDRESS UINT64_C(0xfffffffff000)

struct tables {
	uint8_t *p;
	uint64_t base;
	size_t n;
};

/* Bytes that an entry of the level maps: 512 GiB, 1 GiB, 2 MiB, 4 KiB. */
static uint64_t level_size(unsigned level)
{
	return (uint64_t)IDENTITY_MAP_PAGE << 9 * (LAST_LEVEL - level);
}

static uint8_t *entry_at(const struct tables *t, size_t table, unsigned level, uint64_t address)
{
	return t->p + table * IDENTITY_MAP_PAGE + address / level_size(level) % ENTRIES * 8;
}

/* Number of the table that the entry points to; a new one when it is empty. */
static size_t table_below(struct tables *t, uint8_t *entry)
{
	if (!get_le64(entry))
		put_le64(entry, (t->base + t->n++ * IDENTITY_MAP_PAGE) | DESCRIPTOR_TABLE);
	return (size_t)(((get_le64(entry) & ADDRESS) - t->base) / IDENTITY_MAP_PAGE);
}

/* Maps the part of @r that begins at @at and fits one entry, as high up as it may be; returns its size. */
static uint64_t map_one(struct tables *t, size_t root, uint64_t at, uint64_t end, uint64_t flags)
{
	size_t table = root;

	for (unsigned level = 0;; level++) {
		const uint64_t size = level_size(level);
		uint8_t *entry = entry_at(t, table, level, at);

		if (level > 0 && at % size == 0 && size <= end - at) {
			put_le64(entry, at | flags |
						(level == LAST_LEVEL ? DESCRIPTOR_TABLE
								     : DESCRIPTOR_BLOCK));
			return size;
		}
		table = table_below(t, entry);
	}
}

static void map(struct tables *t, size_t root, struct range r, uint64_t flags)
{
	for (uint64_t at = r.start; at < r.end;)
		at += map_one(t, root, at, r.end, flags);
}

/* Level 1 and 2: as many as the range touches; level 3: at its edges. */
static size_t tables_for(struct range r)
{
	size_t n = 2;

	if (r.start >= r.end)
		return 0;
	for (unsigned level = 0; level < 2; level++)
		n += (size_t)((r.end - 1) / level_size(level) - r.start / level_size(level) + 1);
	return n;
}

size_t identity_map_pages_max(const struct range *memory, size_t n, struct range device)
{
	size_t pages = 1 + tables_for(device);

	for (size_t i = 0; i < n; i++)
		pages += tables_for(memory[i]);
	return 2 * pages;
}

size_t identity_map_make(uint64_t base, const struct range *memory, size_t n, struct range device,
			 uint8_t *tables)
{
	struct tables t = { .p = tables, .base = base, .n = 2 };

	for (size_t root = 0; root < 2; root++) {
		const uint64_t common = ACCESSED | INNER_SHAREABLE | (root ? AP1 : 0);

		for (size_t i = 0; i < n; i++)
			map(&t, root, memory[i], common | ATTRIBUTE(PURGATORY_ATTR_NORMAL));
		map(&t, root, device,
		    common | ATTRIBUTE(PURGATORY_ATTR_DEVICE) | XN | (root ? 0 : PXN));
	}
	return t.n;
}
