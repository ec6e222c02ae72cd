// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memmap/x86_64/e820.h"
#include "tests/unit/cmocka-shim.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void check_map(const struct memmap *map, const struct memory_range *want, size_t n)
{
	assert_int_equal(map->n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(map->v[i].range.start, want[i].range.start);
		assert_int_equal(map->v[i].range.end, want[i].range.end);
		assert_int_equal(map->v[i].type, want[i].type);
	}
}

/* Nesting, both spellings of "reserved", inclusive ends, driver-managed memory. */
static void test_iomem(void **state)
{
	static const char sample[] = "00000000-00000fff : Reserved\n"
				     "00001000-0009fbff : System RAM\n"
				     "0009fc00-000fffff : reserved\n"
				     "  000f0000-000fffff : System ROM\n"
				     "00100000-3ffdffff : System RAM\n"
				     "  01000000-01ffffff : Kernel code\n"
				     "  02000000-024fffff : Kernel data\n"
				     "  20000000-2fffffff : Crash kernel\n"
				     "  30000000-30000fff : reserved\n"
				     "3ffe0000-3fffffff : ACPI Tables\n"
				     "b0000000-bfffffff : PCI MMCONFIG 0000 [bus 00-ff]\n"
				     "100000000-17fffffff : Soft Reserved\n"
				     "  100000000-17fffffff : dax0.0\n"
				     "    100000000-17fffffff : System RAM (kmem)\n"
				     "180000000-1bfffffff : System RAM (virtio_mem)\n";
	static const struct memory_range want[] = {
		{ { 0, 0x1000 }, MEMORY_RESERVED },
		{ { 0x1000, 0x9fc00 }, MEMORY_RAM },
		{ { 0x9fc00, 0x100000 }, MEMORY_RESERVED },
		{ { 0x100000, 0x3ffe0000 }, MEMORY_RAM },
		{ { 0x3ffe0000, 0x40000000 }, MEMORY_ACPI },
		{ { 0x100000000, 0x180000000 }, MEMORY_SOFT_RESERVED },
		{ { 0x180000000, 0x1c0000000 }, MEMORY_DRIVER_MANAGED },
	};
	struct iomem iomem;

	assert_int_equal(iomem_parse(text(sample), &iomem, NULL), 0);
	check_map(&iomem.map, want, ARRAY_SIZE(want));
	assert_false(iomem.zeroed);
	assert_int_equal(iomem.kernel_code.end, 0x2000000);
	assert_int_equal(iomem.crash.n, 1);
	assert_int_equal(iomem.crash.v[0].start, 0x20000000);
	assert_int_equal(iomem.crash.v[0].end, 0x30000000);
	assert_int_equal(iomem.keep_off.n, 1);
	assert_int_equal(iomem.keep_off.v[0].end, 0x30001000);
	iomem_done(&iomem);
}

static void test_iomem_zeroed(void **state)
{
	struct iomem iomem;

	assert_int_equal(iomem_parse(text("00000000-00000000 : System RAM\n"
					  "  00000000-00000000 : Kernel code\n"),
				     &iomem, NULL),
			 0);
	assert_true(iomem.zeroed);
	iomem_done(&iomem);
	assert_int_equal(iomem_parse(text(""), &iomem, NULL), 0);
	assert_false(iomem.zeroed);
	iomem_done(&iomem);
}

static void test_iomem_bad(void **state)
{
	static const char *const bad[] = {
		"hello\n",
		"0000-\n",
		"00000000-00000fff\n",
		"00000000-00000fff :System RAM\n",
		"00001000-00000fff : System RAM\n",
		"-00000fff : System RAM\n",
		"00000000-00000fffffffffffff : System RAM\n", /* 17 digits and more */
		"\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct iomem iomem = { .zeroed = true };
		struct kx_error err = { 0 };

		assert_int_equal(iomem_parse(text(bad[i]), &iomem, &err), -EBADMSG);
		assert_true(iomem.zeroed);
		assert_string_equal(err.message,
				    "line 1 is not \"start-end : name\" in hexadecimal");
	}
}

