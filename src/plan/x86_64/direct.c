// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Plans the kernel inside a bzImage, entered without its decompressor: it was unpacked, and is moved to
 * a random address while the old kernel still runs. It does the same work as
 * arch/x86/boot/compressed/{head_64.S,misc.c,kaslr.c}. Where that is not possible the plan says
 * why, and the bzImage is loaded as it is.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/x86_64/vmlinux.h"
#include "plan/runs.h"
#include "plan/x86_64/x86_64.h"
#include "plan/x86_64/zero-page.h"

/* Leaves segments for initrd, boot_params, page tables and purgatory. */
#define KERNEL_RUNS_MAX (PLAN_SEGMENTS_MAX - 4)

/* Beyond the ranges that are in the plan's keep_off. */
static bool restricts_memory(const struct planner *p)
{
	struct ranges ranges = { 0 };
	int r = x86_64_excluded(p->plan->cmdline, &ranges);

	ranges_done(&ranges);
	return r < 0;
}

/* Reasons against a direct entry that are known without unpacking the payload; NULL for none. */
static const char *obstacle(const struct planner *p)
{
	const struct bzimage *bz = &p->req->image->x86_64.bzimage;
	const struct machine *machine = p->machine;
	const uint64_t entry_flags = KX_REQ_ENTRY_32BIT | KX_REQ_REAL_MODE | KX_REQ_HAS_ENTRY;

	if (!(p->req->flags & KX_REQ_FAST))
		return "--fast was not asked for";
	if (p->req->not_fast)
		return p->req->not_fast;
	if (p->req->image->inner != IMAGE_BZIMAGE64)
		return "the kernel has no 64-bit entry point that may lie anywhere";
	if (p->req->flags & entry_flags)
		return "another entry point was asked for";
	if (!bz->relocatable)
		return "the kernel cannot be moved (built without CONFIG_RELOCATABLE)";
	if (machine->x86_64.confidential)
		return machine->x86_64.confidential;
	if (machine->x86_64.memory_encrypted || planner_has_word(p, "mem_encrypt"))
		return "memory encryption (mem_encrypt=) is set up by the decompressor";
	if (machine->x86_64.la57 && !(bz->xloadflags & XLF_5LEVEL_ENABLED))
		return "five-level paging is on, and the kernel is built for four levels";
	if (machine->x86_64.la57 && planner_has_word(p, "no5lvl"))
		return "five-level paging is on, and only the decompressor obeys no5lvl";
	/* compressed/kaslr.c avoids the memory that these exclude */
	if (restricts_memory(p))
		return "mem= or memmap= restricts where the kernel may lie in a way that only the "
		       "decompressor obeys";
	return NULL;
}

/* The unpacked kernel, and what was found out about it. */
struct direct {
	struct vmlinux vmlinux;
	struct vmlinux_relocs relocs;
	uint8_t *image;	    /* the kernel from vmlinux.start on, owned by the plan */
	uint64_t slide;	    /* of virtual addresses */
	bool is_randomised; /* tells the kernel to randomise its memory regions, too */
	struct range dest;  /* physical */
};

/* Returns 1 when the kernel has no relocation table: its own decompressor would not move it
 * either. */
static int find_relocs(struct planner *p, struct direct *d)
{
	struct kx_error err = { 0 };
	int r = vmlinux_find_relocs(&d->vmlinux, d->image, &d->relocs, &err);

	if (r == -ENODATA)
		return 1;
	if (r < 0)
		return planner_rung(p, "bzImage", "the unpacked kernel cannot be moved: %s",
				    err.message);
	return 0;
}

static int slide(struct planner *p, struct direct *d)
{
	int r;

	if (planner_has_word(p, "nokaslr"))
		return 0;
	r = find_relocs(p, d);
	if (r == 1)
		return planner_warn(p, "the kernel's text will lie at its link address: it is "
				       "built without address randomisation");
	if (r < 0 || p->plan->rung)
		return r;
	if (!p->machine->has_random)
		return planner_warn(p, "the kernel's text will lie at its link address: this "
				       "plan is made without random numbers");
	d->slide = planner_scale(p->machine->random_virtual, d->relocs.slots) * VMLINUX_ALIGN;
	vmlinux_slide(&d->vmlinux, &d->relocs, d->slide, d->image);
	d->is_randomised = true;
	return 0;
}

/* Builds d->image from the unpacked @file. A reason not to go on is stored in the plan's rung. */
static int build(struct planner *p, struct bytes file, struct direct *d)
{
	struct kx_error err = { 0 };

	if (vmlinux_parse(file, &d->vmlinux, &err) < 0)
		return planner_rung(p, "bzImage", "%s", err.message);
	d->image = planner_alloc(p, d->vmlinux.end - d->vmlinux.start);
	if (!d->image)
		return planner_out_of_memory(p);
	vmlinux_lay_out(&d->vmlinux, d->image);
	return slide(p, d);
}

/* A damaged stream is an error, no reason for a fallback: the kernel's own decompressor would halt
 * the machine. */
