/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rules that hold for every plan, computed from the plan's bytes and the specifications without the
 * planner's own code. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fundamental/digest.h"
#include "fundamental/x86_64/purgatory-abi.h"
#include "plan/plan.h"
#include "tests/unit/cmocka-shim.h"

#define MiB UINT64_C(0x100000)
#define GiB UINT64_C(0x40000000)

static inline uint64_t le(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* The byte at a physical address once the segments have been moved there. */
static inline uint8_t byte_at(const struct plan *plan, uint64_t address)
{
	for (size_t i = 0; i < plan->n_segments + plan->n_in_place; i++) {
		const struct segment *s = i < plan->n_segments
						  ? &plan->segments[i]
						  : &plan->in_place[i - plan->n_segments];

		if (address < s->dest.start || address >= s->dest.end)
			continue;
		return address - s->dest.start < s->data.n ? s->data.p[address - s->dest.start] : 0;
	}
	fail_msg("address %#llx is in no segment", (unsigned long long)address);
	return 0;
}

static inline void read_planned(const struct plan *plan, uint64_t address, void *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)to)[i] = byte_at(plan, address + i);
}

static inline uint64_t le_at(const struct plan *plan, uint64_t address, unsigned n)
{
	uint8_t b[8];

	read_planned(plan, address, b, n);
	return le(b, n);
}

static inline const struct segment *segment_named(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_segments; i++)
		if (strcmp(plan->segments[i].name, name) == 0)
			return &plan->segments[i];
	fail_msg("no segment %s", name);
	abort();
}

/* Type of the machine's memory at an address; the map may list it in any order. */
static inline bool is_ram(const struct machine *m, uint64_t address)
{
	for (size_t i = 0; i < m->keep_off.n; i++)
		if (address >= m->keep_off.v[i].start && address < m->keep_off.v[i].end)
			return false;
	for (size_t i = 0; i < m->memory.n; i++)
		if (address >= m->memory.v[i].range.start && address < m->memory.v[i].range.end)
			return m->memory.v[i].type == MEMORY_RAM;
	return false;
}

static inline void check_segments(const struct machine *m, const struct plan_request *req,
				  const struct plan *plan)
{
	assert_in_range(plan->n_segments, 1, 16); /* KEXEC_SEGMENT_MAX */
	for (size_t i = 0; i < plan->n_segments; i++) {
		const struct segment *s = &plan->segments[i];

		assert_true(s->dest.start < s->dest.end);
		assert_int_equal(s->dest.start % 4096, 0);
		assert_int_equal(s->dest.end % 4096, 0);
		assert_true(s->data.n <= s->dest.end - s->dest.start);
		assert_true(s->dest.start >= req->bounds.start);
		assert_true(!req->bounds.end || s->dest.end <= req->bounds.end);
		for (uint64_t a = s->dest.start; a < s->dest.end; a += 4096)
			assert_true(is_ram(m, a) && is_ram(m, a + 4095));
		for (size_t k = 0; k < i; k++)
			assert_true(plan->segments[k].dest.end <= s->dest.start ||
				    s->dest.end <= plan->segments[k].dest.start);
	}
}

/* CRC32C bit by bit, lanes as purgatory-abi.h has them. */
static inline void reference_digest(const struct plan *plan, uint64_t start, uint64_t n,
				    uint32_t crc[3])
{
	const uint64_t block = 3 * DIGEST_LANE, whole = n - n % block;

	for (size_t i = 0; i < 3; i++)
		crc[i] = UINT32_MAX;
	for (uint64_t i = 0; i < n; i++) {
		uint32_t *c = &crc[i < whole ? i % block / DIGEST_LANE : 0];

		*c ^= byte_at(plan, start + i);
		for (int bit = 0; bit < 8; bit++)
			*c = *c >> 1 ^ (*c & 1 ? 0x82f63b78 : 0);
	}
	for (size_t i = 0; i < 3; i++)
		crc[i] = ~crc[i];
}

/* The purgatory's arguments, with digests that fit what will be in memory. */
static inline struct purgatory_args check_purgatory(const struct plan *plan,
						    const struct plan_request *req)
{
	struct purgatory_args args;
	size_t n_digested = 0;

	assert_true(plan->entry < 4 * GiB);
	read_planned(plan, plan->entry - PURGATORY_START, &args, sizeof(args));
	assert_true(args.magic == PURGATORY_MAGIC);
	assert_true(args.entry == plan->kernel_entry);
	for (size_t i = 0; i < plan->n_segments; i++)
		n_digested += plan->segments[i].digested;
	for (size_t i = 0; i < plan->n_in_place; i++)
		n_digested += plan->in_place[i].digested;
	/* the purgatory's own code and constants as well */
	assert_int_equal(args.n_regions, n_digested ? n_digested + 1 : 0);
	assert_int_equal(!(args.flags & PURGATORY_CHECK), !!(req->flags & KX_REQ_NO_DIGEST));
	for (uint32_t i = 0; i < args.n_regions; i++) {
		const struct purgatory_region *r = &args.regions[i];
		uint32_t crc[3];

		reference_digest(plan, r->start, r->n, crc);
		assert_memory_equal(crc, r->crc, sizeof(crc));
		if (i + 1 == args.n_regions) {
			assert_true(r->start == plan->entry && r->n > 500);
			continue;
		}
		/* not what the purgatory writes itself */
		assert_true(args.stamps + sizeof(struct stamps) <= r->start ||
			    r->start + r->n <= args.stamps);
		assert_false(plan->entry >= r->start && plan->entry < r->start + r->n);
	}
	return args;
}