static void test_normalise(void **state)
{
	static const struct memory_range in[] = {
		{ { 0x8000, 0x9000 }, MEMORY_RAM },  { { 0x1000, 0x8000 }, MEMORY_RAM },
		{ { 0x2000, 0x3000 }, MEMORY_ACPI }, { { 0x2800, 0x4000 }, MEMORY_RESERVED },
		{ { 0xf000, 0xf000 }, MEMORY_RAM },  { { 0x8800, 0xa000 }, MEMORY_DRIVER_MANAGED },
		{ { 0x2000, 0x2100 }, MEMORY_PMEM },
	};
	static const struct memory_range want[] = {
		{ { 0x1000, 0x2000 }, MEMORY_RAM },
		{ { 0x2000, 0x2800 }, MEMORY_ACPI },
		{ { 0x2800, 0x4000 }, MEMORY_RESERVED },
		{ { 0x4000, 0x8800 }, MEMORY_RAM },
		{ { 0x8800, 0xa000 }, MEMORY_DRIVER_MANAGED },
	};
	struct memmap map = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		assert_int_equal(memmap_add(&map, in[i].range, in[i].type), 0);
	assert_int_equal(memmap_normalise(&map), 0);
	check_map(&map, want, ARRAY_SIZE(want));
	memmap_done(&map);
}

/* Several thousand ranges: no fixed size, and joined when they touch. */
static void test_many(void **state)
{
	struct memmap map = { 0 };

	for (uint64_t i = 5000; i-- > 0;)
		assert_int_equal(memmap_add(&map, (struct range){ i * 0x2000, i * 0x2000 + 0x1000 },
					    MEMORY_RAM),
				 0);
	assert_int_equal(memmap_normalise(&map), 0);
	assert_int_equal(map.n, 5000);
	assert_int_equal(memmap_add(&map, (struct range){ 0, 5000 * 0x2000 }, MEMORY_RAM), 0);
	assert_int_equal(memmap_normalise(&map), 0);
	assert_int_equal(map.n, 1);
	memmap_done(&map);
}

static void test_ram_outside(void **state)
{
	struct memmap told = { 0 }, known = { 0 };
	struct ranges outside = { 0 };

	assert_int_equal(memmap_add(&told, (struct range){ 0x1000, 0x9000 }, MEMORY_RAM), 0);
	assert_int_equal(memmap_add(&told, (struct range){ 0x10000, 0x20000 }, MEMORY_RAM), 0);
	assert_int_equal(memmap_add(&told, (struct range){ 0x30000, 0x40000 }, MEMORY_ACPI), 0);
	assert_int_equal(memmap_add(&known, (struct range){ 0x2000, 0x3000 }, MEMORY_RAM), 0);
	assert_int_equal(memmap_add(&known, (struct range){ 0x3000, 0x4000 }, MEMORY_ACPI), 0);
	assert_int_equal(memmap_add(&known, (struct range){ 0x4000, 0x11000 }, MEMORY_RAM), 0);
	assert_int_equal(memmap_ram_outside(&told, &known, &outside), 0);
	assert_int_equal(outside.n, 3);
	assert_int_equal(outside.v[0].start, 0x1000);
	assert_int_equal(outside.v[0].end, 0x2000);
	assert_int_equal(outside.v[1].start, 0x3000);
	assert_int_equal(outside.v[1].end, 0x4000);
	assert_int_equal(outside.v[2].start, 0x11000);
	assert_int_equal(outside.v[2].end, 0x20000);
	memmap_done(&told);
	memmap_done(&known);
	ranges_done(&outside);
}

static const struct {
	uint64_t size, align, start, end;
	bool top_down;
	int r;
	uint64_t want;
} hole_cases[] = {
	/* RAM is [0x1000, 0x9000) and [0x100000, 0x200000); 0x1f0000-0x1f8000 is taken */
	{ 0x1000, 0x1000, 0, UINT64_MAX, true, 0, 0x1ff000 },
	{ 0x1000, 0x1000, 0, UINT64_MAX, false, 0, 0x1000 },
	{ 0x8000, 0x1000, 0, UINT64_MAX, true, 0, 0x1f8000 },
	{ 0x9000, 0x1000, 0, UINT64_MAX, true, 0, 0x1e7000 },
	{ 0x9000, 0x10000, 0, UINT64_MAX, true, 0, 0x1e0000 },
	{ 0x9000, 0x1000, 0, UINT64_MAX, false, 0, 0x100000 },
	{ 0x8000, 0x1000, 0, 0x10000, true, 0, 0x1000 },
	{ 0x8001, 0x1000, 0, 0x10000, true, -ENOSPC, 0 },
	{ 0x1000, 0x1000, 0x2000, 0x2fff, true, -ENOSPC, 0 },
	{ 0x1000, 0x1000, 0x2000, 0x3000, false, 0, 0x2000 },
	{ 0x100000, 0x1000, 0, UINT64_MAX, true, -ENOSPC, 0 },
	{ UINT64_MAX, 1, 0, UINT64_MAX, false, -ENOSPC, 0 },
	{ 0x1000, UINT64_C(1) << 63, 0, UINT64_MAX, false, -ENOSPC, 0 },
	{ 0x1000, UINT64_C(1) << 63, 0, UINT64_MAX, true, -ENOSPC, 0 },
};

