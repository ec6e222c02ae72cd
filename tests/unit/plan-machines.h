/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Machines and kernels to plan with. */

#include <string.h>

#include "plan/plan.h"
#include "plan/planner.h"
#include "tests/unit/plan-check.h"

struct memory_row {
	uint64_t start, end;
	enum memory_type type;
};

/* The e820 map of a QEMU PC with 1 GiB (SeaBIOS 1.16, `dmesg | grep e820`), Linux 6.1. */
static const struct memory_row pc_1g[] = {
	{ 0x1000, 0x9fc00, MEMORY_RAM },
	{ 0x9fc00, 0xa0000, MEMORY_RESERVED },
	{ 0xf0000, 0x100000, MEMORY_RESERVED },
	{ 0x100000, 0x3ffe0000, MEMORY_RAM },
	{ 0x3ffe0000, 0x40000000, MEMORY_RESERVED },
	{ 0xfeffc000, 0xff000000, MEMORY_RESERVED },
};
static const struct memory_row pc_6g[] = {
	{ 0x1000, 0x9fc00, MEMORY_RAM },
	{ 0x9fc00, 0xa0000, MEMORY_RESERVED },
	{ 0xf0000, 0x100000, MEMORY_RESERVED },
	{ 0x100000, 0x7ffe0000, MEMORY_RAM },
	{ 0x7ffe0000, 0x80000000, MEMORY_RESERVED },
	{ 0x100000000, 0x200000000, MEMORY_RAM },
};

static inline struct machine machine_of(const struct memory_row *rows, size_t n)
{
	struct machine m = { .planner = &planner_x86_64,
			     .has_crc32 = true,
			     .x86_64.tsc_khz = 2600000 };

	for (size_t i = 0; i < n; i++)
		assert_int_equal(memmap_add(&m.memory, (struct range){ rows[i].start, rows[i].end },
					    rows[i].type),
				 0);
	return m;
}
#define MACHINE(rows) machine_of(rows, ARRAY_SIZE(rows))

/* A bzImage as distributions build them today (Debian 6.12: readelf and hexdump), but small. */
struct fake_kernel {
	uint8_t header[0x26c - 0x1f1];
	uint8_t code[5000];
	struct image image;
};

static inline void put(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

static inline void fake_bzimage(struct fake_kernel *k)
{
	uint8_t *h = k->header;

	memset(k, 0, sizeof(*k));
	memset(h, 0xcc, sizeof(k->header)); /* what is not set below must not matter */
	put(h + 0x1fe - 0x1f1, 0xaa55, 2);
	memcpy(h + 0x202 - 0x1f1, "HdrS", 4);
	put(h + 0x206 - 0x1f1, 0x20f, 2);
	h[0x211 - 0x1f1] = 1;
	put(h + 0x218 - 0x1f1, 0, 8);
	put(h + 0x250 - 0x1f1, 0, 8);
	for (size_t i = 0; i < sizeof(k->code); i++)
		k->code[i] = (uint8_t)(i * 17 + (i >> 8));
	k->image = (struct image){
		.type = IMAGE_BZIMAGE64,
		.name = "bzImage64",
		.inner = IMAGE_BZIMAGE64,
		.x86_64.bzimage = {
			.header = { h, sizeof(k->header) },
			.kernel = { k->code, sizeof(k->code) },
			.version = 0x20f,
			.xloadflags = 0x7f,
			.loadflags = 1,
			.relocatable = true,
			.kernel_alignment = 0x200000,
			.init_size = 0x378000,
			.cmdline_size = 2047,
			.initrd_addr_max = 0x7fffffff,
			.pref_address = 0x1000000,
		},
	};
}
