// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans multiboot kernels (Xen, memtest86+, hobby systems): they are entered in 32-bit protected
 * mode, so everything lies below 4 GiB. */

#include "plan/x86_64/multiboot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fundamental/put.h"
#include "plan/x86_64/zero-page.h"

#define LOWER_MAX_KIB 640

/* include/uapi/linux/screen_info.h */
enum {
	SI_COLS = 0x07,
	SI_LINES = 0x0e,
	SI_TYPE = 0x0f,
	SI_LFB_WIDTH = 0x12,
	SI_LFB_HEIGHT = 0x14,
	SI_LFB_DEPTH = 0x16,
	SI_LFB_BASE = 0x18,
	SI_LFB_LINELENGTH = 0x24,
	SI_RED_SIZE = 0x26,
	SI_CAPABILITIES = 0x36,
	SI_EXT_LFB_BASE = 0x3a,
	VIDEO_TYPE_VGAC = 0x01,
	VIDEO_TYPE_VLFB = 0x23,
	VIDEO_TYPE_EFI = 0x70,
	CAPABILITY_64BIT_BASE = 1u << 1,
};

static struct framebuffer find_framebuffer(const struct planner *p)
{
	struct framebuffer fb = { .type = FRAMEBUFFER_NONE };
	uint8_t si[BP_SIZE] = { 0 };

	fill_screen(p, si);
	if (si[SI_TYPE] == VIDEO_TYPE_VGAC) {
		fb.type = FRAMEBUFFER_TEXT;
		fb.address = 0xb8000;
		fb.width = si[SI_COLS];
		fb.height = si[SI_LINES];
		fb.pitch = 2 * fb.width;
		fb.bpp = 16;
	} else if (si[SI_TYPE] == VIDEO_TYPE_VLFB || si[SI_TYPE] == VIDEO_TYPE_EFI) {
		fb.type = FRAMEBUFFER_RGB;
		fb.address = get_le32(si + SI_LFB_BASE);
		if (get_le32(si + SI_CAPABILITIES) & CAPABILITY_64BIT_BASE)
			fb.address |= (uint64_t)get_le32(si + SI_EXT_LFB_BASE) << 32;
		fb.width = get_le16(si + SI_LFB_WIDTH);
		fb.height = get_le16(si + SI_LFB_HEIGHT);
		fb.pitch = get_le16(si + SI_LFB_LINELENGTH);
		fb.bpp = (uint8_t)get_le16(si + SI_LFB_DEPTH);
		for (size_t i = 0; i < 3; i++) { /* Linux has {size, position} */
			fb.colours[2 * i] = si[SI_RED_SIZE + 2 * i + 1];
			fb.colours[2 * i + 1] = si[SI_RED_SIZE + 2 * i];
		}
	}
	return fb;
}

/* KiB of RAM from @start on without a hole. The first page may be missing: it belongs to the
 * BIOS and kernels do not declare it as RAM. */
static uint32_t ram_kib(const struct memmap *map, uint64_t start, uint32_t max)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct range r = map->v[i].range;
		uint64_t kib;

		if (map->v[i].type != MEMORY_RAM || r.end <= start ||
		    (r.start > start && r.start > PAGE_SIZE))
			continue;
		kib = (r.end - start) >> 10;
		return kib < max ? (uint32_t)kib : max;
	}
	return 0;
}

static int find_shift(struct planner *p, const struct multiboot *mb, struct range span,
		      uint64_t *ret)
{
	const struct place place = {
		.what = "kernel",
		.size = range_size(span),
		.align = mb->reloc_align,
		.bounds = { mb->reloc_min, mb->reloc_max < GIB4 ? mb->reloc_max : GIB4 },
	};
	struct range hole;
	int r;

	*ret = 0;
	if (!mb->relocatable && span.end > GIB4)
		return kx_fail_range(
			p->err,
			kx_fail(p->err, -EADDRNOTAVAIL,
				"the image must lie at %#llx to %#llx, but multiboot kernels are "
				"entered without paging and reach 4 GiB",
				(unsigned long long)span.start, (unsigned long long)span.end),
			span.start, span.end);
	if (!mb->relocatable || (range_contains(place.bounds, span) && planner_is_free(p, span)))
		return 0;
	if (mb->reloc_align & (mb->reloc_align - 1))
		return kx_fail(p->err, -EBADMSG,
			       "multiboot2: alignment %#llx of the relocatable tag is not a "
			       "power of two",
			       (unsigned long long)mb->reloc_align);
	r = planner_find(p, &place, &hole);
	if (r < 0)
		return r;
	*ret = hole.start - span.start; /* modulo 2^64: the image may move down */
	return 0;
}

