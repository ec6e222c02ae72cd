// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the crashed kernel used a page for, by its struct page. Source: include/linux/mm_types.h and
 * page-flags.h, and Documentation/admin-guide/kdump/vmcoreinfo.rst for what of them VMCOREINFO names.
 * The rules are those of makedumpfile(8), -d.
 */
#include "dump/filter.h"

#define MAPPING_ANON 1u /* PAGE_MAPPING_ANON */
#define HEAD_IS_TAIL 1u /* bit 0 of compound_head: this page is a part of another */
#define TYPE_SHIFT 24	/* since 6.11 the highest byte of _mapcount is a type of 0xf0 or above */
#define TYPE_FIRST 0xf0u

struct wanted {
	const char *kind, *name;
	size_t dest;
};

#define WANTED(kind, name, field)                               \
	{                                                       \
		kind, name, offsetof(struct page_layout, field) \
	}

static const struct wanted wanted[] = {
	WANTED("SIZE", "page", size),
	WANTED("OFFSET", "page.flags", flags),
	WANTED("OFFSET", "page.mapping", mapping),
	WANTED("OFFSET", "page._mapcount", mapcount),
	WANTED("OFFSET", "page.private", private),
	WANTED("NUMBER", "PG_lru", lru),
	WANTED("NUMBER", "PG_swapcache", swap_cache),
	WANTED("NUMBER", "PG_private", is_private),
	WANTED("NUMBER", "PAGE_BUDDY_MAPCOUNT_VALUE", buddy_type),
};

const char *page_layout_read(const struct vmcore *core, struct page_layout *ret)
{
	struct page_layout l = { 0 };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!vmcore_number(core, wanted[i].kind, wanted[i].name,
				   (uint64_t *)(void *)((uint8_t *)&l + wanted[i].dest)))
			return wanted[i].name;
	if (l.size < 32 || l.size > PAGE_NOTE_MAX)
		return "page";
	l.has_head = vmcore_number(core, "OFFSET", "page.compound_head", &l.head) ||
		     vmcore_number(core, "OFFSET", "page.compound_info", &l.head);
	l.has_dtor = vmcore_number(core, "OFFSET", "page.compound_dtor", &l.dtor) &&
		     vmcore_number(core, "NUMBER", "HUGETLB_PAGE_DTOR", &l.huge_dtor);
	l.has_swap_backed = vmcore_number(core, "NUMBER", "PG_swapbacked", &l.swap_backed);
	l.has_slab_bit = vmcore_number(core, "NUMBER", "PG_slab", &l.slab);
	l.has_poison = vmcore_number(core, "NUMBER", "PG_hwpoison", &l.poison);
	l.has_slab_type = vmcore_number(core, "NUMBER", "PAGE_SLAB_MAPCOUNT_VALUE", &l.slab_type);
	l.has_huge_type =
		vmcore_number(core, "NUMBER", "PAGE_HUGETLB_MAPCOUNT_VALUE", &l.huge_type);
	l.has_offline_type =
		vmcore_number(core, "NUMBER", "PAGE_OFFLINE_MAPCOUNT_VALUE", &l.offline_type);
	*ret = l;
	return NULL;
}

static uint64_t field(const struct vmcore *core, struct bytes page, uint64_t at, size_t n)
{
	struct bytes part;

	return bytes_sub(page, at, n, &part) ? vmcore_load(core, part.p, n) : 0;
}

static bool has_bit(uint64_t flags, uint64_t bit)
{
	return bit < 64 && flags >> bit & 1;
}

/* Types that leave room for a count are compared without it. */
static bool has_type(uint32_t mapcount, uint64_t type)
{
	const uint32_t value = (uint32_t)type;

	if (value >> TYPE_SHIFT >= TYPE_FIRST && value << 8 == 0)
		return mapcount >> TYPE_SHIFT == value >> TYPE_SHIFT;
	return mapcount == value;
}

static bool is_cache(const struct page_layout *l, uint64_t flags)
{
	if (has_bit(flags, l->lru))
		return true;
	return has_bit(flags, l->swap_cache) &&
	       (!l->has_swap_backed || has_bit(flags, l->swap_backed));
}

static bool is_huge(const struct vmcore *core, const struct page_layout *l, struct bytes page,
		    uint32_t mapcount)
{
	if (l->has_huge_type)
		return has_type(mapcount, l->huge_type);
	/* the second page of a huge one says how it is freed */
	return l->has_dtor && page.n >= 2 * l->size &&
	       field(core, page, l->size + l->head, 8) & HEAD_IS_TAIL &&
	       field(core, page, l->size + l->dtor, 1) == l->huge_dtor;
}

enum verdict page_verdict(const struct vmcore *core, const struct page_layout *l, struct bytes page,
			  unsigned *ret_order)
{
	const uint64_t flags = field(core, page, l->flags, 8);
	const uint64_t mapping = field(core, page, l->mapping, 8);
	const uint32_t mapcount = (uint32_t)field(core, page, l->mapcount, 4);
	const bool is_slab = l->has_slab_type ? has_type(mapcount, l->slab_type)
					      : l->has_slab_bit && has_bit(flags, l->slab);
	const bool is_anon = !is_slab && mapping & MAPPING_ANON;

	*ret_order = 0;
	if (has_type(mapcount, l->buddy_type)) {
		const uint64_t order = field(core, page, l->private, 8);

		*ret_order = order <= ORDER_MAX ? (unsigned)order : 0;
		return FREE;
	}
	if (is_cache(l, flags) && !is_anon)
		return has_bit(flags, l->is_private) ? CACHE_PRIVATE : CACHE;
	if (is_anon || is_huge(core, l, page, mapcount))
		return USER;
	if (l->has_poison && has_bit(flags, l->poison))
		return BAD;
	if (l->has_offline_type && has_type(mapcount, l->offline_type))
		return FREE;
	return KEEP;
}

/* Either the head's address, or, where struct pages have a size that is a power of 2, the mask that makes it
 * of this page's address. */
uint64_t page_head(const struct vmcore *core, const struct page_layout *l, struct bytes page,
		   uint64_t at)
{
	const uint64_t head = l->has_head ? field(core, page, l->head, 8) : 0;
	const uint64_t is_mask_below = UINT64_C(1) << 32;

	if (!(head & HEAD_IS_TAIL))
		return at;
	return ~head < is_mask_below ? at & head & ~UINT64_C(1) : head & ~UINT64_C(1);
}
