// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans for crash kernels. What has to hold is looked up again in the plan's bytes: the ELF header by the
 * System V ABI and kernel/crash_core.c (crash_prepare_elf64_headers), the memory map by
 * arch/x86/kernel/crash.c (crash_setup_memmap_entries), places by kernel/kexec_core.c. */
#include <elf.h>
#include <errno.h>

#include "tests/unit/plan-machines.h"

static struct fake_kernel kernel;
static struct kx_error err;

#define LOW                            \
	{                              \
		0x60000000, 0x70000000 \
	}
#define HIGH                             \
	{                                \
		0x180000000, 0x190000000 \
	}
#define KERNEL_AT 0x3000000
#define KERNEL_SIZE 0x2400000
#define KERNEL_VIRTUAL 0xffffffff9a000000
#define DIRECT_MAP 0xffff9c8000000000

/* A PC with 6 GiB, two processors and these reservations. */
static struct machine crash_machine(const struct range *reserved, size_t n)
{
	struct machine m = MACHINE(pc_6g);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(ranges_add(&m.crash, reserved[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pc_6g); i++)
		if (pc_6g[i].type == MEMORY_RAM)
			assert_int_equal(ranges_add(&m.dump.ram,
						    (struct range){ pc_6g[i].start, pc_6g[i].end }),
					 0);
	for (uint64_t i = 0; i < 2; i++)
		assert_int_equal(
			ranges_add(&m.dump.notes, (struct range){ 0x7f000000 + i * 0x10000,
								  0x7f000170 + i * 0x10000 }),
			0);
	m.dump.vmcoreinfo = (struct range){ 0x1003a6000, 0x1003a7024 };
	m.dump.kernel = (struct range){ KERNEL_AT, KERNEL_AT + KERNEL_SIZE };
	m.dump.kernel_virtual = KERNEL_VIRTUAL;
	m.dump.direct_map = DIRECT_MAP;
	return m;
}

static int setup(void **state)
{
	fake_bzimage(&kernel);
	return 0;
}

static int make(const struct machine *m, const struct plan_request *req, struct plan *plan)
{
	err = (struct kx_error){ 0 };
	return plan_make(m, req, plan, &err);
}

static void check_part(const struct plan *plan, uint64_t header, size_t i, const Elf64_Phdr *want)
{
	const uint64_t at = header + 64 + i * 56;

	assert_int_equal(le_at(plan, at, 4), want->p_type);
	assert_true(le_at(plan, at + 8, 8) == want->p_paddr); /* p_offset */
	assert_true(le_at(plan, at + 16, 8) == want->p_vaddr);
	assert_true(le_at(plan, at + 24, 8) == want->p_paddr);
	assert_true(le_at(plan, at + 32, 8) == want->p_memsz); /* p_filesz */
	assert_true(le_at(plan, at + 40, 8) == want->p_memsz);
}

static void check_header(const struct plan *plan, uint64_t at, const struct range *ram, size_t n)
{
	const Elf64_Phdr first[] = {
		{ .p_type = 4, .p_paddr = 0x7f000000, .p_memsz = 0x170 },
		{ .p_type = 4, .p_paddr = 0x7f010000, .p_memsz = 0x170 },
		{ .p_type = 4, .p_paddr = 0x1003a6000, .p_memsz = 0x1024 },
		{ .p_type = 1,
		  .p_paddr = KERNEL_AT,
		  .p_vaddr = KERNEL_VIRTUAL,
		  .p_memsz = KERNEL_SIZE },
	};

	assert_int_equal(le_at(plan, at, 4), 0x464c457f);
	assert_int_equal(le_at(plan, at + 4, 1), 2);   /* ELFCLASS64 */
	assert_int_equal(le_at(plan, at + 16, 2), 4);  /* ET_CORE */
	assert_int_equal(le_at(plan, at + 18, 2), 62); /* EM_X86_64 */
	assert_int_equal(le_at(plan, at + 32, 8), 64); /* e_phoff */
	assert_int_equal(le_at(plan, at + 54, 2), 56); /* e_phentsize */
	assert_int_equal(le_at(plan, at + 56, 2), 4 + n);
	for (size_t i = 0; i < 4; i++)
		check_part(plan, at, i, &first[i]);
	for (size_t i = 0; i < n; i++)
		check_part(plan, at, 4 + i,
			   &(Elf64_Phdr){ .p_type = 1,
					  .p_paddr = ram[i].start,
					  .p_vaddr = DIRECT_MAP + ram[i].start,
					  .p_memsz = ram[i].end - ram[i].start });
}

/* RAM in the map handed over: the first MiB, and the reservations without the header. */
static uint64_t ram_told(const struct plan *plan, uint64_t bp, struct range header)
{
	uint64_t total = 0;

	for (uint64_t i = 0; i < le_at(plan, bp + 0x1e8, 1); i++) {
		const uint64_t at = bp + 0x2d0 + 20 * i;
		const struct range r = { le_at(plan, at, 8),
					 le_at(plan, at, 8) + le_at(plan, at + 8, 8) };

		if (le_at(plan, at + 16, 4) != 1)
			continue;
		assert_false(range_overlaps(r, header));
		total += r.end - r.start;
	}
	return total;
}

static void check_plan(const struct machine *m, const struct plan *plan, struct range region,
		       uint64_t reserved, const struct range *ram, size_t n_ram)
{
	const struct segment *header = segment_named(plan, "elfcorehdr");
	const uint64_t bp = segment_named(plan, "boot_params")->dest.start;
	char word[64];

	for (size_t i = 0; i < plan->n_segments; i++)
		assert_true(range_contains(region, plan->segments[i].dest));
	assert_true(plan->entry >= region.start && plan->entry < region.end);
	check_header(plan, header->dest.start, ram, n_ram);
	assert_true(ram_told(plan, bp, header->dest) ==
		    0x9fc00 - 0x1000 + reserved - range_size(header->dest));
	(void)snprintf(word, sizeof(word), "quiet elfcorehdr=%lluK",
		       (unsigned long long)header->dest.start / 1024);
	assert_string_equal(plan->cmdline, word);
	for (size_t i = 0; i <= strlen(word); i++)
		assert_int_equal(
			byte_at(plan,
				(le_at(plan, bp + 0x228, 4) | le_at(plan, bp + 0xc8, 4) << 32) + i),
			(uint8_t)word[i]);
	assert_int_equal(plan->n_warnings, 0);
	assert_int_equal(m->crash.n > 0, true);
}

static void test_one_reservation(void **state)
{
	static const struct range low[] = { LOW };
	static const struct range ram[] = { { 0x100000, 0x60000000 },
					    { 0x70000000, 0x7ffe0000 },
					    { 0x100000000, 0x200000000 } };
	static const uint8_t initrd[10000] = { 1 };
	struct machine m = crash_machine(low, 1);
	struct plan_request req = { .image = &kernel.image,
				    .initrd = { initrd, sizeof(initrd) },
				    .cmdline = "quiet",
				    .flags = KX_REQ_ON_CRASH };
	struct plan plan;

	assert_int_equal(make(&m, &req, &plan), 0);
	check_plan(&m, &plan, low[0], 0x10000000, ram, ARRAY_SIZE(ram));
	(void)check_purgatory(&plan, &req);
	assert_true(segment_named(&plan, "elfcorehdr")->digested);
	plan_done(&plan);
	machine_done(&m);
}

/* With two the kernel accepts the high one only; both are RAM for the crash kernel, and the file
 * order of /proc/iomem does not matter. */
static void test_two_reservations(void **state)
{
	static const struct range both[] = { LOW, HIGH }, swapped[] = { HIGH, LOW };
	static const struct range ram[] = { { 0x100000, 0x60000000 },
					    { 0x70000000, 0x7ffe0000 },
					    { 0x100000000, 0x180000000 },
					    { 0x190000000, 0x200000000 } };
	struct plan_request req = { .image = &kernel.image,
				    .cmdline = "quiet",
				    .flags = KX_REQ_ON_CRASH };

	for (size_t i = 0; i < 2; i++) {
		struct machine m = crash_machine(i ? swapped : both, 2);
		struct plan plan;

		assert_int_equal(make(&m, &req, &plan), 0);
		check_plan(&m, &plan, both[1], 0x20000000, ram, ARRAY_SIZE(ram));
		plan_done(&plan);
		machine_done(&m);
	}
}

/* Areas of crashkernel=,cma are RAM for the crash kernel, no target, and not in the dump. */
static void test_cma(void **state)
{
	static const struct range low[] = { LOW };
	static const struct range ram[] = { { 0x100000, 0x60000000 },
					    { 0x70000000, 0x7ffe0000 },
					    { 0x100000000, 0x1c0000000 },
					    { 0x1d0000000, 0x200000000 } };
	struct machine m = crash_machine(low, 1);
	struct plan_request req = { .image = &kernel.image,
				    .cmdline = "quiet",
				    .flags = KX_REQ_ON_CRASH };
	struct plan plan;

	assert_int_equal(ranges_add(&m.crash_cma, (struct range){ 0x1c0000000, 0x1d0000000 }), 0);
	assert_int_equal(make(&m, &req, &plan), 0);
	check_plan(&m, &plan, low[0], 0x20000000, ram, ARRAY_SIZE(ram));
	plan_done(&plan);
	machine_done(&m);
}

/* The kernel finds the header by its magic, makes it larger, and the digest must not notice. */
static void test_hotplug(void **state)
{
	static const struct range low[] = { LOW };
	struct machine m = crash_machine(low, 1);
	struct plan_request req = { .image = &kernel.image,
				    .cmdline = "quiet",
				    .flags = KX_REQ_ON_CRASH | KX_REQ_HOTPLUG };
	const struct segment *header;
	struct plan plan;

	m.dump.header_size = 917616 + 64; /* Linux 7.2 */
	assert_int_equal(make(&m, &req, &plan), 0);
	header = segment_named(&plan, "elfcorehdr");
	assert_false(header->digested);
	assert_int_equal(range_size(header->dest), 917680 / 4096 * 4096 + 4096);
	(void)check_purgatory(&plan, &req);
	plan_done(&plan);
	machine_done(&m);
}

/* kernel-parameters.txt, memmap=: what the table has, once more in words. */
static void test_words(void **state)
{
	static const struct range low[] = { LOW };
	struct machine m = crash_machine(low, 1);
	struct plan_request req = { .image = &kernel.image,
				    .cmdline = "quiet",
				    .flags = KX_REQ_ON_CRASH | KX_REQ_MEMMAP_CMDLINE };
	struct plan plan;

	assert_int_equal(make(&m, &req, &plan), 0);
	/* 0x1000-0x9fc00, 0x9fc00-0xa0000, 0xf0000-0x100000; the header is at the reservation's end */
	assert_string_equal(plan.cmdline,
			    "quiet memmap=exactmap memmap=635K@4K memmap=1K$639K memmap=64K$960K "
			    "memmap=262140K@1572864K memmap=128K$2097024K elfcorehdr=1835004K");
	plan_done(&plan);
	machine_done(&m);
}

static void test_refusals(void **state)
{
	static const struct range low[] = { LOW }, small[] = { { 0x60000000, 0x60200000 } };
	struct plan_request req = { .image = &kernel.image,
				    .cmdline = "quiet",
				    .flags = KX_REQ_ON_CRASH };
	struct machine m = crash_machine(low, 0);
	char line[2100] = { 0 };
	struct plan plan;

	assert_int_equal(make(&m, &req, &plan), -ENXIO);
	assert_int_equal(err.step, KX_STEP_MACHINE);
	machine_done(&m);

	m = crash_machine(small, 1); /* init_size alone is 3.5 MiB */
	assert_int_equal(make(&m, &req, &plan), -ENOSPC);
	machine_done(&m);

	m = crash_machine(low, 1);
	req.bounds = (struct range){ 0x10000000, 0x20000000 }; /* outside of it */
	assert_int_equal(make(&m, &req, &plan), -ENOSPC);
	req.bounds = (struct range){ 0 };

	/* 2047 characters with the word that is added: " elfcorehdr=1835004K" has 20 */
	req.cmdline = memset(line, 'x', 2027);
	assert_int_equal(make(&m, &req, &plan), 0);
	plan_done(&plan);
	line[2027] = 'x';
	assert_int_equal(make(&m, &req, &plan), -ENAMETOOLONG);
	machine_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_reservation, setup),
		cmocka_unit_test_setup(test_two_reservations, setup),
		cmocka_unit_test_setup(test_cma, setup),
		cmocka_unit_test_setup(test_hotplug, setup),
		cmocka_unit_test_setup(test_words, setup),
		cmocka_unit_test_setup(test_refusals, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
