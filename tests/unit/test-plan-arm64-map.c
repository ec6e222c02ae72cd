// SPDX-License-Identifier: LGPL-2.1-or-later
/* Page tables for the purgatory of arm64, read by a walk as Arm ARM D8.2 and D8.3 describe it: addresses of 48 bits,
 * granules of 4 KiB. */
#include <stdlib.h>
#include <string.h>

#include "memmap/range.h"
#include "plan/aarch64/identity-map.h"
#include "tests/unit/cmocka-shim.h"

#define PAGE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define BASE UINT64_C(0x880000000)
#define NOT_MAPPED UINT64_MAX

static uint8_t *tables;
static size_t pages;

static uint64_t read_entry(uint64_t table, unsigned index)
{
	uint64_t v = 0;

	assert_true(table >= BASE && table + PAGE <= BASE + pages * PAGE);
	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)tables[table - BASE + 8 * index + i] << 8 * i;
	return v;
}

/* Physical address of @va and the attributes of its descriptor, or NOT_MAPPED. */
static uint64_t walk(unsigned root, uint64_t va, uint64_t *ret_attributes)
{
	uint64_t table = BASE + root * PAGE;

	for (int shift = 39; shift >= 12; shift -= 9) {
		uint64_t d = read_entry(table, va >> shift & 511);
		uint64_t inside = (UINT64_C(1) << shift) - 1;

		if (!(d & 1))
			return NOT_MAPPED;
		if (shift == 39)
			assert_true(d & 2); /* no blocks of 512 GiB with these granules */
		if (shift == 12)
			assert_true(d & 2);
		if (d & 2 && shift > 12) {
			table = d & 0xfffffffff000;
			continue;
		}
		assert_int_equal(d & 0xfffffffff000 & inside, 0);
		*ret_attributes = d & ~UINT64_C(0xfffffffff003);
		return (d & 0xfffffffff000) | (va & inside);
	}
	return NOT_MAPPED;
}

static void make(const struct range *memory, size_t n, struct range device)
{
	const size_t max = identity_map_pages_max(memory, n, device);

	free(tables);
	tables = calloc(max, PAGE);
	assert_non_null(tables);
	pages = max;
	pages = identity_map_make(BASE, memory, n, device, tables);
	assert_true(pages >= 2 && pages <= max);
}

/* AF, inner shareable, attribute 0, AP[1] only for EL2; devices attribute 1 and never executed */
static const uint64_t memory_bits[] = { 0x700, 0x740 };
static const uint64_t device_bits[] = { UINT64_C(3) << 53 | 0x704, UINT64_C(1) << 54 | 0x744 };

static void expect_mapped(struct range r, const uint64_t bits[2])
{
	uint64_t attributes;

	for (unsigned root = 0; root < 2; root++) {
		for (uint64_t va = r.start;
		     va<r.end; va += r.end - r.start> 64 * MIB ? 5 * MIB + PAGE : PAGE) {
			assert_int_equal(walk(root, va, &attributes), va);
			assert_int_equal(attributes, bits[root]);
		}
		assert_int_equal(walk(root, r.end - 1, &attributes), r.end - 1);
	}
}

static void expect_nothing(uint64_t va)
{
	uint64_t attributes;

	for (unsigned root = 0; root < 2; root++)
		assert_int_equal(walk(root, va, &attributes), NOT_MAPPED);
}

/* As a plan for QEMU's virt has it: kernel, initial ramdisk, tables and purgatory, and the PL011. */
static void maps_what_a_plan_has(void **state)
{
	const struct range memory[] = { { 0x41a00000, 0x434a0000 },
					{ 0x7dc01000, 0x7ffff000 },
					{ 0x7dbf0000, 0x7dbf4000 } };
	const struct range device = { 0x9000000, 0x9001000 };

	make(memory, 3, device);
	for (size_t i = 0; i < 3; i++) {
		expect_mapped(memory[i], memory_bits);
		expect_nothing(memory[i].start - 1);
		expect_nothing(memory[i].end);
	}
	expect_mapped(device, device_bits);
	expect_nothing(device.start - 1);
	expect_nothing(device.end);
	expect_nothing(0);
	expect_nothing(IDENTITY_MAP_END - 1);
}

/* Blocks of 1 GiB within, pages at both ends, over a border of 512 GiB and at the end of all addresses */
static void maps_large_memory(void **state)
{
	const struct range memory[] = { { 510 * GIB + PAGE, 514 * GIB + 3 * MIB + PAGE },
					{ IDENTITY_MAP_END - 2 * GIB - 2 * MIB,
					  IDENTITY_MAP_END } };
	const struct range device = { 0x100002600000, 0x100002601000 };

	make(memory, 2, device);
	expect_mapped(memory[0], memory_bits);
	expect_mapped(memory[1], memory_bits);
	expect_mapped(device, device_bits);
	expect_nothing(memory[0].start - 1);
	expect_nothing(memory[0].end);
	expect_nothing(memory[1].start - 1);
	/* 3 GiB in pages would take 1536 tables */
	assert_true(pages < 40);
}

/* Neighbours within one block of 2 MiB, and no device */
static void maps_neighbours(void **state)
{
	const struct range memory[] = { { 0x80003000, 0x80005000 },
					{ 0x80001000, 0x80002000 },
					{ 0x80005000, 0x80400000 } };

	make(memory, 3, (struct range){ 0 });
	for (size_t i = 0; i < 3; i++)
		expect_mapped(memory[i], memory_bits);
	expect_nothing(0x80000fff);
	expect_nothing(0x80002000);
	expect_nothing(0x80400000);
}

/* Pages of 6 MiB, some in ranges, in every pattern of a fixed sequence */
static void maps_nothing_else(void **state)
{
	enum { N_PAGES = 1536 };
	const uint64_t start = 0x7fe00000; /* a border of 1 GiB lies within */
	uint64_t random = 1;

	for (unsigned round = 0; round < 50; round++) {
		bool wanted[N_PAGES] = { false };
		struct range memory[40];
		size_t n = 0;

		for (unsigned page = 0; page < N_PAGES && n < 40;) {
			unsigned gap, size;

			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			gap = random >> 33 & 63;
			size = 1 + (unsigned)(random >> 45) % (round % 2 ? 700 : 20);
			if (page + gap + size > N_PAGES)
				break;
			memory[n++] = (struct range){ start + (page + gap) * PAGE,
						      start + (page + gap + size) * PAGE };
			for (unsigned i = page + gap; i < page + gap + size; i++)
				wanted[i] = true;
			page += gap + size;
		}
		make(memory, n, (struct range){ 0 });
		for (unsigned page = 0; page < N_PAGES; page++) {
			if (wanted[page])
				expect_mapped((struct range){ start + page * PAGE,
							      start + (page + 1) * PAGE },
					      memory_bits);
			else
				expect_nothing(start + page * PAGE);
		}
	}
}

static int release(void **state)
{
	free(tables);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_what_a_plan_has),
		cmocka_unit_test(maps_large_memory),
		cmocka_unit_test(maps_neighbours),
		cmocka_unit_test(maps_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
