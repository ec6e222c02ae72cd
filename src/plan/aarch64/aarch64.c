// SPDX-License-Identifier: LGPL-2.1-or-later
/* The planner of aarch64. An Image needs no relocation and no decompressor: it runs at any multiple of 2 MiB. */

#include "plan/aarch64/aarch64.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "plan/aarch64/identity-map.h"
#include "plan/purgatory-blobs.h"

#define KERNEL_ALIGN (2 * MIB)
static int check_kernel(const struct planner *p)
{
	const struct arm64_image *image = &p->req->image->aarch64;

	if (p->req->flags & KX_REQ_ENTRY_32BIT)
		return kx_fail_flags(p->err,
				     kx_fail(p->err, -EOPNOTSUPP,
					     "kernels for arm64 have no 32-bit entry point"),
				     KX_REQ_ENTRY_32BIT);
	if (!image->is_anywhere)
		return kx_fail(
			p->err, -EOPNOTSUPP,
			"this kernel has to lie at the start of memory, as those before Linux "
			"4.6 do, where the running one is");
	if (image->text_offset % SEGMENT_ALIGN)
		return kx_fail(p->err, -EOPNOTSUPP,
			       "this kernel begins %#llx bytes behind a multiple of 2 MiB, and "
			       "segments begin at multiples of 64 KiB",
			       (unsigned long long)image->text_offset);
	if (p->machine->aarch64.refused)
		return kx_fail(p->err, -EOPNOTSUPP, "%s", p->machine->aarch64.refused);
	if (p->machine->aarch64.stuck && !planner_is_crash(p))
		return kx_fail(p->err, -EOPNOTSUPP, "%s", p->machine->aarch64.stuck);
	return 0;
}

/* Warns of what the purgatory's reports cannot be as they were asked for. */
static int check_consoles(struct planner *p)
{
	const struct plan_request *req = p->req;
	int r = 0;

	if (req->flags & (KX_REQ_CONSOLE_VGA | KX_REQ_RESET_VGA))
		r = planner_warn(p, "there is no text screen on arm64: nothing is shown on it, and "
				    "it is not reset");
	if (r == 0 && req->flags & KX_REQ_CONSOLE_SERIAL && !p->machine->aarch64.serial_registers)
		r = planner_warn(p, "which serial port this machine has is not known: nothing is "
				    "reported between the kernels");
	else if (r == 0 && req->flags & KX_REQ_CONSOLE_SERIAL &&
		 (req->serial_port || req->serial_divisor))
		r = planner_warn(p,
				 "the serial port between the kernels is the one that the device "
				 "tree names, at the speed that it has");
	return r;
}

static int add_kernel(struct planner *p, struct range *ret)
{
	const struct arm64_image *image = &p->req->image->aarch64;
	const struct place place = {
		.what = "kernel",
		.size = image->text_offset + image->size,
		.align = KERNEL_ALIGN,
		.bounds = { 0, IDENTITY_MAP_END },
	};
	struct range room;
	int r = planner_find(p, &place, &room);

	if (r < 0)
		return r;
	*ret = (struct range){ room.start + image->text_offset, room.end };
	return planner_add(p, "kernel", image->file, *ret, image->file.n);
}

static int add_initrd(struct planner *p, struct range kernel, struct range *ret)
{
	const uint64_t above = round_down(kernel.start, GIB) + WINDOW,
		       below = round_up(kernel.end, GIB);
	const struct place place = {
		.what = "initial ramdisk",
		.size = p->req->initrd.n,
		.align = SEGMENT_ALIGN,
		.bounds = { below > WINDOW ? below - WINDOW : 0, above },
	};
	int r;

	if (!p->req->initrd.n)
		return 0;
	r = planner_find(p, &place, ret);
	return r < 0 ? r : planner_add(p, "initrd", p->req->initrd, *ret, p->req->initrd.n);
}

static struct range serial_page(const struct planner *p)
{
	const uint64_t registers = p->machine->aarch64.serial_registers;
	const uint64_t start = round_down(registers, IDENTITY_MAP_PAGE);

	if (!registers || !(p->req->flags & KX_REQ_CONSOLE_SERIAL))
		return (struct range){ 0 };
	return (struct range){ start, start + IDENTITY_MAP_PAGE };
}

/* A hole of a window, which is mapped as a whole. */
static bool is_in_window(const struct planner *p, const struct planned_segment *s)
{
	return p->windows && !s->in_place &&
	       (range_contains(p->windows->kernel, s->segment.dest) ||
		range_contains(p->windows->initrd, s->segment.dest));
}