static void test_hole(void **state)
{
	struct range taken_v[] = { { 0x1f0000, 0x1f8000 } };
	struct ranges taken = { taken_v, 1, 1 };
	struct memmap map = { 0 };

	assert_int_equal(memmap_add(&map, (struct range){ 0x1000, 0x9000 }, MEMORY_RAM), 0);
	assert_int_equal(memmap_add(&map, (struct range){ 0x9000, 0x100000 }, MEMORY_RESERVED), 0);
	assert_int_equal(memmap_add(&map, (struct range){ 0x100000, 0x200000 }, MEMORY_RAM), 0);
	assert_int_equal(memmap_add(&map, (struct range){ 0x200000, 0x900000 }, MEMORY_NVS), 0);
	for (size_t i = 0; i < ARRAY_SIZE(hole_cases); i++) {
		const struct hole_request req = {
			.size = hole_cases[i].size,
			.align = hole_cases[i].align,
			.bounds = { hole_cases[i].start, hole_cases[i].end },
			.taken = &taken,
			.top_down = hole_cases[i].top_down,
		};
		struct range hole = { 7, 7 };

		assert_int_equal(memmap_find_hole(&map, &req, &hole), hole_cases[i].r);
		assert_int_equal(hole.start, hole_cases[i].r ? 7 : hole_cases[i].want);
		assert_int_equal(hole.end, hole_cases[i].r ? 7 : hole_cases[i].want + req.size);
	}
	memmap_done(&map);
}

/* Documentation/arch/x86/zero-page.rst, include/uapi/asm/e820.h: E820_TYPE_RAM 1, RESERVED 2, ACPI 3,
 * NVS 4, UNUSABLE 5, PMEM 7, PRAM 12. Specific purpose memory has 0xefffffff inside the kernel only, and
 * firmware says 2. What a driver added is in no table of firmware. */
static void test_e820(void **state)
{
	static const struct {
		enum memory_type type;
		uint32_t number;
	} rows[] = {
		{ MEMORY_RAM, 1 },   { MEMORY_RESERVED, 2 },	  { MEMORY_ACPI, 3 },
		{ MEMORY_NVS, 4 },   { MEMORY_UNUSABLE, 5 },	  { MEMORY_PMEM, 7 },
		{ MEMORY_PRAM, 12 }, { MEMORY_SOFT_RESERVED, 2 }, { MEMORY_DRIVER_MANAGED, 0 },
	};

	(void)state;
	assert_int_equal(ARRAY_SIZE(rows), MEMORY_N_TYPES);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(e820_type(rows[i].type), rows[i].number);
		assert_int_equal(memory_is_declared(rows[i].type), rows[i].number != 0);
	}
}

static void test_firmware(void **state)
{
	struct kx_error err = { 0 };
	struct memmap map = { 0 };

	assert_int_equal(firmware_memmap_add(&map, text("0x100000\n"), text("0x7fffffff\n"),
					     text("System RAM\n"), NULL),
			 0);
	assert_int_equal(firmware_memmap_add(&map, text("0x0\n"), text("0xfff\n"),
					     text("Unknown E820 type\n"), NULL),
			 0);
	assert_int_equal(map.n, 2);
	assert_int_equal(map.v[0].range.end, 0x80000000);
	assert_int_equal(map.v[0].type, MEMORY_RAM);
	assert_int_equal(map.v[1].type, MEMORY_RESERVED);
	assert_int_equal(
		firmware_memmap_add(&map, text("0x2000"), text("0x1fff"), text("reserved"), &err),
		-EBADMSG);
	assert_string_equal(err.message, "end 0x1fff is below start 0x2000");
	assert_int_equal(
		firmware_memmap_add(&map, text("zero"), text("0x1fff"), text("reserved"), NULL),
		-EBADMSG);
	assert_int_equal(map.n, 2);
	memmap_done(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iomem),	  cmocka_unit_test(test_iomem_zeroed),
		cmocka_unit_test(test_iomem_bad), cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_many),	  cmocka_unit_test(test_ram_outside),
		cmocka_unit_test(test_hole),	  cmocka_unit_test(test_firmware),
		cmocka_unit_test(test_e820),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
