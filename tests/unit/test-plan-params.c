// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a Linux kernel is told besides memory, command line and initrd. Offsets are those of
 * Documentation/arch/x86/zero-page.rst, arch/x86/include/uapi/asm/{bootparam,setup_data}.h and
 * include/uapi/linux/screen_info.h. */
#include <errno.h>

#include "tests/unit/plan-machines.h"

static struct fake_kernel kernel;
static uint8_t running[4096]; /* boot_params of the running kernel */
static struct machine m;
static struct plan_request req;
static struct plan plan;
static uint64_t bp;

static struct efi_descriptor runtime_map[] = {
	{ 5, 0x3e000000, 0xfffffffeffa00000, 16, 0x800000000000000f },
	{ 6, 0x3e100000, 0xfffffffeff800000, 0x1234567890, 0x8000000000000001 },
	{ 11, 0xffc00000, 0xfffffffeff400000, 0x400, 0x8000000000000001 },
};

static int setup(void **state)
{
	fake_bzimage(&kernel);
	m = MACHINE(pc_1g);
	m.x86_64.boot_params = running;
	m.x86_64.acpi_rsdp = 0x3ffee014;
	req = (struct plan_request){ .image = &kernel.image, .cmdline = "x" };
	for (size_t i = 0; i < sizeof(running); i++)
		running[i] = (uint8_t)(i * 7 + 1); /* whatever is copied can be told apart */
	running[0x1e9] = 2;
	running[0x1ea] = 3;
	running[0x1ec] = 3;
	memcpy(running + 0x1c0, "EL64", 4);
	put(running + 0x1c4, 0x3f000018, 4);
	put(running + 0x1c8, 48, 4);
	put(running + 0x1cc, 1, 4);
	put(running + 0x1d0, 0, 8);
	put(running + 0x1d8, 0x2, 4);
	put(running + 0x1dc, 0, 4);
	return 0;
}

static int teardown(void **state)
{
	m.x86_64.boot_params = NULL;
	m.x86_64.efi.runtime_map = NULL;
	machine_done(&m);
	return 0;
}

static void make(void)
{
	assert_int_equal(plan_make(&m, &req, &plan, NULL), 0);
	bp = check_linux(&m, &req, &plan);
}

static void assert_copied(size_t off, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(le_at(&plan, bp + off + i, 1), running[off + i]);
}

static void assert_zero(size_t off, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(le_at(&plan, bp + off + i, 1), 0);
}

/* Nothing but the header comes from the kernel file, and nothing unasked from the running kernel. */
static void test_zero_page(void **state)
{
	make();
	/* header bytes that the loader does not own */
	assert_int_equal(le_at(&plan, bp + 0x1f1, 1), 0xcc);
	assert_int_equal(le_at(&plan, bp + 0x26b, 1), 0xcc);
	assert_zero(0x26c, 0x290 - 0x26c);
	assert_zero(0x040, 0x30); /* APM, … */
	assert_zero(0x078, 0x48); /* hd0_info, hd1_info, sys_desc_table, … */
	assert_zero(0x0cc, 0x74);
	assert_zero(0x1ed, 4);
	assert_zero(0xd00 + 2 * 82, 4 * 82 + 0x1000 - 0xeec);
	assert_int_equal(le_at(&plan, bp + 0x070, 8), 0x3ffee014);
	plan_done(&plan);
}

/* Disks: both counts with their tables; secure boot state and platform type. */
static void test_copied(void **state)
{
	make();
	assert_int_equal(le_at(&plan, bp + 0x1e9, 1), 2);
	assert_copied(0xd00, 2 * 82);
	assert_int_equal(le_at(&plan, bp + 0x1ea, 1), 3);
	assert_copied(0x290, 3 * 4);
	assert_zero(0x290 + 12, 13 * 4);
	assert_int_equal(le_at(&plan, bp + 0x1ec, 1), 3);
	assert_copied(0x23c, 12);
	plan_done(&plan);

	running[0x1e9] = 200; /* counts that no table can have */
	running[0x1ea] = 200;
	make();
	assert_int_equal(le_at(&plan, bp + 0x1e9, 1), 6);
	assert_int_equal(le_at(&plan, bp + 0x1ea, 1), 16);
	plan_done(&plan);

	m.x86_64.boot_params = NULL;
	m.x86_64.acpi_rsdp = 0;
	make();
	assert_zero(4, 0x1e0 - 4); /* memory sizes are before and behind */
	assert_zero(0x1e9, 6);
	plan_done(&plan);
}

