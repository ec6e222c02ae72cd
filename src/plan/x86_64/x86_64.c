// SPDX-License-Identifier: LGPL-2.1-or-later
/* The planner of x86_64: which image is placed by which file. */

#include "plan/x86_64/x86_64.h"

#include <elf.h>
#include <errno.h>

#include "base/error.h"
#include "plan/purgatory-blobs.h"

static int make(struct planner *p)
{
	int r;

	switch (p->req->image->inner) {
	case IMAGE_BZIMAGE64:
	case IMAGE_BZIMAGE:
		if (p->windows)
			return plan_direct_in_place(p);
		r = plan_direct(p);
		return r < 0 ? r : r > 0 ? 0 : plan_bzimage(p);
	case IMAGE_ELF64:
	case IMAGE_ELF32:
		return plan_elf(p);
	case IMAGE_MULTIBOOT1:
	case IMAGE_MULTIBOOT2:
		return plan_multiboot(p);
	case IMAGE_BEOBOOT:
	case IMAGE_NBI:
	case IMAGE_UKI:
		break;
	}
	return kx_fail(p->err, -EOPNOTSUPP, "images of type %s cannot be started on x86_64",
		       p->req->image->name);
}

static void machine_done_x86_64(struct machine *machine)
{
	x86_64_machine_done(&machine->x86_64);
}

static uint64_t kernel_needs(const struct image *image)
{
	return image->inner == IMAGE_BZIMAGE64 || image->inner == IMAGE_BZIMAGE
		       ? image->x86_64.bzimage.init_size
		       : 0;
}

static struct bytes kernel_release(const struct image *image)
{
	return image->inner == IMAGE_BZIMAGE64 || image->inner == IMAGE_BZIMAGE
		       ? image->x86_64.bzimage.release
		       : (struct bytes){ 0 };
}

const struct arch_planner planner_x86_64 = {
	.arch = ARCH_X86_64,
	.purgatory = &purgatory_x86_64,
	.page = PAGE_SIZE,
	.n_beside = 2, /* boot_params and purgatory */
	.make = make,
	.excluded = x86_64_excluded,
	.machine_done = machine_done_x86_64,
	.elf_machine = EM_X86_64,
	/* The running kernel keeps the first MiB for a crash kernel since 5.14, by
	 * reserve_real_mode() of arch/x86/realmode/init.c, and its own loader leaves it out of dumps:
	 * arch/x86/kernel/crash.c, elf_header_exclude_ranges(). */
	.low_end = MIB,
	.kernel_needs = kernel_needs,
	.kernel_release = kernel_release,
	.memory_words = x86_64_memory_words,
};
