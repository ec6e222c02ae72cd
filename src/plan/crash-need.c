// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether what is loaded for a crash can also run in what is reserved for it. */

#include "plan/planner.h"

enum {
	/* What tables, processors, devices and one program that writes the dump use. Linux 6.12 with
	 * 7 MiB of files saves a dump in 80 MiB, and in 72 MiB it ends with "System is deadlocked on
	 * memory"; its init_size is 56 MiB. */
	USED_BESIDES = 12 << 20,
	/* The same of Linux 7.2, whose init_size is 60 MiB: when it has unpacked all but 1 MiB of 13 MiB, from
	 * 5 MiB, nothing of 96 MiB is left. */
	USED_BESIDES_LATER = 22 << 20,
	RESERVE_STEP = 16 << 20,
};

/* Up to 6.12, as it was measured; a release that is not told, or between the two, may be a later one. */
static bool is_earlier(struct bytes release)
{
	unsigned parts[2] = { 0, 0 };
	size_t at = 0;

	for (size_t i = 0; i < 2; i++, at++) {
		if (at >= release.n || release.p[at] < '0' || release.p[at] > '9')
			return false;
		for (; at < release.n && release.p[at] >= '0' && release.p[at] <= '9' &&
		       parts[i] < 1000;
		     at++)
			parts[i] = parts[i] * 10 + (unsigned)(release.p[at] - '0');
	}
	return parts[0] < 6 || (parts[0] == 6 && parts[1] <= 12);
}

uint64_t crash_needs(const struct machine *machine, const struct image *image, uint64_t initrd_n,
		     uint64_t unpacked_n)
{
	const uint64_t kernel = machine->planner->kernel_needs(image);
	const struct bytes release = machine->planner->kernel_release(image);

	return kernel ? kernel + initrd_n + unpacked_n +
				(is_earlier(release) ? USED_BESIDES : USED_BESIDES_LATER)
		      : 0;
}

uint64_t crash_has(const struct machine *machine)
{
	return ranges_size(&machine->crash) + ranges_size(&machine->crash_cma);
}

uint64_t crash_advised(uint64_t needs)
{
	return (needs + RESERVE_STEP - 1) / RESERVE_STEP * RESERVE_STEP;
}