/* The running kernel knows where the RSDP is even where sysfs does not say. */
static void test_rsdp(void **state)
{
	m.x86_64.acpi_rsdp = 0;
	put(running + 0x70, 0xf5ad0, 8);
	make();
	assert_int_equal(le_at(&plan, bp + 0x070, 8), 0xf5ad0);
	plan_done(&plan);
}

static void test_screen(void **state)
{
	static const struct {
		bool drm;
		const char *fb;
		uint64_t flags;
		enum { ZERO, COPIED, TEXT } want;
	} cases[] = {
		{ false, "", 0, COPIED },
		{ false, "EFI VGA", 0, COPIED },
		{ false, "VESA VGA", 0, COPIED },
		{ true, "i915drmfb", 0, ZERO },
		{ true, "simpledrmdrmfb", 0, COPIED },
		{ true, "i915drmfb", KX_REQ_REUSE_VIDEO, COPIED },
		{ true, "i915drmfb", KX_REQ_RESET_VGA, TEXT },
		{ false, "", KX_REQ_RESET_VGA, TEXT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		m.x86_64.drm_console = cases[i].drm;
		(void)snprintf(m.x86_64.fb_id, sizeof(m.x86_64.fb_id), "%s", cases[i].fb);
		req.flags = cases[i].flags;
		make();
		/* ext_mem_k at 2 is memory, not screen: RAM above 1 MiB, in KiB, capped */
		assert_int_equal(le_at(&plan, bp + 2, 2), 0xfc00);
		assert_int_equal(le_at(&plan, bp + 0x1e0, 4), 0x3ffe0000 / 1024 - 1024);
		if (cases[i].want == COPIED) {
			assert_copied(0, 2);
			assert_copied(4, 0x3c);
			assert_copied(0x140, 128);
		} else {
			assert_zero(0x12, 0x40 - 0x12);
			assert_zero(0x140, 128);
		}
		if (cases[i].want == ZERO)
			assert_zero(4, 0x3c);
		if (cases[i].want == TEXT) {
			assert_int_equal(le_at(&plan, bp + 0x06, 1), 3);  /* mode */
			assert_int_equal(le_at(&plan, bp + 0x07, 1), 80); /* columns */
			assert_int_equal(le_at(&plan, bp + 0x0e, 1), 25); /* rows */
			assert_int_equal(le_at(&plan, bp + 0x0f, 1), 1);  /* VIDEO_TYPE_VGAC */
			assert_int_equal(le_at(&plan, bp + 0x10, 2), 16); /* points */
		}
		plan_done(&plan);
	}
}

static void efi_machine(void)
{
	m.x86_64.efi = (struct efi_facts){
		.booted = true,
		.runtime_map = runtime_map,
		.n_runtime_map = ARRAY_SIZE(runtime_map),
		.fw_vendor = 0x3f111111,
		.runtime = 0x3f222222,
		.config_table = 0x3f333333,
		.smbios = 0x3f444444,
	};
}

static void test_efi(void **state)
{
	uint64_t n, data, map;

	efi_machine();
	make();
	assert_int_equal(plan.n_warnings, 0);
	assert_int_equal(le_at(&plan, bp + 0x1c0, 4), 0x34364c45); /* EL64 */
	assert_int_equal(le_at(&plan, bp + 0x1c4, 4), 0x3f000018); /* system table */
	assert_int_equal(le_at(&plan, bp + 0x1d8, 4), 2);
	assert_int_equal(le_at(&plan, bp + 0x1c8, 4), 40); /* descriptor size and version */
	assert_int_equal(le_at(&plan, bp + 0x1cc, 4), 1);
	assert_int_equal(le_at(&plan, bp + 0x1d4, 4), 120);
	map = le_at(&plan, bp + 0x1d0, 4) | le_at(&plan, bp + 0x1dc, 4) << 32;
	for (size_t i = 0; i < ARRAY_SIZE(runtime_map); i++, map += 40) {
		assert_int_equal(le_at(&plan, map, 4), runtime_map[i].type);
		assert_true(le_at(&plan, map + 8, 8) == runtime_map[i].phys);
		assert_true(le_at(&plan, map + 16, 8) == runtime_map[i].virt);
		assert_true(le_at(&plan, map + 24, 8) == runtime_map[i].n_pages);
		assert_true(le_at(&plan, map + 32, 8) == runtime_map[i].attribute);
	}
	data = setup_data(&plan, bp, 4, &n);
	assert_int_equal(n, 96);
	assert_int_equal(le_at(&plan, data, 8), 0x3f111111);
	assert_int_equal(le_at(&plan, data + 16, 8), 0x3f333333);
	assert_int_equal(le_at(&plan, data + 24, 8), 0x3f444444);
	for (size_t i = 32; i < 96; i += 8)
		assert_int_equal(le_at(&plan, data + i, 8), 0);
	plan_done(&plan);

	m.x86_64.efi.smbios = 0; /* firmware with SMBIOS 3 only */
	make();
	assert_int_equal(plan.n_warnings, 0);
	plan_done(&plan);
}

/* All parts or none: what is missing is said, and the rest stays away too; the RSDP stays. */
static void test_efi_missing(void **state)
{
	for (int i = 0; i < 10; i++) {
		teardown(state);
		setup(state);
		efi_machine();
		switch (i) {
		case 0:
			m.x86_64.efi.missing = "because of the test";
			break;
		case 1:
			m.x86_64.efi.n_runtime_map = 0;
			break;
		case 2:
			m.x86_64.efi.fw_vendor = 0;
			break;
		case 3:
			m.x86_64.efi.config_table = 0;
			break;
		case 4:
			memcpy(running + 0x1c0, "EL32", 4);
			break;
		case 5:
			put(running + 0x1cc, 2, 4);
			break;
		case 6:
			put(running + 0x1c4, 0, 4);
			put(running + 0x1d8, 0, 4);
			break;
		case 7:
			kernel.image.x86_64.bzimage.xloadflags &= (uint16_t)~0x10;
			break;
		case 8: /* not asked for: no warning */
			req.flags = KX_REQ_NO_EFI;
			break;
		case 9: /* a BIOS machine */
			m.x86_64.efi.booted = false;
			break;
		}
		make();
		assert_int_equal(plan.n_warnings, i < 8);
		if (i < 8)
			assert_non_null(strstr(plan.warnings[0], "EFI"));
		if (i == 0)
			assert_non_null(strstr(plan.warnings[0], "because of the test"));
		assert_zero(0x1c0, 32);
		uint64_t n;

		assert_true(!setup_data(&plan, bp, 4, &n));
		assert_int_equal(le_at(&plan, bp + 0x070, 8), 0x3ffee014);
		plan_done(&plan);
	}
}

static void test_nodes(void **state)
{
	static const uint8_t dtb[1001] = { 0xd0, 0x0d, 0xfe, 0xed, 5, 6, 7 };
	uint64_t n, data;

	make();
	assert_true(!setup_data(&plan, bp, 9, &n) && !setup_data(&plan, bp, 2, &n));
	plan_done(&plan);

	for (uint8_t i = 0; i < 32; i++)
		m.rng_seed[i] = i ^ 0x55;
	m.n_rng_seed = 32;
	req.dtb = (struct bytes){ dtb, sizeof(dtb) };
	efi_machine();
	for (uint64_t i = 0; i < 200; i++) /* and a long memory map */
		assert_int_equal(
			memmap_add(&m.memory,
				   (struct range){ 4 * GiB + i * MiB, 4 * GiB + i * MiB + 4096 },
				   MEMORY_RESERVED),
			0);
	make();
	data = setup_data(&plan, bp, 9, &n);
	assert_int_equal(n, 32);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(byte_at(&plan, data + i), m.rng_seed[i]);
	data = setup_data(&plan, bp, 2, &n);
	assert_int_equal(n, sizeof(dtb));
	for (size_t i = 0; i < sizeof(dtb); i++)
		assert_int_equal(byte_at(&plan, data + i), dtb[i]);
	assert_true(setup_data(&plan, bp, 4, &n) && setup_data(&plan, bp, 1, &n));
	assert_int_equal(plan.n_segments, 3); /* all in one */
	plan_done(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_zero_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rsdp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_efi, setup, teardown),
		cmocka_unit_test_setup_teardown(test_efi_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nodes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
