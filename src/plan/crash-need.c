// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether what is loaded for a crash can also run in what is reserved for it. */

#include "plan/planner.h"

enum {
	/* What tables, processors, devices and one program that writes the dump use. Linux 6.12 with
	 * 7 MiB of files saves a dump in 80 MiB, and in 72 MiB it ends with "System is deadlocked on
	 * memory"; its init_size is 56 MiB. */
	USED_BESIDES = 12 << 20,
	/* what a packed initial ramdisk unpacks to; kdumpctl estimates the same */
	UNPACKED_FACTOR = 3,
	RESERVE_STEP = 16 << 20,
};

uint64_t crash_needs(const struct machine *machine, const struct image *image, uint64_t initrd_n,
		     bool is_packed)
{
	const uint64_t kernel = machine->planner->kernel_needs(image);

	return kernel ? kernel + initrd_n * (is_packed ? UNPACKED_FACTOR : 1) + USED_BESIDES : 0;
}

uint64_t crash_has(const struct machine *machine)
{
	return ranges_size(&machine->crash) + ranges_size(&machine->crash_cma);
}

uint64_t crash_advised(uint64_t needs)
{
	return (needs + RESERVE_STEP - 1) / RESERVE_STEP * RESERVE_STEP;
}
