// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds the struct page of a page frame: memory is in sections, and each says where the struct pages of its
 * frames are. Source: include/linux/mmzone.h (sparse memory; other models are found nowhere any more on
 * 64-bit machines), mm/sparse.c.
 */
#include "dump/filter.h"

#define HAS_MEM_MAP 3u	/* SECTION_MARKED_PRESENT, SECTION_HAS_MEM_MAP */
#define MAP_FLAGS 0x3fu /* low bits of section_mem_map, 6 at most */

static bool read_word(struct vmcore *core, uint64_t at, uint64_t *ret)
{
	uint8_t raw[8];

	if (vmcore_read_virtual(core, at, raw, sizeof(raw), "a memory section", NULL) < 0)
		return false;
	*ret = vmcore_load(core, raw, sizeof(raw));
	return true;
}

static bool read_section(struct vmcore *core, const struct page_map *map, uint64_t number,
			 uint64_t *ret)
{
	const uint64_t root = number / map->per_root;
	uint64_t at;

	return root < map->n_roots && read_word(core, map->roots + root * 8, &at) && at &&
	       read_word(core, at + number % map->per_root * map->section_n + map->map_offset, ret);
}

static bool has_structs(uint64_t coded)
{
	return (coded & HAS_MEM_MAP) == HAS_MEM_MAP && (coded & ~(uint64_t)MAP_FLAGS) >> 63;
}

/* Is there a part of memory whose struct pages are where the map says? Words of a wrong map may look like
 * addresses: LIST_POISON2 does. */
static bool is_map(struct vmcore *core, const struct page_map *map, uint64_t page_n,
		   uint64_t struct_n)
{
	uint64_t start, end, coded, word;

	for (size_t i = 0; vmcore_part(core, i, &start, &end); i++) {
		const uint64_t frame = start / page_n;

		if (end > start && read_section(core, map, frame >> map->section_shift, &coded) &&
		    has_structs(coded) &&
		    read_word(core, (coded & ~(uint64_t)MAP_FLAGS) + frame * struct_n, &word))
			return true;
	}
	return false;
}

const char *page_map_open(struct vmcore *core, uint64_t page_n, uint64_t struct_n,
			  struct page_map *ret)
{
	struct page_map map = { 0 };
	uint64_t symbol, bits;

	if (!vmcore_symbol(core, "mem_section", &symbol) ||
	    !vmcore_number(core, "LENGTH", "mem_section", &map.n_roots) ||
	    !vmcore_number(core, "SIZE", "mem_section", &map.section_n) ||
	    !vmcore_number(core, "OFFSET", "mem_section.section_mem_map", &map.map_offset) ||
	    !vmcore_number(core, "NUMBER", "SECTION_SIZE_BITS", &bits))
		return "mem_section";
	if (map.section_n == 0 || map.section_n > page_n || bits > SECTION_BITS_MAX ||
	    UINT64_C(1) << bits < page_n * GROUP)
		return "mem_section";
	map.per_root = page_n / map.section_n;
	map.section_shift = (unsigned)bits - (unsigned)__builtin_ctzll(page_n);
	/* The symbol is the table, also where mem_section is a pointer to it (4.15 and later,
	 * VMCOREINFO_SYMBOL_ARRAY). Kernels from between the two changes give the pointer's own address. */
	map.roots = symbol;
	if (!is_map(core, &map, page_n, struct_n) &&
	    !(read_word(core, symbol, &map.roots) && is_map(core, &map, page_n, struct_n)))
		return "mem_section";
	*ret = map;
	return NULL;
}

bool page_map_find(struct vmcore *core, struct page_map *map, uint64_t frame, uint64_t size,
		   uint64_t *ret)
{
	const uint64_t section = frame >> map->section_shift;
	uint64_t coded;

	if (!map->has_section || map->section != section) {
		map->base = 0;
		if (read_section(core, map, section, &coded) && has_structs(coded))
			map->base = coded & ~(uint64_t)MAP_FLAGS;
		map->section = section;
		map->has_section = true;
	}
	*ret = map->base + frame * size;
	return map->base != 0;
}
