/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Internal declarations of the dump layer. */

#include "dump/dump.h"

enum {
	GROUP = 64, /* pages looked at together: what the kernel notes of them fills a page */
	PAGE_NOTE_MAX = 256, /* bytes of a struct page; 64 on 64-bit machines */
	CHUNK = 4096,	     /* bytes of a bitmap, a bit a page */
	CHUNK_PAGES = 8 * CHUNK,
	PARTS_MAX = 1 << 16,
	SECTION_BITS_MAX = 40,
	ORDER_MAX = 20, /* free pages are in runs of at most 2^10, 2^13 on arm64 */
};

#define PAGES_MAX (UINT64_C(1) << 36)

enum verdict { KEEP, CACHE, CACHE_PRIVATE, USER, FREE, BAD };

/* pages.c: where the parts of a struct page are. */
struct page_layout {
	uint64_t size, flags, mapping, mapcount, private, head, dtor;
	uint64_t lru, swap_cache, swap_backed, is_private, slab, poison; /* bits of flags */
	uint64_t buddy_type, slab_type, huge_type, offline_type;	 /* of _mapcount */
	uint64_t huge_dtor;
	bool has_head, has_dtor, has_swap_backed, has_slab_bit, has_poison, has_slab_type,
		has_huge_type, has_offline_type;
};

/* NULL, or what VMCOREINFO does not say. */
const char *page_layout_read(const struct vmcore *core, struct page_layout *ret);
/* @page: @n bytes from a struct page on, perhaps those of the next as well. Of free pages *@ret_order is
 * how many there are, as a power of 2. */
enum verdict page_verdict(const struct vmcore *core, const struct page_layout *l, struct bytes page,
			  unsigned *ret_order);
/* Address of the struct page that decides for this one at @at, which is @at itself for most. */
uint64_t page_head(const struct vmcore *core, const struct page_layout *l, struct bytes page,
		   uint64_t at);

/* map.c: where the struct page of a page frame is. */
struct page_map {
	uint64_t roots, section_n, map_offset, per_root, n_roots;
	unsigned section_shift; /* page frames of a section, as a power of 2 */
	uint64_t section, base; /* the one found last; base 0: it has no struct pages */
	bool has_section;
};

const char *page_map_open(struct vmcore *core, uint64_t page_n, uint64_t struct_n,
			  struct page_map *ret);
/* False when memory at @frame has none. */
bool page_map_find(struct vmcore *core, struct page_map *map, uint64_t frame, uint64_t size,
		   uint64_t *ret);

/* filter.c */
struct frames {
	uint64_t start, end;
};

struct filter {
	struct vmcore *core;
	unsigned level;
	const char *missing; /* why pages cannot be told apart, or NULL */
	struct page_layout layout;
	struct page_map map;
	struct frames *parts; /* of memory, in order, apart */
	size_t n_parts;
	uint64_t n_frames; /* the highest of them, and one */
	uint64_t free_end; /* pages before it are free */
	uint64_t head;	   /* of the pages that were looked at last, and what became of it */
	enum verdict head_verdict;
	struct dump_counts counts;
};

_must_check_ int filter_open(struct vmcore *core, unsigned level, struct filter *ret,
			     struct kx_error *err);
void filter_done(struct filter *filter);
/* Frames [@start, @start + CHUNK_PAGES), which are asked for in order: bits of those that are memory, and of
 * those that are kept. */
void filter_chunk(struct filter *filter, uint64_t start, uint8_t memory[CHUNK],
		  uint8_t kept[CHUNK]);

/* pack.c */
struct packer;
_must_check_ int packer_new(enum dump_packing packing, size_t page_n, struct packer **ret);
void packer_free(struct packer *packer);
/* Bytes that @page was packed into, in @out, which has room for a page, with their flags; the page itself when
 * that is not larger. */
struct bytes packer_pack(struct packer *packer, const uint8_t *page, uint8_t *out,
			 uint32_t *ret_flags);
bool page_is_zero(const uint8_t *page, size_t n);

/* batch.c */
struct batch_page {
	uint64_t frame;
	struct bytes packed;
	uint32_t flags;
	bool is_zero; /* then it is not packed */
};

/* Receives the pages in the order in which they were added. 0, or a negative errno that ends it. */
typedef int (*batch_emit_fn)(void *data, const struct batch_page *page);

struct batch_options {
	enum dump_packing packing;
	size_t page_n;
	bool looks_for_zeros;
	batch_emit_fn emit;
	void *data;
};

struct batch;
_must_check_ int batch_new(struct vmcore *core, const struct batch_options *options,
			   struct batch **ret);
struct batch *batch_free(struct batch *batch);
/* Pages [@frame, @frame + @n) of memory. What @emit returned. */
_must_check_ int batch_add(struct batch *batch, uint64_t frame, size_t n);
_must_check_ int batch_flush(struct batch *batch);
uint64_t batch_unreadable(const struct batch *batch);
