// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans for kernels of arm64. Rules: Documentation/arch/arm64/booting.rst and kexec_load(2), looked up again here in the
 * plan's bytes, the device tree by libfdt; memory is /proc/iomem of Debian's 6.1 on QEMU's virt,gic-version=3. */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>

#include "fundamental/aarch64/purgatory-abi.h"
#include "plan/planner.h"
#include "tests/unit/plan-check.h"

static const char iomem_text[] = "40000000-bfffffff : System RAM\n"
				 "  40210000-41efffff : Kernel code\n"
				 "  41f00000-4220ffff : reserved\n"
				 "  42210000-4271ffff : Kernel data\n"
				 "  48000000-4809dfff : reserved\n"
				 "  b6400000-b67fffff : reserved\n"
				 "  bff10000-bfffffff : reserved\n";

static uint8_t kernel_bytes[300001], initrd_bytes[70001], tree[64 << 10];
static struct image image;
static struct machine machine;
static struct kx_error err;

static void take_tree(void)
{
	FILE *f = fopen(TREES "/virt-gicv3.dtb", "re");

	assert_non_null(f);
	machine.aarch64.n_tree = fread(tree, 1, sizeof(tree), f);
	fclose(f);
	machine.aarch64.tree = malloc(machine.aarch64.n_tree);
	assert_non_null(machine.aarch64.tree);
	memcpy(machine.aarch64.tree, tree, machine.aarch64.n_tree);
}

static int setup(void **state)
{
	struct iomem iomem;

	for (size_t i = 0; i < sizeof(kernel_bytes); i++)
		kernel_bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	image = (struct image){ .type = IMAGE_ARM64,
				.inner = IMAGE_ARM64,
				.name = "Image",
				.aarch64 = { .file = { kernel_bytes, sizeof(kernel_bytes) },
					     .size = 0x1aa0000,
					     .is_anywhere = true } };
	machine = (struct machine){ .planner = &planner_aarch64,
				    .has_random = true,
				    .random_virtual = 0x1122334455667788,
				    .n_rng_seed = 32 };
	assert_int_equal(
		iomem_parse((struct bytes){ (const uint8_t *)iomem_text, strlen(iomem_text) },
			    &iomem, NULL),
		0);
	machine.memory = iomem.map;
	machine.keep_off = iomem.inside;
	iomem.map = (struct memmap){ 0 };
	iomem.inside = (struct ranges){ 0 };
	iomem_done(&iomem);
	take_tree();
	return 0;
}

static int teardown(void **state)
{
	machine_done(&machine);
	return 0;
}

static int make(const struct plan_request *req, struct plan *plan)
{
	err = (struct kx_error){ 0 };
	return plan_make(&machine, req, plan, &err);
}

static struct plan_request request(size_t initrd_n)
{
	return (struct plan_request){ .image = &image,
				      .initrd = { initrd_bytes, initrd_n },
				      .cmdline = "root=/dev/vda1 ro" };
}

static struct purgatory_args args_of(const struct plan *plan)
{
	struct purgatory_args args;

	memcpy(&args, segment_named(plan, "purgatory")->data.p, sizeof(args));
	return args;
}

static uint64_t chosen_u64(const void *fdt, const char *name)
{
	int n;
	const void *value = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name, &n);

	assert_non_null(value);
	assert_int_equal(n, 8);
	return fdt64_ld(value);
}

/* Segments of a kernel with pages of 64 KiB, none of them where the running kernel has something. */
static void check_places(const struct plan_request *req, const struct plan *plan)
{
	check_segments(&machine, req, plan);
	for (size_t i = 0; i < plan->n_segments; i++) {
		assert_int_equal(plan->segments[i].dest.start % 0x10000, 0);
		assert_int_equal(plan->segments[i].dest.end % 0x10000, 0);
	}
}

