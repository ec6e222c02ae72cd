// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes the segment with all data for a Linux kernel: boot_params, command line, EFI
 * memory map and the setup_data list, which the kernel reserves for itself. It is one segment
 * because kexec_load(2) takes 16 at most. The initrd is another. */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "fundamental/put.h"
#include "plan/x86_64/x86_64.h"
#include "plan/x86_64/zero-page.h"

/* arch/x86/include/uapi/asm/setup_data.h */
enum {
	SETUP_E820_EXT = 1,
	SETUP_DTB = 2,
	SETUP_EFI = 4,
	SETUP_RNG_SEED = 9,
};
#define SETUP_DATA_HEADER 16u
#define SETUP_DATA_VERSION 0x209 /* first boot protocol with the list */

#define INITRD_MAX UINT32_MAX /* ramdisk_size without its upper half; larger ones are untested */

/* Offsets in the segment; 0 for what is left out. Those of setup_data are offsets of its header.
 * The stamps are last: the purgatory writes there, so the digest ends before them. */
struct layout {
	size_t cmdline, efi_map, e820_ext, efi, rng_seed, dtb, stamps, end;
};

/* The segment being written, and the list that runs through it. */
struct params {
	uint8_t *p;
	uint64_t base; /* physical address of p */
	uint8_t *link; /* where the address of the next setup_data goes */
};

static size_t take(size_t *end, size_t n)
{
	size_t off = (*end + 15) & ~(size_t)15;

	*end = off + n;
	return off;
}

static size_t n_e820_ext(const struct planner *p)
{
	return p->plan->memory.n > BP_E820_MAX ? p->plan->memory.n - BP_E820_MAX : 0;
}

static struct layout lay_out(const struct planner *p, const struct linux_kernel *kernel,
			     bool with_efi)
{
	const struct machine *machine = p->machine;
	struct layout l = { .end = BP_SIZE };

	l.cmdline = take(&l.end, strlen(p->plan->cmdline) + 1);
	if (with_efi)
		l.efi_map = take(&l.end, machine->x86_64.efi.n_runtime_map * EFI_DESCRIPTOR_SIZE);
	if (kernel->version < SETUP_DATA_VERSION)
		return l;
	if (n_e820_ext(p))
		l.e820_ext = take(&l.end, SETUP_DATA_HEADER + n_e820_ext(p) * E820_ENTRY_SIZE);
	if (with_efi)
		l.efi = take(&l.end, SETUP_DATA_HEADER + EFI_SETUP_DATA_SIZE);
	if (machine->n_rng_seed)
		l.rng_seed = take(&l.end, SETUP_DATA_HEADER + machine->n_rng_seed);
	if (p->req->dtb.n)
		l.dtb = take(&l.end, SETUP_DATA_HEADER + p->req->dtb.n);
	l.stamps = take(&l.end, SETUP_DATA_HEADER + sizeof(struct stamps));
	return l;
}

/* Appends a node to the list; returns where its data goes. */
static uint8_t *add_node(struct params *params, size_t off, uint32_t type, size_t n)
{
	uint8_t *node = params->p + off;

	put_le64(params->link, params->base + off);
	params->link = node;
	put_le32(node + 8, type);
	put_le32(node + 12, (uint32_t)n);
	return node + SETUP_DATA_HEADER;
}

static void add_e820_ext(const struct planner *p, struct params *params, size_t off)
{
	size_t n = n_e820_ext(p);
	uint8_t *data = add_node(params, off, SETUP_E820_EXT, n * E820_ENTRY_SIZE);

	for (size_t i = 0; i < n; i++)
		put_e820(data + i * E820_ENTRY_SIZE, &p->plan->memory.v[BP_E820_MAX + i]);
}

static void add_stamps(const struct planner *p, struct params *params, size_t off)
{
	const struct stamps stamps = {
		.magic = STAMPS_MAGIC,
		.version = 1,
		.tsc_khz = p->machine->x86_64.tsc_khz,
	};

	memcpy(add_node(params, off, STAMPS_SETUP_DATA_TYPE, sizeof(stamps)), &stamps,
	       sizeof(stamps));
}

static void add_nodes(const struct planner *p, struct params *params, const struct layout *l)
{
	const struct machine *machine = p->machine;

	if (l->e820_ext)
		add_e820_ext(p, params, l->e820_ext);
	if (l->efi)
		efi_fill_setup_data(&machine->x86_64.efi,
				    add_node(params, l->efi, SETUP_EFI, EFI_SETUP_DATA_SIZE));
	if (l->rng_seed)
		memcpy(add_node(params, l->rng_seed, SETUP_RNG_SEED, machine->n_rng_seed),
		       machine->rng_seed, machine->n_rng_seed);
	if (l->dtb)
		memcpy(add_node(params, l->dtb, SETUP_DTB, p->req->dtb.n), p->req->dtb.p,
		       p->req->dtb.n);
	if (l->stamps)
		add_stamps(p, params, l->stamps);
}

