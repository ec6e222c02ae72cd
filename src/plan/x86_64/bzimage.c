// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans a bzImage, which unpacks itself. Documentation/arch/x86/boot.rst: the 32-bit entry is
 * the start of the protected-mode code, the 64-bit entry is 0x200 behind it. */

#include <errno.h>

#include "base/error.h"
#include "plan/x86_64/x86_64.h"

#define ENTRY_64BIT_OFFSET 0x200
#define PROTOCOL_2_06 0x0206 /* cmdline_size */
#define PROTOCOL_2_10 0x020a /* pref_address and init_size */
#define CMDLINE_MAX_BEFORE_2_06 255
#define LOAD_ADDRESS MIB /* where kernels that cannot move were linked to run */
/* A 32-bit kernel reaches 896 MiB directly; it says so in initrd_addr_max since protocol 2.03. */
#define LOW_END_DEFAULT UINT64_C(0x38000000)

static bool enters_32bit(const struct planner *p)
{
	return p->req->image->inner == IMAGE_BZIMAGE || p->req->flags & KX_REQ_ENTRY_32BIT;
}

/* End (exclusive) of the addresses that the kernel can reach for what it is given. */
static uint64_t reach(const struct planner *p, const struct bzimage *bz)
{
	if (!enters_32bit(p))
		return bz->xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G ? X86_64_END : GIB4;
	return bz->initrd_addr_max ? (uint64_t)bz->initrd_addr_max + 1 : LOW_END_DEFAULT;
}

static int check(const struct planner *p, const struct bzimage *bz)
{
	if (bz->relocatable &&
	    (!bz->kernel_alignment || bz->kernel_alignment & (bz->kernel_alignment - 1)))
		return kx_fail(p->err, -EBADMSG, "kernel_alignment %#x is not a power of two",
			       bz->kernel_alignment);
	if (enters_32bit(p))
		return 0;
	if (!(bz->xloadflags & XLF_KERNEL_64))
		return kx_fail(p->err, -EOPNOTSUPP, "this kernel has no 64-bit entry point");
	if (p->machine->x86_64.la57 && !(bz->xloadflags & XLF_5LEVEL))
		return kx_fail(p->err, -EOPNOTSUPP,
			       "five-level paging is on and this kernel does not know it: enter "
			       "it in 32-bit mode, or boot the running one with no5lvl");
	return 0;
}

/* Memory that the kernel uses before it reads the memory map. Where the header does not tell:
 * what unpacking may need. */
static uint64_t memory_size(const struct bzimage *bz)
{
	uint64_t need = bz->init_size ? bz->init_size : 4 * (uint64_t)bz->kernel.n;

	return need > bz->kernel.n ? need : bz->kernel.n;
}

static int place_kernel(struct planner *p, const struct bzimage *bz, struct range *ret)
{
	uint64_t pref = bz->version >= PROTOCOL_2_10 ? bz->pref_address : LOAD_ADDRESS;
	const struct place place = {
		.what = "kernel",
		.size = memory_size(bz),
		.align = bz->kernel_alignment,
		/* not below its preferred address: it would move itself there, over whatever
		 * lies there */
		.bounds = { pref, reach(p, bz) },
	};

	if (bz->relocatable)
		return planner_find(p, &place, ret);
	*ret = (struct range){ pref, pref + round_up(place.size, PAGE_SIZE) };
	if (pref % PAGE_SIZE || !planner_is_free(p, *ret))
		return kx_fail_range(
			p->err,
			kx_fail(p->err, -EADDRNOTAVAIL,
				"this kernel cannot be moved, and %#llx to %#llx is not free RAM",
				(unsigned long long)ret->start, (unsigned long long)ret->end),
			ret->start, ret->end);
	return 0;
}

struct linux_kernel bzimage_linux(const struct bzimage *bz, uint64_t end)
{
	return (struct linux_kernel){
		.header = bz->header,
		.version = bz->version,
		.xloadflags = bz->xloadflags,
		.cmdline_max = bz->version >= PROTOCOL_2_06 && bz->cmdline_size
				       ? bz->cmdline_size
				       : CMDLINE_MAX_BEFORE_2_06,
		.end = end,
	};
}

int plan_bzimage(struct planner *p)
{
	const struct bzimage *bz = &p->req->image->x86_64.bzimage;
	const struct linux_kernel kernel = bzimage_linux(bz, reach(p, bz));
	struct handover handover = { 0 };
	struct linux_params params;
	struct range dest;
	int r;

	r = check(p, bz);
	if (r < 0)
		return r;
	r = place_kernel(p, bz, &dest);
	if (r < 0)
		return r;
	r = planner_add(p, "kernel", bz->kernel, dest, bz->kernel.n);
	if (r < 0)
		return r;
	r = add_linux_params(p, &kernel, &params);
	if (r < 0)
		return r;

	handover.mode = enters_32bit(p) ? PURGATORY_ENTER_32BIT : PURGATORY_ENTER_64BIT;
	handover.end = purgatory_end(p, handover.mode);
	handover.entry = entry_or(p, dest.start + (enters_32bit(p) ? 0 : ENTRY_64BIT_OFFSET));
	handover.argument = params.boot_params;
	handover.stamps = params.stamps;
	return planner_add_purgatory(p, &handover);
}