static void test_places(void **state)
{
	static const size_t sizes[] = { 0, 1, 65536, 70001 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct plan_request req = request(sizes[i]);
		const struct segment *kernel, *dtb;
		struct plan plan;

		assert_int_equal(make(&req, &plan), 0);
		check_places(&req, &plan);
		kernel = segment_named(&plan, "kernel");
		dtb = segment_named(&plan, "device tree");
		assert_int_equal(kernel->dest.start % (2 * MiB), 0);
		assert_true(kernel->dest.end - kernel->dest.start >= image.aarch64.size);
		assert_true(plan.kernel_entry == kernel->dest.start);
		assert_true(dtb->dest.start / (2 * MiB) == (dtb->dest.end - 1) / (2 * MiB));
		assert_true(args_of(&plan).argument == dtb->dest.start);
		assert_int_equal(plan.n_segments, sizes[i] ? 5 : 4);
		assert_int_equal(plan.n_warnings, 0);
		if (sizes[i]) {
			const struct range r = segment_named(&plan, "initrd")->dest;

			assert_true(chosen_u64(dtb->data.p, "linux,initrd-start") == r.start);
			assert_true(chosen_u64(dtb->data.p, "linux,initrd-end") ==
				    r.start + sizes[i]);
		}
		plan_done(&plan);
	}
}

/* "text_offset" bytes behind the multiple of 2 MiB, as kernels before 5.8 say. */
static void test_text_offset(void **state)
{
	const struct plan_request req = request(0);
	struct plan plan;

	image.aarch64.text_offset = 0x80000;
	assert_int_equal(make(&req, &plan), 0);
	check_places(&req, &plan);
	assert_int_equal(plan.kernel_entry % (2 * MiB), 0x80000);
	plan_done(&plan);
	image.aarch64.text_offset = 0x1000; /* CONFIG_ARM64_RANDOMIZE_TEXT_OFFSET */
	assert_int_equal(make(&req, &plan), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "64 KiB"));
}

/* The initial ramdisk shares a window of 32 GiB with the kernel, from a multiple of 1 GiB on, whichever is higher. */
static void test_window(void **state)
{
	const struct plan_request req = request(sizeof(initrd_bytes));
	const struct range rooms[][2] = {
		/* kernel fits the upper one, nothing else does */
		{ { 60 * GiB, 60 * GiB + 32 * MiB }, { 20 * GiB, 21 * GiB } },
		{ { 40 * GiB, 40 * GiB + 32 * MiB }, { 20 * GiB, 21 * GiB } },
	};
	struct plan plan;

	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		machine.memory.n = machine.keep_off.n = 0;
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(memmap_add(&machine.memory, rooms[i][k], MEMORY_RAM), 0);
		assert_int_equal(memmap_normalise(&machine.memory), 0);
		/* leaves no room for 64 KiB beside the kernel */
		assert_int_equal(
			ranges_add(&machine.keep_off, (struct range){ rooms[i][0].start + 0x1aa0000,
								      rooms[i][0].end }),
			0);
		if (i == 0) {
			assert_int_equal(make(&req, &plan), -ENOSPC);
			assert_non_null(strstr(err.message, "initial ramdisk"));
			continue;
		}
		assert_int_equal(make(&req, &plan), 0);
		check_places(&req, &plan);
		assert_int_equal(segment_named(&plan, "kernel")->dest.start, 40 * GiB);
		assert_true(segment_named(&plan, "initrd")->dest.start < 21 * GiB);
		plan_done(&plan);
	}
}

static void test_tree(void **state)
{
	const struct plan_request req = request(0);
	const char *line;
	const void *fdt;
	struct plan plan;
	uint64_t at, n;
	int chosen;

	assert_int_equal(
		ranges_add(&machine.aarch64.lpi.tables, (struct range){ 0x421a0000, 0x421b0000 }),
		0);
	assert_int_equal(make(&req, &plan), 0);
	fdt = segment_named(&plan, "device tree")->data.p;
	assert_int_equal(fdt_check_full(fdt, segment_named(&plan, "device tree")->data.n), 0);
	chosen = fdt_path_offset(fdt, "/chosen");
	line = fdt_getprop(fdt, chosen, "bootargs", NULL);
	assert_string_equal(line, "root=/dev/vda1 ro");
	assert_true(chosen_u64(fdt, "kaslr-seed") == machine.random_virtual);
	assert_int_equal(fdt_num_mem_rsv(fdt), 1);
	assert_int_equal(fdt_get_mem_rsv(fdt, 0, &at, &n), 0);
	assert_true(at == 0x421a0000 && n == 0x10000);
	plan_done(&plan);

	machine.has_random = false;
	assert_int_equal(make(&req, &plan), 0);
	assert_int_equal(plan.n_warnings, 1);
	assert_non_null(strstr(plan.warnings[0], "without random numbers"));
	plan_done(&plan);
}