/* Stores a 64-bit value whose halves boot_params has in different places. */
static void put_split(uint8_t *bp, size_t low, size_t high, uint64_t v)
{
	put_le32(bp + low, (uint32_t)v);
	put_le32(bp + high, (uint32_t)(v >> 32));
}

static void fill(const struct planner *p, const struct linux_kernel *kernel, const struct layout *l,
		 struct range initrd, struct params *params)
{
	uint8_t *bp = params->p;

	fill_zero_page(p, kernel, bp);
	memcpy(bp + l->cmdline, p->plan->cmdline, strlen(p->plan->cmdline) + 1);
	put_split(bp, BP_CMD_LINE_PTR, BP_EXT_CMD_LINE_PTR, params->base + l->cmdline);
	put_split(bp, BP_RAMDISK_IMAGE, BP_EXT_RAMDISK_IMAGE, initrd.start);
	put_split(bp, BP_RAMDISK_SIZE, BP_EXT_RAMDISK_SIZE, p->req->initrd.n);
	if (l->efi_map) {
		efi_fill_map(&p->machine->x86_64.efi, bp + l->efi_map);
		efi_fill_info(p, params->base + l->efi_map, bp);
	}
	params->link = bp + BP_SETUP_DATA;
	add_nodes(p, params, l);
}

static int check_cmdline(struct planner *p, const struct linux_kernel *kernel)
{
	size_t n = strlen(p->plan->cmdline);

	if (n <= kernel->cmdline_max)
		return 0;
	return kx_fail(p->err, -ENAMETOOLONG,
		       "the command line has %zu bytes, this kernel takes %u", n,
		       kernel->cmdline_max);
}

static int add_initrd(struct planner *p, const struct linux_kernel *kernel, struct range *ret)
{
	const struct bytes initrd = p->req->initrd;
	const struct place place = {
		.what = "initrd",
		.size = initrd.n,
		.bounds = { 0, kernel->end },
	};
	int r;

	*ret = p->windows ? p->windows->initrd : (struct range){ 0 };
	if (!initrd.n || p->windows)
		return 0;
	if (initrd.n > INITRD_MAX)
		return kx_fail(p->err, -EFBIG, "the initrd has %zu bytes, Linux takes %u", initrd.n,
			       INITRD_MAX);
	r = planner_find(p, &place, ret);
	if (r < 0)
		return r;
	return planner_add(p, "initrd", initrd, *ret, initrd.n);
}

static int check_efi(struct planner *p, const struct linux_kernel *kernel, bool *ret_with_efi)
{
	const char *missing = efi_missing(p, kernel);

	*ret_with_efi = !missing;
	if (!missing || !*missing)
		return 0;
	return planner_warn(p,
			    "the next kernel will have no EFI runtime services (EFI variables, "
			    "capsules, reset through firmware): %s",
			    missing);
}

/* Warns when ranges do not fit: without them the next kernel has less memory, or uses memory
 * that is reserved. */
static int check_e820(struct planner *p, const struct linux_kernel *kernel)
{
	if (!n_e820_ext(p) || kernel->version >= SETUP_DATA_VERSION)
		return 0;
	return planner_warn(p,
			    "the next kernel will not know of the last %zu of %zu memory ranges: "
			    "boot protocol %u.%02u takes no more than %d",
			    n_e820_ext(p), p->plan->memory.n, kernel->version >> 8,
			    kernel->version & 0xff, BP_E820_MAX);
}

int add_linux_params(struct planner *p, const struct linux_kernel *kernel, struct linux_params *ret)
{
	struct place place = { .what = "boot_params", .bounds = { 0, kernel->end } };
	struct range initrd, dest;
	struct params params;
	struct layout l;
	bool with_efi;
	int r;

	r = check_cmdline(p, kernel);
	if (r < 0)
		return r;
	r = check_e820(p, kernel);
	if (r < 0)
		return r;
	r = check_efi(p, kernel, &with_efi);
	if (r < 0)
		return r;
	r = add_initrd(p, kernel, &initrd);
	if (r < 0)
		return r;

	l = lay_out(p, kernel, with_efi);
	place.size = l.end;
	r = planner_find(p, &place, &dest);
	if (r < 0)
		return r;
	params = (struct params){ .p = planner_alloc(p, l.end), .base = dest.start };
	if (!params.p)
		return planner_out_of_memory(p);
	fill(p, kernel, &l, initrd, &params);

	*ret = (struct linux_params){ .boot_params = dest.start };
	if (l.stamps)
		ret->stamps = dest.start + l.stamps + SETUP_DATA_HEADER;
	return planner_add(p, "boot_params", (struct bytes){ params.p, l.end }, dest,
			   l.stamps ? l.stamps + SETUP_DATA_HEADER : l.end);
}