/* Every entry of boot_params and of SETUP_E820_EXT behind it, against the machine's map. */
static inline void check_e820(const struct machine *m, const struct plan *plan, uint64_t bp)
{
	uint64_t n = le_at(plan, bp + 0x1e8, 1), table = bp + 0x2d0, seen = 0;
	uint64_t node = le_at(plan, bp + 0x250, 8);

	assert_true(n <= 128);
	for (size_t i = 0; i < m->memory.n; i++) {
		static const uint32_t types[] = {
			[MEMORY_RAM] = 1,   [MEMORY_RESERVED] = 2,	[MEMORY_ACPI] = 3,
			[MEMORY_NVS] = 4,   [MEMORY_UNUSABLE] = 5,	[MEMORY_PMEM] = 7,
			[MEMORY_PRAM] = 12, [MEMORY_SOFT_RESERVED] = 2, [MEMORY_DRIVER_MANAGED] = 0,
		};
		const struct memory_range *want = &m->memory.v[i];

		if (!types[want->type])
			continue;
		if (seen == n) { /* the rest hangs on the list */
			assert_int_equal(n, 128);
			while (node && le_at(plan, node + 8, 4) != 1)
				node = le_at(plan, node, 8);
			assert_true(node);
			table = node + 16;
			n += le_at(plan, node + 12, 4) / 20;
			assert_int_equal(le_at(plan, node + 12, 4) % 20, 0);
			table -= 20 * seen;
		}
		assert_true(le_at(plan, table + 20 * seen, 8) == want->range.start);
		assert_true(le_at(plan, table + 20 * seen + 8, 8) ==
			    want->range.end - want->range.start);
		assert_int_equal(le_at(plan, table + 20 * seen + 16, 4), types[want->type]);
		seen++;
	}
	assert_int_equal(seen, n);
}

/* Data of the first setup_data of @type; its length, or 0. The list has to end and to stay inside
 * the segment of boot_params. */
static inline uint64_t setup_data(const struct plan *plan, uint64_t bp, uint32_t type,
				  uint64_t *ret_n)
{
	const struct segment *s = segment_named(plan, "boot_params");
	uint64_t found = 0, node = le_at(plan, bp + 0x250, 8);

	*ret_n = 0;
	for (unsigned i = 0; node; i++) {
		uint64_t n = le_at(plan, node + 12, 4);

		assert_true(i < 20);
		assert_int_equal(node % 8, 0);
		assert_true(node >= s->dest.start + 4096 &&
			    node + 16 + n <= s->dest.start + s->data.n);
		if (le_at(plan, node + 8, 4) == type && !found) {
			found = node + 16;
			*ret_n = n;
		}
		node = le_at(plan, node, 8);
	}
	return found;
}

/* Everything about a plan for Linux; returns the address of boot_params. */
static inline uint64_t check_linux(const struct machine *m, const struct plan_request *req,
				   const struct plan *plan)
{
	struct purgatory_args args = check_purgatory(plan, req);
	uint64_t bp = args.argument, n, cmdline, initrd, stamps;

	check_segments(m, req, plan);
	assert_true(segment_named(plan, "boot_params")->dest.start == bp);
	assert_int_equal(le_at(plan, bp + 0x1ef, 1), 0); /* sentinel */
	assert_int_equal(le_at(plan, bp + 0x1fe, 2), 0xaa55);
	assert_int_equal(le_at(plan, bp + 0x202, 4), 0x53726448); /* HdrS */
	assert_int_equal(le_at(plan, bp + 0x210, 1), 0xd0);	  /* kexec */

	cmdline = le_at(plan, bp + 0x228, 4) | le_at(plan, bp + 0xc8, 4) << 32;
	for (size_t i = 0; i <= strlen(req->cmdline); i++)
		assert_int_equal(byte_at(plan, cmdline + i), (uint8_t)req->cmdline[i]);
	initrd = le_at(plan, bp + 0x218, 4) | le_at(plan, bp + 0xc0, 4) << 32;
	assert_true((le_at(plan, bp + 0x21c, 4) | le_at(plan, bp + 0xc4, 4) << 32) ==
		    req->initrd.n);
	assert_int_equal(initrd % 4096, 0);
	assert_int_equal(!initrd, !req->initrd.n);
	for (size_t i = 0; i < req->initrd.n; i++)
		assert_int_equal(byte_at(plan, initrd + i), req->initrd.p[i]);
	check_e820(m, plan, bp);

	stamps = setup_data(plan, bp, 0x52520001, &n);
	if (le_at(plan, bp + 0x206, 2) < 0x209) {
		assert_true(!stamps && !args.stamps);
	} else {
		assert_true(stamps == args.stamps);
		assert_int_equal(n, sizeof(struct stamps));
		assert_true(le_at(plan, stamps, 8) == STAMPS_MAGIC);
		assert_true(le_at(plan, stamps + 16, 8) == m->x86_64.tsc_khz);
	}
	return bp;
}
