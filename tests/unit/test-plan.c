// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans for bzImages. Expected values are rules of Documentation/arch/x86/{boot,zero-page}.rst and of
 * kexec_load(2), looked up again here from the plan's bytes (plan-check.h). */
#include <errno.h>

#include "tests/unit/plan-machines.h"

static struct fake_kernel kernel;
static struct kx_error err;

static int make(const struct machine *m, const struct plan_request *req, struct plan *plan)
{
	err = (struct kx_error){ 0 };
	*plan = (struct plan){ .entry = 77 };
	int r = plan_make(m, req, plan, &err);

	if (r < 0) { /* untouched, and a sentence */
		assert_int_equal(plan->entry, 77);
		assert_int_equal(err.code, r);
		assert_true(strlen(err.message) > 10);
	} else {
		assert_int_equal(err.code, 0);
	}
	return r;
}

static int setup(void **state)
{
	fake_bzimage(&kernel);
	return 0;
}

/* Whatever the size of the initrd and wherever memory is. */
static void test_initrds(void **state)
{
	static const size_t sizes[] = { 0, 1, 3, 4095, 4096, 4097, 12288, 100001 };
	static uint8_t initrd[100001];
	struct machine machines[] = { MACHINE(pc_1g), MACHINE(pc_6g) };

	for (size_t i = 0; i < sizeof(initrd); i++)
		initrd[i] = (uint8_t)(i * 5 + (i >> 7));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(machines); k++) {
			struct plan_request req = { .image = &kernel.image,
						    .initrd = { initrd, sizes[i] },
						    .cmdline = "root=/dev/vda1 ro" };
			const struct segment *s;
			struct plan plan;

			assert_int_equal(make(&machines[k], &req, &plan), 0);
			check_linux(&machines[k], &req, &plan);
			assert_int_equal(plan.n_segments, sizes[i] ? 4 : 3);
			s = segment_named(&plan, "kernel");
			assert_int_equal(s->dest.start % 0x200000, 0);
			assert_true(s->dest.start >= 0x1000000);
			assert_true(s->dest.end - s->dest.start >= 0x378000);
			assert_true(plan.kernel_entry == s->dest.start + 0x200);
			assert_int_equal(plan.n_warnings, 0);
			assert_string_equal(plan.cmdline, req.cmdline);
			plan_done(&plan);
		}
	}
	for (size_t k = 0; k < ARRAY_SIZE(machines); k++)
		machine_done(&machines[k]);
}

/* boot.rst: cmdline_size is "the maximum size of the command line without the terminating zero". */
static void test_cmdline_limit(void **state)
{
	struct machine m = MACHINE(pc_1g);
	char line[2100];
	struct plan plan;

	for (size_t n = 0; n < 2050; n += n < 2040 ? 2040 : 1) {
		struct plan_request req = { .image = &kernel.image, .cmdline = line };

		memset(line, 'x', sizeof(line));
		line[n] = '\0';
		if (n <= 2047) {
			assert_int_equal(make(&m, &req, &plan), 0);
			check_linux(&m, &req, &plan);
			plan_done(&plan);
			continue;
		}
		assert_int_equal(make(&m, &req, &plan), -ENAMETOOLONG);
		assert_non_null(strstr(err.message, n == 2048 ? "2048" : "2049"));
		assert_non_null(strstr(err.message, "2047"));
	}
	machine_done(&m);
}

/* 127, 128, 129 and many ranges: what does not fit the table hangs on the list. */
static void test_many_ranges(void **state)
{
	static const size_t counts[] = { 1, 127, 128, 129, 300, 5000 };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct plan_request req = { .image = &kernel.image, .cmdline = "" };
		struct machine m = MACHINE(pc_1g);
		struct plan plan;
		uint64_t n, bp;

		m.memory.n = 0;
		assert_int_equal(memmap_add(&m.memory, (struct range){ MiB, GiB }, MEMORY_RAM), 0);
		for (size_t k = 1; k < counts[i]; k++) {
			struct range r = { GiB + k * 8192, GiB + k * 8192 + 4096 };

			assert_int_equal(
				memmap_add(&m.memory, r, k & 1 ? MEMORY_RESERVED : MEMORY_ACPI), 0);
		}
		assert_int_equal(make(&m, &req, &plan), 0);
		bp = check_linux(&m, &req, &plan);
		(void)setup_data(&plan, bp, 1, &n);
		assert_int_equal(n, counts[i] > 128 ? (counts[i] - 128) * 20 : 0);
		plan_done(&plan);

		kernel.image.x86_64.bzimage.version =
			0x208; /* from before the list: said, not silent */
		put(kernel.header + 0x206 - 0x1f1, 0x208, 2);
		kernel.image.inner = IMAGE_BZIMAGE;
		assert_int_equal(make(&m, &req, &plan), 0);
		assert_int_equal(plan.n_warnings, counts[i] > 128);
		plan_done(&plan);
		fake_bzimage(&kernel);
		machine_done(&m);
	}
}

