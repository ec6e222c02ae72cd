// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Translates kernel addresses to offsets in the dump.
 *
 * /proc/vmcore and cores made of it have virtual addresses in p_vaddr, which is enough. Dumps of
 * physical memory (QEMU's dump-guest-memory) have not: there the address is translated by the
 * ranges and page tables that VMCOREINFO describes, and then looked up in p_paddr.
 */
#include <elf.h>
#include <string.h>

#include "vmcore/core.h"

/* A contiguous part of the dump that begins with the requested address. */
struct run {
	uint64_t offset; /* in the file */
	uint64_t n;	 /* contiguous bytes */
	bool is_zero;	 /* in memory, but not in the file: p_filesz < p_memsz */
};

static bool segment_holds(const struct segment *s, uint64_t addr, bool by_virt, bool in_file,
			  struct run *ret)
{
	uint64_t delta = addr - (by_virt ? s->virt : s->phys);
	uint64_t n = in_file ? s->file_n : s->mem_n;

	if ((by_virt && !s->has_virt) || delta >= n)
		return false;
	*ret = (struct run){ s->offset + delta, n - delta, !in_file };
	return true;
}

/* Prefers bytes that are in the file to zeros: makedumpfile -E lists excluded pages as segments
 * of zeros. */
static bool find_run(struct vmcore *core, uint64_t addr, bool by_virt, struct run *ret)
{
	size_t recent = core->recent[by_virt];

	/* try the segment of the last hit first: addresses of a log are close together, and a
	 * dump may have thousands of segments */
	if (recent < core->n_segments &&
	    segment_holds(&core->segments[recent], addr, by_virt, true, ret))
		return true;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < core->n_segments; i++)
			if (segment_holds(&core->segments[i], addr, by_virt, pass == 0, ret)) {
				core->recent[by_virt] = i;
				return true;
			}
	return false;
}

/* x86_64 page tables, Intel SDM volume 3, 4.5: 512 entries of 8 bytes a level. */
#define PTE_PRESENT UINT64_C(1)
#define PTE_LARGE UINT64_C(0x80)
#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)

static bool walk_page_tables(struct vmcore *core, uint64_t virt, uint64_t *ret_phys,
			     uint64_t *ret_n)
{
	uint64_t table = core->page_table;

	for (unsigned level = core->page_levels; level > 0; level--) {
		unsigned shift = 12 + 9 * (level - 1);
		uint64_t size = UINT64_C(1) << shift, entry;
		uint8_t raw[8];
		struct run run;

		if (!find_run(core, table + (virt >> shift & 511) * sizeof(raw), false, &run) ||
		    run.is_zero || run.n < sizeof(raw) ||
		    core_read_file(core, run.offset, raw, sizeof(raw), "a page table", NULL) < 0)
			return false;
		entry = core_load(core, raw, sizeof(raw)) & ~core->page_encrypted;
		if (!(entry & PTE_PRESENT))
			return false;
		table = entry & PTE_ADDRESS;
		/* Only levels 2 and 3 have large pages: 2 MiB and 1 GiB. */
		if (level == 1 || (level <= 3 && (entry & PTE_LARGE))) {
			*ret_phys = (table & ~(size - 1)) | (virt & (size - 1));
			*ret_n = size - (virt & (size - 1));
			return true;
		}
	}
	return false;
}

static bool translate(struct vmcore *core, uint64_t virt, uint64_t *ret_phys, uint64_t *ret_n)
{
	for (size_t i = 0; i < core->n_windows; i++) {
		const struct window *w = &core->windows[i];
		uint64_t delta = virt - w->start;

		if (delta < w->n) {
			*ret_phys = w->phys + delta;
			*ret_n = w->n - delta;
			return true;
		}
	}
	return walk_page_tables(core, virt, ret_phys, ret_n);
}

static bool locate(struct vmcore *core, uint64_t virt, struct run *ret)
{
	uint64_t phys, n;

	if (find_run(core, virt, true, ret))
		return true;
	if (!translate(core, virt, &phys, &n) || !find_run(core, phys, false, ret))
		return false;
	if (ret->n > n)
		ret->n = n;
	return true;
}

int core_read(struct vmcore *core, uint64_t virt, void *buf, size_t n, const char *what,
	      struct kx_error *err)
{
	uint8_t *p = buf;

	while (n > 0) {
		struct run run;
		size_t part;
		int r;

		if (!locate(core, virt, &run))
			return kx_fail(
				err, -EFAULT,
				"%s is at kernel address %#llx, which no segment of the dump "
				"covers",
				what, (unsigned long long)virt);
		part = run.n < n ? (size_t)run.n : n;
		if (run.is_zero) {
			memset(p, 0, part);
		} else {
			r = core_read_file(core, run.offset, p, part, what, err);
			if (r < 0)
				return r;
		}
		p += part;
		virt += part;
		n -= part;
	}
	return 0;
}