static void test_given_tree(void **state)
{
	struct plan_request req = request(0);
	static _Alignas(8) uint8_t small[512];
	struct plan plan;

	req.dtb = (struct bytes){ tree, machine.aarch64.n_tree };
	free(machine.aarch64.tree);
	machine.aarch64.tree = NULL;
	assert_int_equal(make(&req, &plan), 0);
	plan_done(&plan);

	assert_int_equal(fdt_create_empty_tree(small, sizeof(small)), 0);
	req.dtb = (struct bytes){ small, sizeof(small) };
	assert_int_equal(make(&req, &plan), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "memory"));
	req.dtb.n = 11;
	assert_int_equal(make(&req, &plan), -EBADMSG);

	req.dtb.n = 0; /* and no running one */
	assert_int_equal(make(&req, &plan), -ENOENT);
	assert_non_null(strstr(err.message, "/sys/firmware/fdt"));
}

/* They are written to, perhaps with the MMU off, where every access has to be aligned: so every other byte of the tree is
 * compared, and those are not. */
static void check_stamps(const struct segment *dtb, const struct purgatory_args *args)
{
	struct stamps stamps;
	const uint64_t start = args->stamps, end = start + sizeof(stamps);
	uint64_t n_compared = 0;
	int n;
	const uint8_t *value = fdt_getprop(dtb->data.p, fdt_path_offset(dtb->data.p, "/chosen"),
					   "rapidreboot,stamps", &n);

	assert_int_equal(start % 8, 0);
	assert_true(value + n - dtb->data.p == (ptrdiff_t)(end - dtb->dest.start));
	memcpy(&stamps, dtb->data.p + (start - dtb->dest.start), sizeof(stamps));
	assert_true(stamps.magic == STAMPS_MAGIC);
	assert_int_equal(stamps.n, 0);
	assert_int_equal(stamps.tsc_khz, 62500);
	for (size_t i = 0; i < args->n_regions; i++) {
		const struct purgatory_region r = args->regions[i];

		assert_true(r.start + r.n <= start || r.start >= end);
		if (r.start >= dtb->dest.start && r.start < dtb->dest.end)
			n_compared += r.n;
	}
	assert_true(n_compared == dtb->data.n - sizeof(stamps));
}

/* What is compared lies in the page tables' reach, so do the registers of the serial port; and the tables are right at
 * the address that the purgatory is told. */
static void test_purgatory(void **state)
{
	struct plan_request req = request(sizeof(initrd_bytes));
	struct purgatory_args args;
	struct plan plan;

	req.flags = KX_REQ_CONSOLE_SERIAL;
	machine.aarch64.serial_registers = 0x9000000;
	machine.aarch64.serial_kind = PURGATORY_SERIAL_PL011;
	machine.aarch64.serial_width = 4;
	machine.aarch64.firmware_call = PURGATORY_HVC;
	machine.aarch64.ticks_khz = 62500;
	assert_int_equal(make(&req, &plan), 0);
	args = args_of(&plan);
	assert_true(args.page_tables == segment_named(&plan, "page tables")->dest.start);
	assert_true(args.serial_registers == 0x9000000);
	assert_int_equal(args.serial_kind, PURGATORY_SERIAL_PL011);
	assert_int_equal(args.serial_width, 4);
	assert_int_equal(args.firmware_call, PURGATORY_HVC);
	assert_int_equal(
		args.n_regions,
		6); /* four segments, one of which has the stamps in it, and its own code */
	check_stamps(segment_named(&plan, "device tree"), &args);
	for (size_t i = 0; i < args.n_regions - 1; i++) {
		uint32_t crc[3];

		if (args.regions[i].n > 1 << 20)
			continue;
		reference_digest(&plan, args.regions[i].start, args.regions[i].n, crc);
		assert_memory_equal(crc, args.regions[i].crc, sizeof(crc));
	}
	assert_int_equal(plan.n_warnings, 0);
	plan_done(&plan);

	machine.aarch64.serial_registers = 0;
	req.flags = KX_REQ_CONSOLE_SERIAL | KX_REQ_CONSOLE_VGA;
	assert_int_equal(make(&req, &plan), 0);
	assert_int_equal(plan.n_warnings, 2);
	plan_done(&plan);
}