/* Every segment is mapped, the tables and the purgatory among them: all are compared. */
static int add_identity_map(struct planner *p, struct handover *handover)
{
	/* as many tables as a range can take that lies anywhere */
	static const struct range anywhere = { 512 * GIB - SEGMENT_ALIGN,
					       512 * GIB + SEGMENT_ALIGN };
	const struct range device = serial_page(p);
	_cleanup_free_ struct range *memory = calloc(p->n_segments + 2, sizeof(*memory));
	struct place place = { .what = "page tables", .bounds = { 0, IDENTITY_MAP_END } };
	struct range dest;
	size_t n = 0, n_bytes;
	uint8_t *tables;
	int r;

	if (!memory)
		return planner_out_of_memory(p);
	for (size_t i = 0; i < p->n_segments; i++)
		if (!is_in_window(p, &p->segments[i]))
			memory[n++] = p->segments[i].segment.dest;
	memory[n++] = handover->dest;
	memory[n++] = anywhere;
	place.size = identity_map_pages_max(memory, n, device) * IDENTITY_MAP_PAGE;
	r = planner_find(p, &place, &dest);
	if (r < 0)
		return r;
	memory[n - 1] = dest;
	tables = planner_alloc(p, place.size);
	if (!tables)
		return planner_out_of_memory(p);
	n_bytes = identity_map_make(dest.start, memory, n, device, tables) * IDENTITY_MAP_PAGE;
	handover->page_tables = dest.start;
	return planner_add(p, "page tables", (struct bytes){ tables, n_bytes }, dest, n_bytes);
}

int add_rest(struct planner *p, struct range kernel, struct range initrd)
{
	const struct aarch64_machine *own = &p->machine->aarch64;
	struct handover handover = {
		.end = IDENTITY_MAP_END,
		.entry = p->req->flags & KX_REQ_HAS_ENTRY ? p->req->entry : kernel.start,
		.serial_registers = own->serial_registers,
		.serial_kind = own->serial_kind,
		.serial_shift = own->serial_shift,
		.serial_width = own->serial_width,
		.firmware_call = own->firmware_call,
	};
	struct range tree;
	int r = add_tree(p, initrd, p->req->initrd.n, &tree, &handover.stamps);

	if (r == 0)
		r = planner_place_purgatory(p, &handover);
	if (r == 0)
		r = add_identity_map(p, &handover);
	if (r < 0)
		return r;
	handover.argument = tree.start;
	return planner_add_purgatory(p, &handover);
}

/* Says which rung it is, and whether a higher one can be tried. */
static int set_rung(struct planner *p)
{
	const struct arm64_image *image = &p->req->image->aarch64;
	const char *why;

	if (!(p->req->flags & KX_REQ_FAST))
		return planner_rung(p, "plain", "--fast was not asked for");
	p->plan->kernel = (struct plan_kernel){
		.image = image->file,
		.size = image->size,
		.is_randomised = p->machine->has_random && !planner_has_word(p, "nokaslr"),
	};
	why = p->req->not_fast ? p->req->not_fast : image_in_place_obstacle(p);
	p->plan->may_be_in_place = !why;
	return planner_rung(p, "copy", "%s",
			    why ? why : "whether it can do without is seen when it is loaded");
}

static int plan_image(struct planner *p)
{
	struct range kernel, initrd = { 0 };
	int r = check_kernel(p);

	if (r == 0)
		r = check_consoles(p);
	if (r == 0)
		r = add_kernel(p, &kernel);
	if (r == 0)
		r = add_initrd(p, kernel, &initrd);
	if (r == 0)
		r = add_rest(p, kernel, initrd);
	return r == 0 ? set_rung(p) : r;
}

static int make(struct planner *p)
{
	if (p->req->image->inner == IMAGE_ARM64)
		return p->windows ? plan_image_in_place(p) : plan_image(p);
	return kx_fail(p->err, -EOPNOTSUPP, "images of type %s cannot be started on aarch64",
		       p->req->image->name);
}

static void machine_done_aarch64(struct machine *machine)
{
	aarch64_machine_done(&machine->aarch64);
}

static uint64_t kernel_needs(const struct image *image)
{
	return image->inner == IMAGE_ARM64 ? image->aarch64.size : 0;
}

static struct bytes kernel_release(const struct image *image)
{
	return image->inner == IMAGE_ARM64 ? image->aarch64.release : (struct bytes){ 0 };
}

const struct arch_planner planner_aarch64 = {
	.arch = ARCH_AARCH64,
	.purgatory = &purgatory_aarch64,
	.page = SEGMENT_ALIGN,
	.n_beside = 3, /* device tree, page tables, purgatory */
	.make = make,
	.elf_machine = EM_AARCH64,
	.crash_in_tree = true,
	.machine_done = machine_done_aarch64,
	.kernel_needs = kernel_needs,
	.kernel_release = kernel_release,
};