/* Large pieces, each read once: not through the blocks that are kept. */
int core_read_physical(struct vmcore *core, uint64_t phys, void *buf, size_t n,
		       struct kx_error *err)
{
	uint8_t *p = buf;

	while (n > 0) {
		struct run run;
		ssize_t got;
		size_t part;

		if (!find_run(core, phys, false, &run))
			return kx_fail(err, -EFAULT,
				       "no segment of the dump covers physical address %#llx",
				       (unsigned long long)phys);
		part = run.n < n ? (size_t)run.n : n;
		got = (ssize_t)part;
		if (run.is_zero)
			memset(p, 0, part);
		else
			got = core->file.source.read_at(core->file.source.data, run.offset, p,
							part);
		if (got < 0 || (size_t)got < part)
			return kx_fail(err, got < 0 ? (int)got : -ENODATA,
				       "cannot read physical address %#llx: %s",
				       (unsigned long long)phys,
				       got < 0 ? strerror((int)-got) : "the file is cut off");
		p += part;
		phys += part;
		n -= part;
	}
	return 0;
}

int core_read_uint(struct vmcore *core, uint64_t virt, size_t n, const char *what, uint64_t *ret,
		   struct kx_error *err)
{
	uint8_t raw[8];
	int r = core_read(core, virt, raw, n, what, err);

	if (r == 0)
		*ret = core_load(core, raw, n);
	return r;
}

static void add_window(struct vmcore *core, uint64_t start, uint64_t n, uint64_t phys)
{
	core->windows[core->n_windows++] = (struct window){ start, n, phys };
}

/* Documentation/arch/x86/x86_64/mm.rst; the direct map moves with KASLR, so it is walked. */
static void init_x86_64(struct vmcore *core)
{
	const uint64_t text_map = UINT64_C(0xffffffff80000000); /* __START_KERNEL_map */
	uint64_t base, image_n = UINT64_C(1) << 30, table, five = 0;

	if (!info_number(core, "NUMBER", "phys_base", &base)) {
		if (!core->has_phys_base)
			return; /* before Linux 4.16: such dumps need p_vaddr */
		base = core->phys_base;
	}
	(void)info_number(core, "NUMBER", "KERNEL_IMAGE_SIZE", &image_n);
	add_window(core, text_map, image_n, base);
	if (!info_symbol(core, "init_top_pgt", &table) &&
	    !info_symbol(core, "swapper_pg_dir", &table) &&
	    !info_symbol(core, "init_level4_pgt", &table))
		return;
	(void)info_number(core, "NUMBER", "pgtable_l5_enabled", &five);
	(void)info_number(core, "NUMBER", "sme_mask", &core->page_encrypted);
	core->page_table = table - text_map + base;
	core->page_levels = five ? 5 : 4;
}

/*
 * Documentation/arch/arm64/memory.rst: the kernel's half of the address space is split in two, one
 * half for the direct map, one for the kernel image. Linux 5.4 swapped them: _stext tells.
 */
static void init_arm64(struct vmcore *core)
{
	uint64_t bits, phys, image, stext, low, middle;
	bool image_is_high;

	if (!info_number(core, "NUMBER", "VA_BITS", &bits) || bits < 36 || bits > 52 ||
	    !info_number(core, "NUMBER", "PHYS_OFFSET", &phys) ||
	    !info_number(core, "NUMBER", "kimage_voffset", &image) ||
	    !info_symbol(core, "_stext", &stext))
		return;
	low = 0 - (UINT64_C(1) << bits);
	middle = 0 - (UINT64_C(1) << (bits - 1));
	image_is_high = stext >= middle;
	add_window(core, image_is_high ? low : middle, middle - low, phys);
	add_window(core, image_is_high ? middle : low, middle - low,
		   (image_is_high ? middle : low) - image);
}

/* Elsewhere the direct map is all that is known: it begins at PAGE_OFFSET and goes to the top. */
static void init_direct_map(struct vmcore *core)
{
	uint64_t start, phys = 0, top = core->word == 8 ? UINT64_MAX : UINT32_MAX;

	if (!info_number(core, "NUMBER", "PAGE_OFFSET", &start) &&
	    !info_hex(core, "NUMBER", "PAGE_OFFSET", &start))
		return;
	if (start == 0 || start > top)
		return;
	if (!info_number(core, "NUMBER", "PHYS_OFFSET", &phys))
		(void)info_number(core, "NUMBER", "phys_ram_base", &phys);
	add_window(core, start, top - start + 1, phys);
}

void core_init_translation(struct vmcore *core)
{
	if (core->machine == EM_X86_64 && !core->is_big)
		init_x86_64(core);
	else if (core->machine == EM_AARCH64)
		init_arm64(core);
	else
		init_direct_map(core);
}