static void test_refused(void **state)
{
	struct plan_request req = request(0);
	struct plan plan;

	machine.aarch64.refused = "nobody knows where they are";
	assert_int_equal(make(&req, &plan), -EOPNOTSUPP);
	assert_string_equal(err.message, "nobody knows where they are");
	machine.aarch64.refused = NULL;
	machine.aarch64.stuck = "they never leave";
	assert_int_equal(make(&req, &plan), -EOPNOTSUPP);
	assert_string_equal(err.message, "they never leave");
	machine.aarch64.stuck = NULL;

	req.flags = KX_REQ_ENTRY_32BIT;
	assert_int_equal(make(&req, &plan), -EOPNOTSUPP);
	assert_int_equal(err.flags, KX_REQ_ENTRY_32BIT);
	req.flags = KX_REQ_ON_CRASH; /* nothing is reserved for one */
	assert_int_equal(make(&req, &plan), -ENXIO);
	req.flags = 0;

	image.aarch64.is_anywhere = false;
	assert_int_equal(make(&req, &plan), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "4.6"));
}

static uint64_t cell_pair(const void *fdt, const char *name, unsigned i)
{
	int n;
	const uint8_t *value =
		fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name, &n); /* root: 2 and 2 */

	assert_non_null(value);
	assert_true((unsigned)n >= 8 * (i + 1));
	return fdt64_ld((const void *)(value + 8 * i));
}

/* Documentation/arch/arm64/kdump.rst: everything in the reservation, the tree says where the header and the memory are,
 * the reservation in which it lies first, and the command line is the one that was asked for. */
static void test_crash(void **state)
{
	static const struct range low = { 0x50000000, 0x58000000 },
				  high = { 0xa0000000, 0xb0000000 };
	struct plan_request req = request(sizeof(initrd_bytes));
	struct plan plan;
	const void *fdt;

	assert_int_equal(ranges_add(&machine.crash, low), 0);
	assert_int_equal(ranges_add(&machine.crash, high), 0);
	assert_int_equal(ranges_add(&machine.dump.ram, (struct range){ 0x40000000, 0xc0000000 }),
			 0);
	assert_int_equal(ranges_add(&machine.dump.notes, (struct range){ 0x48100000, 0x481001a8 }),
			 0);
	machine.dump.vmcoreinfo = (struct range){ 0x48200000, 0x48200400 };
	machine.dump.kernel = (struct range){ 0x40210000, 0x42720000 };
	machine.dump.kernel_virtual = 0xffff800008010000;
	machine.dump.direct_map = 0xffff000000000000;
	req.flags = KX_REQ_ON_CRASH;
	machine.aarch64.stuck = "holds a jump only";
	assert_int_equal(make(&req, &plan), 0);
	for (size_t i = 0; i < plan.n_segments; i++) {
		assert_true(plan.segments[i].dest.start >= high.start);
		assert_true(plan.segments[i].dest.end <= high.end);
	}
	fdt = segment_named(&plan, "device tree")->data.p;
	assert_string_equal(plan.cmdline, req.cmdline);
	assert_true(cell_pair(fdt, "linux,elfcorehdr", 0) ==
		    segment_named(&plan, "elfcorehdr")->dest.start);
	assert_true(cell_pair(fdt, "linux,elfcorehdr", 1) >=
		    segment_named(&plan, "elfcorehdr")->data.n);
	assert_true(cell_pair(fdt, "linux,usable-memory-range", 0) == high.start);
	assert_true(cell_pair(fdt, "linux,usable-memory-range", 1) == high.end - high.start);
	assert_true(cell_pair(fdt, "linux,usable-memory-range", 2) == low.start);
	assert_true(cell_pair(fdt, "linux,usable-memory-range", 3) == low.end - low.start);
	/* the dump is of an arm64 kernel, and of RAM without the reservations */
	{
		const uint8_t *elf = segment_named(&plan, "elfcorehdr")->data.p;

		assert_int_equal(elf[18] | elf[19] << 8, 183);
		assert_int_equal(elf[56], 2 + 1 + 3); /* notes, text, three ranges of RAM */
	}
	plan_done(&plan);
}