/* Types: what may be declared, as what, and what never is a target. */
static void test_types(void **state)
{
	static const struct memory_row rows[] = {
		{ 0x1000, 0x9f000, MEMORY_RAM },
		{ MiB, 64 * MiB, MEMORY_RAM },
		{ 64 * MiB, 65 * MiB, MEMORY_ACPI },
		{ 65 * MiB, 66 * MiB, MEMORY_NVS },
		{ 66 * MiB, 67 * MiB, MEMORY_UNUSABLE },
		{ GiB, 2 * GiB, MEMORY_PMEM },
		{ 2 * GiB, 3 * GiB, MEMORY_PRAM },
		{ 3 * GiB, 4 * GiB, MEMORY_SOFT_RESERVED },
		{ 4 * GiB, 8 * GiB, MEMORY_DRIVER_MANAGED },
	};
	struct machine m = MACHINE(rows);
	struct plan_request req = { .image = &kernel.image, .cmdline = "x" };
	struct plan plan;
	uint64_t bp;

	assert_int_equal(make(&m, &req, &plan), 0);
	bp = check_linux(&m, &req, &plan);
	assert_int_equal(le_at(&plan, bp + 0x1e8, 1), 8); /* all but the last */
	/* zero-page.rst: KiB above 1 MiB, 63 MiB here */
	assert_int_equal(le_at(&plan, bp + 0x1e0, 4), 63 * 1024);
	assert_int_equal(le_at(&plan, bp + 0x002, 2), 0xfc00);
	for (size_t i = 0; i < plan.n_segments; i++)
		assert_true(plan.segments[i].dest.end <= 64 * MiB);
	plan_done(&plan);

	/* all that is left of RAM is kept off, but for a stretch without room for the kernel */
	assert_int_equal(ranges_add(&m.keep_off, (struct range){ 3 * MiB, 64 * MiB }), 0);
	assert_int_equal(make(&m, &req, &plan), -ENOSPC);
	assert_non_null(strstr(err.message, "kernel"));
	machine_done(&m);
}

/* The kernel fits in none of many small pieces, or only in the lowest. */
static void test_fragments(void **state)
{
	struct machine m = { .planner = &planner_x86_64 };
	struct plan_request req = { .image = &kernel.image, .cmdline = "x" };
	struct plan plan;

	for (uint64_t i = 1; i < 100; i++) /* RAM of 3.9 MiB each: one aligned 2 MiB at most */
		assert_int_equal(memmap_add(&m.memory,
					    (struct range){ (16 + 4 * i) * MiB,
							    (16 + 4 * i) * MiB + 0x370000 },
					    MEMORY_RAM),
				 0);
	assert_int_equal(make(&m, &req, &plan), -ENOSPC);

	m.memory.v[3].range.end = m.memory.v[3].range.start + 0x378000;
	assert_int_equal(make(&m, &req, &plan), 0);
	check_linux(&m, &req, &plan);
	assert_true(segment_named(&plan, "kernel")->dest.start == m.memory.v[3].range.start);
	plan_done(&plan);
	machine_done(&m);
}

/* kexec_load refuses what is over half of RAM with a bare EINVAL. */
static void test_half_of_ram(void **state)
{
	struct memory_row rows[] = { { 16 * MiB, 32 * MiB, MEMORY_RAM } };
	struct machine m = MACHINE(rows);
	struct plan_request req = { .image = &kernel.image, .cmdline = "x" };
	struct plan plan;

	/* 4 pages for boot_params and purgatory */
	kernel.image.x86_64.bzimage.init_size = 8 * MiB - 4 * 4096;
	assert_int_equal(make(&m, &req, &plan), 0);
	check_linux(&m, &req, &plan);
	plan_done(&plan);
	kernel.image.x86_64.bzimage.init_size++;
	assert_int_equal(make(&m, &req, &plan), -ENOSPC);
	assert_non_null(strstr(err.message, "half of RAM"));
	machine_done(&m);
}

