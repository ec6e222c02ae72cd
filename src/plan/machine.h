/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a planner needs to know about the machine, as plain data: filled in by lib/machine.c and
 * lib/NAME/machine.c from /proc and /sys below a root, or by a test. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fundamental/bytes.h"
#include "memmap/memmap.h"
#include "plan/aarch64/machine.h"
#include "plan/x86_64/machine.h"

struct arch_planner; /* plan/planner.h */

/* What a crash kernel is told of the machine whose memory it is to save. Only read for crash kernels. */
struct dump_facts {
	struct ranges ram;	  /* System RAM of every kind, by address */
	struct ranges unreadable; /* inside it, but no memory */
	struct ranges notes;	  /* where each processor leaves its registers, by number */
	struct range vmcoreinfo;
	struct range kernel;	 /* physical addresses of the kernel's own text and data, */
	uint64_t kernel_virtual; /* and its virtual address */
	uint64_t direct_map;	 /* virtual address of physical address 0 */
	uint64_t header_size;	 /* with hotplug: room for elfcorehdr; else 0 */
};

struct machine {
	const struct arch_planner *planner; /* of its architecture; NULL: nothing was read */
	struct memmap memory;		    /* normalised; what the next kernel is told */
	struct ranges keep_off;		    /* RAM that must not be a target */
	struct ranges crash;		    /* crashkernel= reservations, in file order */
	struct ranges crash_cma; /* crashkernel=,cma: RAM for a crash kernel, never a target */
	struct dump_facts dump;
	uint8_t rng_seed[32];
	size_t n_rng_seed; /* 0 when the kernel's pool is not ready: no seed is passed on */
	bool has_random;   /* else addresses are not randomised */
	uint64_t random_physical, random_virtual; /* of the kernel's addresses */
	bool has_crc32; /* the processor has an instruction for the purgatory's checksum */
	/* What only one architecture has: the planner's. */
	union {
		struct aarch64_machine aarch64;
		struct x86_64_machine x86_64;
	};
};

void machine_done(struct machine *machine);
void dump_facts_done(struct dump_facts *facts);