static void test_entry_and_rung(void **state)
{
	struct plan_request req = request(0);
	struct plan plan;

	req.flags = KX_REQ_HAS_ENTRY | KX_REQ_FAST;
	req.entry = 0x45678000;
	assert_int_equal(make(&req, &plan), 0);
	assert_true(plan.kernel_entry == 0x45678000);
	assert_string_equal(plan.rung, "copy");
	plan_done(&plan);
	req.flags = 0;
	assert_int_equal(make(&req, &plan), 0);
	assert_string_equal(plan.rung, "plain");
	plan_done(&plan);
}

/* Kernel and ramdisk lie in huge pages; one page is missing, and copied. */
static void test_in_place(void **state)
{
	struct plan_request req = request(3 * MiB);
	const struct windows windows = {
		.kernel = { 0x60000000, 0x60000000 + 14 * 2 * MiB },
		.initrd = { 0x70000000, 0x70000000 + 2 * 2 * MiB },
		.holes = { { 0x60200000, 0x60400000 } },
		.n_holes = 1,
	};
	static uint8_t initrd[3 << 20];
	struct plan copy, plan;
	const struct segment *dtb;

	req.initrd.p = initrd;
	req.flags = KX_REQ_FAST;
	assert_int_equal(make(&req, &copy), 0);
	assert_true(copy.may_be_in_place && copy.kernel.is_randomised);
	assert_true(copy.kernel.size == image.aarch64.size);
	assert_int_equal(plan_in_place(&machine, &req, &copy, &windows, &plan, &err), 0);
	assert_string_equal(plan.rung, "zero-copy");
	assert_int_equal(plan.n_in_place, 2);
	assert_int_equal(plan.n_segments, 4); /* and the hole */
	check_places(&req, &plan);
	assert_true(plan.kernel_entry == windows.kernel.start);
	assert_true(segment_named(&plan, "kernel")->dest.start == windows.holes[0].start);
	for (size_t i = 0; i < plan.n_segments; i++)
		for (size_t k = 0; k < plan.n_in_place; k++)
			if (strcmp(plan.segments[i].name, "kernel") != 0)
				assert_true(
					plan.segments[i].dest.end <= plan.in_place[k].dest.start ||
					plan.segments[i].dest.start >= plan.in_place[k].dest.end);
	dtb = segment_named(&plan, "device tree");
	assert_true(chosen_u64(dtb->data.p, "linux,initrd-start") == windows.initrd.start);
	assert_true(args_of(&plan).regions[0].start == windows.kernel.start);
	plan_done(&plan);
	plan_done(&copy);
}

static void test_not_in_place(void **state)
{
	struct plan_request req = request(0);
	struct plan plan;

	req.flags = KX_REQ_FAST;
	image.aarch64.text_offset = 0x80000;
	assert_int_equal(make(&req, &plan), 0);
	assert_false(plan.may_be_in_place);
	assert_non_null(strstr(plan.rung_reason, "2 MiB"));
	plan_done(&plan);
	image.aarch64.text_offset = 0;
	req.cmdline = "nokaslr";
	assert_int_equal(make(&req, &plan), 0);
	assert_true(plan.may_be_in_place && !plan.kernel.is_randomised);
	plan_done(&plan);
	/* from 1 GiB on: one byte more than a window */
	assert_int_equal(memmap_add(&machine.memory, (struct range){ 32 * GiB, 33 * GiB + 65536 },
				    MEMORY_RAM),
			 0);
	assert_int_equal(make(&req, &plan), 0);
	assert_false(plan.may_be_in_place);
	assert_non_null(strstr(plan.rung_reason, "32 GiB"));
	plan_done(&plan);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_places),   TEST(test_text_offset),  TEST(test_window),
		TEST(test_tree),     TEST(test_given_tree),   TEST(test_purgatory),
		TEST(test_refused),  TEST(test_crash),	      TEST(test_entry_and_rung),
		TEST(test_in_place), TEST(test_not_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