/* The kernel takes all of high RAM: nothing else may go below 1 MiB instead. */
static void test_low_memory(void **state)
{
	static const struct memory_row rows[] = {
		{ 0x1000, 0x9f000, MEMORY_RAM },
		{ 16 * MiB, 16 * MiB + 0x378000, MEMORY_RAM },
		{ GiB, 2 * GiB, MEMORY_RAM },
	};
	struct machine m = MACHINE(rows);
	struct plan_request req = { .image = &kernel.image, .cmdline = "x" };
	struct plan plan;

	assert_int_equal(ranges_add(&m.keep_off, (struct range){ GiB, 2 * GiB }), 0);

	assert_int_equal(make(&m, &req, &plan), -ENOSPC);
	assert_non_null(strstr(err.message, "boot_params"));
	m.memory.v[1].range.end += 16384; /* and this is enough for all */
	assert_int_equal(make(&m, &req, &plan), 0);
	check_linux(&m, &req, &plan);
	plan_done(&plan);
	machine_done(&m);
}

static void test_bounds(void **state)
{
	static const struct {
		struct range bounds;
		int r;
	} cases[] = {
		{ { 0, 0 }, 0 },
		{ { 0, UINT64_MAX }, 0 },
		{ { 0x20000000, 0x30000000 }, 0 },
		{ { 0, 0x1800000 }, 0 },
		{ { 0, 0x1000000 }, -ENOSPC }, /* below pref_address */
		{ { 0x3ff00000, 0 }, -ENOSPC },
		{ { 5, 5 }, -EINVAL },
		{ { 0x30000000, 0x20000000 }, -EINVAL },
	};
	struct machine m = MACHINE(pc_1g);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_request req = { .image = &kernel.image,
					    .cmdline = "x",
					    .bounds = cases[i].bounds };
		struct plan plan;

		assert_int_equal(make(&m, &req, &plan), cases[i].r);
		if (cases[i].r)
			continue;
		check_linux(&m, &req, &plan);
		plan_done(&plan);
	}
	machine_done(&m);
}

/* boot.rst, 32-bit protocol: entry at the start, all below initrd_addr_max. */
static void test_32bit_entry(void **state)
{
	struct machine m = MACHINE(pc_6g);
	uint8_t initrd[10] = { 1 };
	struct plan_request req = { .image = &kernel.image,
				    .cmdline = "x",
				    .initrd = { initrd, sizeof(initrd) },
				    .flags = KX_REQ_ENTRY_32BIT };
	struct purgatory_args args;
	struct plan plan;

	for (int i = 0; i < 2; i++) {
		kernel.image.x86_64.bzimage.initrd_addr_max = i ? 0x37ffffff : 0x7fffffff;
		if (i) { /* one that has nothing else */
			req.flags = 0;
			kernel.image.inner = IMAGE_BZIMAGE;
			kernel.image.x86_64.bzimage.xloadflags = 0;
			kernel.image.x86_64.bzimage.version = 0x20a;
		}
		assert_int_equal(make(&m, &req, &plan), 0);
		check_linux(&m, &req, &plan);
		args = check_purgatory(&plan, &req);
		assert_int_equal(args.entry_mode, PURGATORY_ENTER_32BIT);
		assert_true(args.entry == segment_named(&plan, "kernel")->dest.start);
		for (size_t k = 0; k < plan.n_segments; k++)
			if (strcmp(plan.segments[k].name, "purgatory"))
				assert_true(plan.segments[k].dest.end <=
					    (uint64_t)kernel.image.x86_64.bzimage.initrd_addr_max +
						    1);
		plan_done(&plan);
	}
	machine_done(&m);
}

/* Protocol 2.05 and 2.08: no init_size, no setup_data, no limit of its own for the line. */
static void test_old_kernel(void **state)
{
	struct machine m = MACHINE(pc_1g);
	struct plan_request req = { .image = &kernel.image, .cmdline = "x" };
	struct bzimage *bz = &kernel.image.x86_64.bzimage;
	char line[257];
	struct plan plan;

	kernel.image.inner = IMAGE_BZIMAGE;
	bz->version = 0x205;
	put(kernel.header + 0x206 - 0x1f1, 0x205, 2);
	bz->relocatable = false;
	bz->init_size = 0;
	bz->pref_address = 0;
	bz->cmdline_size = 0;
	bz->initrd_addr_max = 0x37ffffff;
	assert_int_equal(make(&m, &req, &plan), 0);
	check_linux(&m, &req, &plan);
	assert_true(segment_named(&plan, "kernel")->dest.start == MiB); /* where it was linked */
	plan_done(&plan);

	memset(line, 'x', sizeof(line));
	line[256] = '\0';
	req.cmdline = line;
	assert_int_equal(make(&m, &req, &plan), -ENAMETOOLONG);
	line[255] = '\0';
	assert_int_equal(make(&m, &req, &plan), 0);
	plan_done(&plan);

	m.memory.v[3].range.start = MiB + 4096; /* now the place is taken */
	assert_int_equal(make(&m, &req, &plan), -EADDRNOTAVAIL);
	machine_done(&m);
}