static int add_modules(struct planner *p, struct range *ret)
{
	for (size_t i = 0; i < p->req->n_modules; i++) {
		const struct bytes data = p->req->modules[i].data;
		const struct place place = {
			.what = "module",
			.size = data.n,
			.bounds = { 0, GIB4 },
		};
		struct range dest;
		int r = planner_find(p, &place, &dest);

		if (r < 0)
			return r;
		r = planner_add(p, "module", data, dest, data.n);
		if (r < 0)
			return r;
		ret[i] = (struct range){ dest.start, dest.start + data.n };
	}
	return 0;
}

static int add_info(struct planner *p, const struct multiboot_facts *facts, uint64_t *ret)
{
	const struct place place = {
		.what = "multiboot information",
		.size = multiboot_info_max(p),
		.bounds = { 0, GIB4 },
	};
	uint8_t *buf = planner_alloc(p, place.size);
	struct range dest;
	size_t n;
	int r;

	if (!buf)
		return planner_out_of_memory(p);
	r = planner_find(p, &place, &dest);
	if (r < 0)
		return r;
	if (p->req->image->x86_64.multiboot.version == 1)
		n = multiboot1_info(p, facts, buf, (uint32_t)dest.start);
	else
		n = multiboot2_info(p, facts, buf);
	*ret = dest.start;
	return planner_add(p, "multiboot information", (struct bytes){ buf, n }, dest, n);
}

static int check(struct planner *p, const struct multiboot *mb)
{
	if (p->req->initrd.n)
		return kx_fail(p->err, -EINVAL,
			       "an initrd goes to Linux kernels only: hand it to the multiboot "
			       "kernel as a module");
	if (mb->version == 1 || !p->machine->x86_64.efi.booted ||
	    p->machine->x86_64.n_acpi_rsdp_copy)
		return 0;
	return planner_warn(p,
			    "the multiboot kernel may not find the ACPI tables: the RSDP of this "
			    "EFI machine could not be read");
}

int plan_multiboot(struct planner *p)
{
	const struct multiboot *mb = &p->req->image->x86_64.multiboot;
	_cleanup_free_ struct range *modules = calloc(p->req->n_modules + 1, sizeof(*modules));
	struct multiboot_facts facts = {
		.lower_kib = ram_kib(&p->plan->memory, 0, LOWER_MAX_KIB),
		.upper_kib = ram_kib(&p->plan->memory, MIB, UINT32_MAX),
		.framebuffer = find_framebuffer(p),
		.modules = modules,
	};
	struct handover handover = {
		.end = GIB4,
		.mode = mb->version == 1 ? PURGATORY_ENTER_MULTIBOOT1 : PURGATORY_ENTER_MULTIBOOT2,
	};
	struct range span;
	uint64_t shift;
	int r;

	if (!modules)
		return planner_out_of_memory(p);
	r = check(p, mb);
	if (r < 0)
		return r;
	r = elf_span(p, &mb->elf, &span);
	if (r < 0)
		return r;
	r = find_shift(p, mb, span, &shift);
	if (r < 0)
		return r;
	r = add_elf_segments(p, &mb->elf, shift, false);
	if (r < 0)
		return r;
	r = add_modules(p, modules);
	if (r < 0)
		return r;
	facts.load_base = span.start + shift;
	r = add_info(p, &facts, &handover.argument);
	if (r < 0)
		return r;
	handover.entry = entry_or(p, mb->entry + shift);
	return planner_add_purgatory(p, &handover);
}