static int take_unpacked(struct planner *p, struct direct *d)
{
	const struct plan_request *req = p->req;

	if (req->vmlinux.n)
		return build(p, req->vmlinux, d);
	if (!req->vmlinux_why)
		return planner_rung(p, "bzImage", "the kernel in it was not unpacked");
	if (req->vmlinux_r == -ENODATA || req->vmlinux_r == -EOPNOTSUPP)
		return planner_rung(p, "bzImage", "%s", req->vmlinux_why->message);
	return kx_fail_as(p->err, req->vmlinux_r, req->vmlinux_why);
}

static int place(struct planner *p, struct direct *d)
{
	const struct place place = {
		.what = "kernel",
		.size = d->vmlinux.end - d->vmlinux.start,
		.align = VMLINUX_ALIGN,
		.bounds = { d->vmlinux.start, X86_64_END },
	};

	if (d->is_randomised)
		return planner_find_random(p, &place, p->machine->random_physical, &d->dest);
	return planner_find(p, &place, &d->dest);
}

static void clear_between(const struct direct *d, uint64_t start, uint64_t end, struct handover *h)
{
	if (start < end)
		h->clear[h->n_clear++] =
			(struct range){ d->dest.start + start, d->dest.start + end };
}

/* Pages that are not all zeros become segments; the purgatory zeroes the pages between them. The
 * kernel itself clears what the file does not fill (.bss, .brk), as it does after its own
 * decompressor. */
static int add_kernel(struct planner *p, const struct direct *d, struct handover *h)
{
	const struct bytes data = { d->image, (size_t)(d->vmlinux.filled - d->vmlinux.start) };
	struct range runs[KERNEL_RUNS_MAX];
	const size_t n = page_runs(data, KERNEL_RUNS_MAX, runs);
	uint64_t done = 0;

	static_assert(KERNEL_RUNS_MAX < PURGATORY_CLEAR_MAX, "one more gap than runs");
	for (size_t i = 0; i < n; i++) {
		const uint64_t end = runs[i].end < data.n ? runs[i].end : data.n;
		const struct bytes run = { data.p + runs[i].start, (size_t)(end - runs[i].start) };
		const struct range dest = { d->dest.start + runs[i].start,
					    d->dest.start + runs[i].end };
		int r = planner_add(p, "kernel", run, dest, run.n);

		if (r < 0)
			return r;
		clear_between(d, done, runs[i].start, h);
		done = runs[i].end;
	}
	clear_between(d, done, round_up(data.n, PAGE_SIZE), h);
	return 0;
}

/* The header goes with the kernel, as the decompressor would have left it. */
int add_direct_params(struct planner *p, bool is_randomised, struct linux_params *ret)
{
	const struct bzimage *bz = &p->req->image->x86_64.bzimage;
	struct linux_kernel kernel = bzimage_linux(bz, X86_64_END);
	uint8_t *header = planner_alloc(p, bz->header.n);

	if (!header)
		return planner_out_of_memory(p);
	memcpy(header, bz->header.p, bz->header.n);
	if (is_randomised)
		header[BP_LOADFLAGS - BP_HEADER] |= LOADFLAGS_KASLR;
	else
		header[BP_LOADFLAGS - BP_HEADER] &= (uint8_t)~LOADFLAGS_KASLR;
	kernel.header.p = header;
	return add_linux_params(p, &kernel, ret);
}

static int add_all(struct planner *p, struct direct *d)
{
	struct handover handover = {
		.end = GIB4,
		.mode = PURGATORY_ENTER_64BIT,
	};
	struct linux_params params;
	int r = place(p, d);

	/* the whole range: nothing else may be placed in the gaps, which are zeroed */
	if (r == 0 && ranges_add(&p->taken, d->dest) < 0)
		r = planner_out_of_memory(p);
	if (r == 0)
		r = add_kernel(p, d, &handover);
	if (r == 0)
		r = add_direct_params(p, d->is_randomised, &params);
	if (r == 0)
		r = planner_place_purgatory(p, &handover);
	if (r == 0)
		r = add_identity_map(p, (struct range[]){ d->dest, handover.dest }, 2,
				     &handover.page_tables);
	if (r < 0)
		return r;
	handover.entry = d->dest.start + (d->vmlinux.elf.entry - d->vmlinux.start);
	handover.argument = params.boot_params;
	handover.stamps = params.stamps;
	return planner_add_purgatory(p, &handover);
}

int plan_direct(struct planner *p)
{
	const char *why = obstacle(p);
	struct direct d = { 0 };
	int r;

	if (why)
		return planner_rung(p, "bzImage", "%s", why);
	r = take_unpacked(p, &d);
	if (r < 0 || p->plan->rung)
		return r;
	r = add_all(p, &d);
	if (r < 0)
		return r;
	p->plan->kernel = (struct plan_kernel){
		.image = { d.image, (size_t)(d.vmlinux.end - d.vmlinux.start) },
		.size = d.vmlinux.end - d.vmlinux.start,
		.entry = d.vmlinux.elf.entry - d.vmlinux.start,
		.is_randomised = d.is_randomised,
	};
	why = planner_in_place_obstacle(p);
	p->plan->may_be_in_place = !why;
	r = planner_rung(p, "copy", "%s",
			 why ? why : "whether it can do without is seen when it is loaded");
	return r < 0 ? r : 1;
}
