/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a planner needs to know about the machine, as plain data: filled in by lib/machine.c and
 * lib/NAME/machine.c from /proc and /sys below a root, or by a test. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fundamental/bytes.h"
#include "memmap/memmap.h"
#include "plan/x86_64/machine.h"

struct arch_planner; /* plan/planner.h */

struct machine {
	const struct arch_planner *planner; /* of its architecture; NULL: nothing was read */
	struct memmap memory;		    /* normalised; what the next kernel is told */
	struct ranges keep_off;		    /* RAM that must not be a target */
	struct ranges crash;		    /* crashkernel= reservations, in file order */
	uint8_t rng_seed[32];
	size_t n_rng_seed; /* 0 when the kernel's pool is not ready: no seed is passed on */
	bool has_random;   /* else addresses are not randomised */
	uint64_t random_physical, random_virtual; /* of the kernel's addresses */
	bool has_crc32; /* the processor has an instruction for the purgatory's checksum */
	/* What only one architecture has: the planner's. */
	union {
		struct x86_64_machine x86_64;
	};
};

void machine_done(struct machine *machine);