/* An architecture whose machines are read, but whose segments cannot be placed yet. */
static void nothing_to_release(struct machine *machine)
{
	(void)machine;
}

static const struct bytes no_purgatory;
static const struct arch_planner no_planner = { .arch = ARCH_AARCH64,
						.purgatory = &no_purgatory,
						.machine_done = nothing_to_release };

static void test_refusals(void **state)
{
	struct machine m = MACHINE(pc_1g);
	struct plan_request req = { .image = &kernel.image, .cmdline = "x" };
	static const uint64_t flags[] = { KX_REQ_REAL_MODE, KX_REQ_PRESERVE_CONTEXT };
	struct plan plan;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		req.flags = flags[i];
		assert_int_equal(make(&m, &req, &plan), -EOPNOTSUPP);
	}
	req.flags = 0;
	m.planner = &no_planner;
	assert_int_equal(make(&m, &req, &plan), -EOPNOTSUPP);
	m.planner = &planner_x86_64;

	m.x86_64.la57 = true; /* the kernel says it can: bit 5 */
	assert_int_equal(make(&m, &req, &plan), 0);
	plan_done(&plan);
	kernel.image.x86_64.bzimage.xloadflags = 0x1f;
	assert_int_equal(make(&m, &req, &plan), -EOPNOTSUPP);
	assert_non_null(strstr(err.message, "no5lvl"));
	req.flags = KX_REQ_ENTRY_32BIT; /* turns paging off first */
	assert_int_equal(make(&m, &req, &plan), 0);
	plan_done(&plan);

	kernel.image.x86_64.bzimage.kernel_alignment = 3;
	assert_int_equal(make(&m, &req, &plan), -EBADMSG);
	kernel.image.x86_64.bzimage.kernel_alignment = 0;
	assert_int_equal(make(&m, &req, &plan), -EBADMSG);
	kernel.image.inner = IMAGE_NBI;
	assert_int_equal(make(&m, &req, &plan), -EOPNOTSUPP);
	machine_done(&m);
}

/* Options that end up in the purgatory's arguments. */
static void test_purgatory_options(void **state)
{
	struct machine m = MACHINE(pc_1g);
	struct plan_request req = { .image = &kernel.image, .cmdline = "x" };
	struct purgatory_args args;
	struct plan plan;

	assert_int_equal(make(&m, &req, &plan), 0);
	args = check_purgatory(&plan, &req);
	assert_int_equal(args.flags, PURGATORY_CHECK | PURGATORY_CRC32C_INSN);
	assert_int_equal(args.entry_mode, PURGATORY_ENTER_64BIT);
	plan_done(&plan);

	m.has_crc32 = false;
	req.flags = KX_REQ_NO_DIGEST | KX_REQ_CONSOLE_SERIAL | KX_REQ_CONSOLE_VGA |
		    KX_REQ_RESET_VGA | KX_REQ_HAS_ENTRY;
	req.entry = 0x1234567;
	req.serial_divisor = 12;
	req.serial_port = 0x2f8;
	assert_int_equal(make(&m, &req, &plan), 0);
	args = check_purgatory(&plan, &req);
	assert_int_equal(args.flags, PURGATORY_SERIAL | PURGATORY_SERIAL_BAUD | PURGATORY_SCREEN |
					     PURGATORY_RESET_SCREEN);
	assert_int_equal(args.serial_port, 0x2f8);
	assert_int_equal(args.serial_divisor, 12);
	assert_int_equal(args.entry, 0x1234567);
	plan_done(&plan);

	req.flags = KX_REQ_CONSOLE_SERIAL;
	req.serial_port = req.serial_divisor = 0;
	assert_int_equal(make(&m, &req, &plan), 0);
	args = check_purgatory(&plan, &req);
	assert_int_equal(args.flags, PURGATORY_CHECK | PURGATORY_SERIAL);
	assert_int_equal(args.serial_port, 0x3f8);
	plan_done(&plan);
	machine_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_initrds, setup),
		cmocka_unit_test_setup(test_cmdline_limit, setup),
		cmocka_unit_test_setup(test_many_ranges, setup),
		cmocka_unit_test_setup(test_types, setup),
		cmocka_unit_test_setup(test_fragments, setup),
		cmocka_unit_test_setup(test_half_of_ram, setup),
		cmocka_unit_test_setup(test_low_memory, setup),
		cmocka_unit_test_setup(test_bounds, setup),
		cmocka_unit_test_setup(test_32bit_entry, setup),
		cmocka_unit_test_setup(test_old_kernel, setup),
		cmocka_unit_test_setup(test_refusals, setup),
		cmocka_unit_test_setup(test_purgatory_options, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
