// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans for ELF and multiboot images. Multiboot specification 0.6.96 and Multiboot2 specification 2.0
 * for the information structures; sections are cited where values are looked up. */
#include <elf.h>
#include <errno.h>

#include "tests/unit/plan-machines.h"

static uint8_t text[5000], data[300];
static struct image image;
static struct machine m;
static struct plan_request req;
static struct plan plan;
static struct kx_error err;

/* Shape of a Debian 7.2 vmlinux (readelf -lW), smaller: text at 16 MiB, data 2 MiB aligned with .bss
 * behind its contents, entry somewhere inside. */
static int setup(void **state)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 11 + (i >> 8));
	memset(data, 0xda, sizeof(data));
	image = (struct image){
		.type = IMAGE_ELF64,
		.inner = IMAGE_ELF64,
		.name = "elf-x86_64",
		.elf = {
			.is_64bit = true,
			.machine = EM_X86_64,
			.type = ET_EXEC,
			.entry = 0x1000c43,
			.is_linux = true,
			.loads = {
				{ { data, sizeof(data) }, 0x1400000, UINT64_C(0xffffffff81400000), 0x123456 },
				{ { text, sizeof(text) }, 0x1000000, UINT64_C(0xffffffff81000000), 5000 },
			},
			.n_loads = 2,
		},
	};
	m = MACHINE(pc_1g);
	req = (struct plan_request){ .image = &image, .cmdline = "console=ttyS0 nokaslr" };
	return 0;
}

static int teardown(void **state)
{
	machine_done(&m);
	return 0;
}

static int make(void)
{
	int r;

	err = (struct kx_error){ 0 };
	plan = (struct plan){ 0 };
	r = plan_make(&m, &req, &plan, &err);
	if (r < 0)
		assert_true(err.code == r && strlen(err.message) > 10);
	return r;
}

/* Every PT_LOAD at p_paddr + shift, zeros up to p_memsz. */
static void check_loads(const struct elf *elf, uint64_t shift)
{
	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct elf_segment *s = &elf->loads[i];

		for (size_t k = 0; k < s->mem_size; k += k < s->data.n + 20 ? 1 : 997)
			assert_int_equal(byte_at(&plan, s->paddr + shift + k),
					 k < s->data.n ? s->data.p[k] : 0);
	}
}

static void test_vmlinux(void **state)
{
	struct purgatory_args args;
	uint64_t bp;

	assert_int_equal(make(), 0);
	bp = check_linux(&m, &req, &plan);
	check_loads(&image.elf, 0);
	args = check_purgatory(&plan, &req);
	assert_int_equal(args.entry, 0x1000c43);
	assert_int_equal(args.entry_mode, PURGATORY_ENTER_64BIT);
	/* the gap between the PT_LOADs is cleared too */
	assert_int_equal(byte_at(&plan, 0x1200000), 0);
	assert_int_equal(le_at(&plan, bp + 0x206, 2), 0x20f);
	assert_int_equal(le_at(&plan, bp + 0x211, 1), 1); /* loaded high, nokaslr */
	assert_int_equal(le_at(&plan, bp + 0x1f2, 2), 1); /* root read-only, as in any bzImage */
	assert_int_equal(plan.n_warnings, 0);
	plan_done(&plan);

	req.cmdline = "mynokaslr=1 nokaslr2"; /* not the word */
	assert_int_equal(make(), 0);
	bp = check_linux(&m, &req, &plan);
	assert_int_equal(le_at(&plan, bp + 0x211, 1), 3); /* KASLR_FLAG */
	assert_int_equal(plan.n_warnings, 1);
	plan_done(&plan);
}

/* Somewhere else by a multiple of 2 MiB when the link address is not free; never lower. */
static void test_vmlinux_moved(void **state)
{
	uint64_t shift;

	m.memory.v[3].range.start = 0x1800000 + 4096;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(make(), 0);
		check_linux(&m, &req, &plan);
		shift = plan.kernel_entry - image.elf.entry;
		assert_true(shift > 0 && shift < GiB && shift % 0x200000 == 0);
		check_loads(&image.elf, shift);
		plan_done(&plan);
		m.memory.v[3].range.start = 0x100000; /* free again, but kept off in the gap */
		assert_int_equal(ranges_add(&m.keep_off, (struct range){ 0x1200000, 0x1201000 }),
				 0);
	}
	req.bounds = (struct range){ 0, 0x1400000 };
	assert_int_equal(make(), -ENOSPC);
}

static void test_vmlinux_refused(void **state)
{
	m.x86_64.la57 = true;
	assert_int_equal(make(), 0);
	assert_int_equal(plan.n_warnings, 1);
	plan_done(&plan);
	req.cmdline = "quiet no5lvl";
	assert_int_equal(make(), -EOPNOTSUPP);
	m.x86_64.la57 = false;
	assert_int_equal(make(), 0);
	plan_done(&plan);

	image.elf.machine = EM_AARCH64;
	assert_int_equal(make(), -EOPNOTSUPP);
}

/* A 32-bit vmlinux: 32-bit boot protocol, cannot be moved. */
static void test_vmlinux_32bit(void **state)
{
	struct purgatory_args args;

	image.inner = IMAGE_ELF32;
	image.elf.is_64bit = false;
	image.elf.machine = EM_386;
	assert_int_equal(make(), 0);
	check_linux(&m, &req, &plan);
	args = check_purgatory(&plan, &req);
	assert_int_equal(args.entry_mode, PURGATORY_ENTER_32BIT);
	for (size_t i = 0; i < plan.n_segments; i++)
		if (strcmp(plan.segments[i].name, "purgatory"))
			assert_true(plan.segments[i].dest.end <= 0x38000000);
	plan_done(&plan);

	m.memory.v[3].range.start = 0x1800000;
	assert_int_equal(make(), -EADDRNOTAVAIL);
}

/* PT_LOADs that begin inside a page, share one, or are empty. */
static void test_pages(void **state)
{
	image.elf = (struct elf){
		.is_64bit = true,
		.machine = EM_X86_64,
		.entry = 0x200123,
		.loads = { { { text, 100 }, 0x200123, 0, 100 },
			   { { text, 200 }, 0x200ff0, 0, 0x1020 },
			   { { data, 7 }, 0x202010, 0, 7 },
			   { { NULL, 0 }, 0x202400, 0, 0x3000 },
			   { { NULL, 0 }, 0x900000, 0, 0 },
			   { { data, 300 }, 0x300000, 0, 300 },
			   { { NULL, 0 }, 0x400000, 0, 0x2000 } },
		.n_loads = 7,
	};
	req.args = KX_ARGS_NONE;
	assert_int_equal(make(), 0);
	check_segments(&m, &req, &plan);
	check_purgatory(&plan, &req);
	check_loads(&image.elf, 0);
	assert_int_equal(plan.n_segments, 4); /* 200000-205400, 300000, 400000, purgatory */
	assert_true(plan.segments[1].digested && !plan.segments[2].digested); /* only zeros */
	assert_true(plan.kernel_entry == 0x200123);
	plan_done(&plan);

	image.elf.loads[5].paddr = 0x202405; /* overlaps another */
	assert_int_equal(make(), -EBADMSG);
	image.elf.loads[5].paddr = UINT64_MAX - 10;
	assert_int_equal(make(), -EBADMSG);
	image.elf.n_loads = 0;
	assert_int_equal(make(), -EBADMSG);
}

/* 17 segments: the sentence lists them. 16 are fine. */
static void test_budget(void **state)
{
	image.elf.n_loads = 15;
	for (size_t i = 0; i < 16; i++)
		image.elf.loads[i] =
			(struct elf_segment){ { data, 300 }, 0x200000 + i * 0x10000, 0, 300 };
	req.args = KX_ARGS_NONE;
	assert_int_equal(make(), 0);
	assert_int_equal(plan.n_segments, 16);
	check_segments(&m, &req, &plan);
	check_purgatory(&plan, &req);
	plan_done(&plan);

	image.elf.n_loads = 16;
	assert_int_equal(make(), -E2BIG);
	assert_non_null(strstr(err.message, "17"));
	assert_non_null(strstr(err.message, "16 kernel, purgatory"));
}

/* {signature, size, checksum, records}, notes {name size 0, size, type} with 4-byte alignment; the
 * 16-bit one's complement sum over everything is all ones (RFC 1071). */
static void test_boot_notes(void **state)
{
	static const char line[] = "three words here";
	struct purgatory_args args;
	uint64_t note, at, size, sum = 0;
	bool found = false;

	req.args = KX_ARGS_ELF;
	req.cmdline = line;
	assert_int_equal(make(), 0);
	check_segments(&m, &req, &plan);
	check_loads(&image.elf, 0);
	args = check_purgatory(&plan, &req);
	note = args.argument;
	assert_int_equal(le_at(&plan, note, 4), 0x0e1fb007);
	size = le_at(&plan, note + 4, 4);
	for (uint64_t i = 0; i < size; i += 2)
		sum += le_at(&plan, note + i, 2);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
	at = note + 12;
	for (uint64_t i = 0; i < le_at(&plan, note + 10, 2); i++) {
		uint64_t n = le_at(&plan, at + 4, 4);

		assert_int_equal(le_at(&plan, at, 4), 0);
		if (le_at(&plan, at + 8, 4) == 4) { /* command line */
			assert_int_equal(n, sizeof(line));
			for (size_t k = 0; k < n; k++)
				assert_int_equal(byte_at(&plan, at + 12 + k), line[k]);
			found = true;
		}
		at += 12 + ((n + 3) & ~UINT64_C(3));
	}
	assert_true(found && at == note + size);
	plan_done(&plan);

	req.initrd = (struct bytes){ data, 300 };
	assert_int_equal(make(), -EINVAL);
	req.initrd.n = 0;
	req.args = KX_ARGS_AUTO;
	image.elf.is_linux = false; /* then notes are what it gets */
	assert_int_equal(make(), 0);
	assert_int_equal(check_purgatory(&plan, &req).argument == 0, 0);
	plan_done(&plan);
	req.args = KX_ARGS_NONE;
	assert_int_equal(make(), 0);
	assert_true(check_purgatory(&plan, &req).argument == 0);
	plan_done(&plan);
}

/* Multiboot */

static uint8_t running[4096];
static const struct plan_module modules[] = {
	{ { text, 5000 }, "/boot/vmlinuz root=/dev/sda" },
	{ { data, 300 }, "/boot/initrd" },
};

static int setup_multiboot(void **state)
{
	struct elf elf;

	setup(state);
	elf = image.elf;
	image = (struct image){
		.type = IMAGE_MULTIBOOT2,
		.inner = IMAGE_MULTIBOOT2,
		.name = "multiboot2-x86",
		.x86_64.multiboot = { .version = 2, .elf = elf, .entry = 0x1000010 },
	};
	req.cmdline = "xen loglvl=all";
	req.modules = modules;
	req.n_modules = 2;
	machine_done(&m);
	m = MACHINE(pc_6g);
	memset(running, 0, sizeof(running));
	return 0;
}

static int teardown_multiboot(void **state)
{
	m.x86_64.boot_params = NULL;
	return teardown(state);
}

static void assert_string_at(uint64_t at, const char *s)
{
	for (size_t i = 0; i <= strlen(s); i++)
		assert_int_equal(byte_at(&plan, at + i), (uint8_t)s[i]);
}

static void assert_module(size_t i, uint64_t start, uint64_t end)
{
	assert_int_equal(end - start, modules[i].data.n);
	assert_int_equal(start % 4096, 0);
	for (size_t k = 0; k < modules[i].data.n; k++)
		assert_int_equal(byte_at(&plan, start + k), modules[i].data.p[k]);
}

static void check_below_4g(void)
{
	check_segments(&m, &req, &plan);
	for (size_t i = 0; i < plan.n_segments; i++)
		assert_true(plan.segments[i].dest.end <= 4 * GiB);
}

/* Physical address of the first tag of a type, or 0; walks as 3.6.1 says. */
static uint64_t tag(uint64_t info, uint32_t type)
{
	uint64_t end = info + le_at(&plan, info, 4), at = info + 8;

	assert_int_equal(info % 8, 0);
	for (;;) {
		uint64_t size = le_at(&plan, at + 4, 4);

		assert_true(size >= 8 && at + size <= end);
		if (le_at(&plan, at, 4) == type)
			return at;
		if (le_at(&plan, at, 4) == 0) {
			assert_true(size == 8 && at + 8 == end);
			return 0;
		}
		at += (size + 7) & ~UINT64_C(7);
	}
}

static void test_multiboot2(void **state)
{
	struct purgatory_args args;
	uint64_t info, at;

	assert_int_equal(make(), 0);
	check_below_4g();
	check_loads(&image.x86_64.multiboot.elf, 0);
	args = check_purgatory(&plan, &req);
	assert_int_equal(args.entry_mode, PURGATORY_ENTER_MULTIBOOT2);
	assert_int_equal(args.entry, 0x1000010);
	info = args.argument;
	assert_string_at(tag(info, 1) + 8, "xen loglvl=all");
	at = tag(info, 3); /* 3.6.6: modules follow each other here */
	assert_module(0, le_at(&plan, at + 8, 4), le_at(&plan, at + 12, 4));
	assert_string_at(at + 16, modules[0].cmdline);
	at += (le_at(&plan, at + 4, 4) + 7) & ~UINT64_C(7);
	assert_int_equal(le_at(&plan, at, 4), 3);
	assert_module(1, le_at(&plan, at + 8, 4), le_at(&plan, at + 12, 4));
	at = tag(info, 4); /* 3.6.4 */
	assert_int_equal(le_at(&plan, at + 8, 4), 0x9fc00 / 1024);
	assert_int_equal(le_at(&plan, at + 12, 4), (0x7ffe0000 - MiB) / 1024);
	at = tag(info, 6); /* 3.6.8 */
	assert_int_equal(le_at(&plan, at + 4, 4), 16 + 24 * m.memory.n);
	assert_int_equal(le_at(&plan, at + 8, 4), 24);
	assert_int_equal(le_at(&plan, at + 12, 4), 0);
	for (size_t i = 0; i < m.memory.n; i++) {
		const struct memory_range *want = &m.memory.v[i];

		assert_true(le_at(&plan, at + 16 + 24 * i, 8) == want->range.start);
		assert_true(le_at(&plan, at + 24 + 24 * i, 8) ==
			    want->range.end - want->range.start);
		assert_int_equal(le_at(&plan, at + 32 + 24 * i, 4),
				 want->type == MEMORY_RAM ? 1 : 2);
	}
	assert_true(!tag(info, 8) && !tag(info, 12) && !tag(info, 14) && !tag(info, 21));
	plan_done(&plan);

	req.initrd = (struct bytes){ data, 5 };
	assert_int_equal(make(), -EINVAL);
}

static void test_multiboot2_firmware(void **state)
{
	uint64_t info, at;

	m.x86_64.boot_params = running;
	m.x86_64.efi.booted = true;
	memcpy(running + 0x1c0, "EL64", 4);
	put(running + 0x1c4, 0x7f000018, 4);
	running[0x0f] = 0x70; /* VIDEO_TYPE_EFI: 1024x768x32 at 6 GiB */
	put(running + 0x12, 1024, 2);
	put(running + 0x14, 768, 2);
	put(running + 0x16, 32, 2);
	put(running + 0x18, 0x80000000, 4);
	put(running + 0x24, 4096, 2);
	memcpy(running + 0x26, "\10\20\10\10\10\0\10\30", 8); /* red 8@16, green 8@8, blue 8@0 */
	put(running + 0x36, 2, 4);
	put(running + 0x3a, 1, 4);
	assert_int_equal(make(), 0);
	check_below_4g();
	assert_int_equal(plan.n_warnings, 1); /* no RSDP */
	info = check_purgatory(&plan, &req).argument;
	/* No EFI system table: Xen, without boot services, stops over it (its boot/head.S). */
	assert_int_equal(tag(info, 12), 0);
	at = tag(info, 8); /* 3.6.12 */
	assert_true(le_at(&plan, at + 8, 8) == 0x180000000);
	assert_int_equal(le_at(&plan, at + 16, 4), 4096);
	assert_int_equal(le_at(&plan, at + 20, 4), 1024);
	assert_int_equal(le_at(&plan, at + 24, 4), 768);
	assert_int_equal(le_at(&plan, at + 28, 2), 0x0120); /* 32 bits, type 1: RGB */
	assert_int_equal(le_at(&plan, at + 32, 6), 0x080008080810);
	plan_done(&plan);

	m.x86_64.n_acpi_rsdp_copy = 36;
	memcpy(m.x86_64.acpi_rsdp_copy, "RSD PTR \0BOCHS \2", 16);
	m.x86_64.acpi_rsdp_copy[35] = 0x99;
	assert_int_equal(make(), 0);
	info = check_purgatory(&plan, &req).argument;
	assert_int_equal(plan.n_warnings, 0);
	at = tag(info, 15);
	assert_int_equal(le_at(&plan, at + 4, 4), 8 + 36);
	assert_int_equal(byte_at(&plan, at + 8 + 35), 0x99);
	plan_done(&plan);

	m.x86_64.acpi_rsdp_copy[15] = 0; /* ACPI 1.0 */
	assert_int_equal(make(), 0);
	info = check_purgatory(&plan, &req).argument;
	assert_true(!tag(info, 15));
	assert_int_equal(le_at(&plan, tag(info, 14) + 4, 4), 8 + 20);
	plan_done(&plan);
}

static void test_multiboot2_relocatable(void **state)
{
	struct multiboot *mb = &image.x86_64.multiboot;
	uint64_t shift, info;

	mb->relocatable = true;
	mb->reloc_min = 2 * MiB;
	mb->reloc_max = 0xffffffff;
	mb->reloc_align = 2 * MiB;
	assert_int_equal(make(), 0); /* free where it was linked */
	info = check_purgatory(&plan, &req).argument;
	assert_int_equal(le_at(&plan, tag(info, 21) + 8, 4), 0x1000000);
	plan_done(&plan);

	for (int i = 0; i < 2; i++) {
		mb->reloc_min = i ? MiB : 0x10000000;
		if (i) /* has to move down */
			mb->reloc_max = 0x1000000;
		assert_int_equal(make(), 0);
		check_below_4g();
		shift = plan.kernel_entry - 0x1000010;
		check_loads(&mb->elf, shift);
		info = check_purgatory(&plan, &req).argument;
		assert_int_equal(le_at(&plan, tag(info, 21) + 8, 4), 0x1000000 + shift);
		assert_true(0x1000000 + shift >= mb->reloc_min);
		assert_true(0x1000000 + shift + 0x524000 <= mb->reloc_max);
		assert_int_equal(shift % (2 * MiB), 0);
		plan_done(&plan);
	}
	mb->reloc_align = 3 * MiB;
	assert_int_equal(make(), -EBADMSG);
}

static void test_multiboot1(void **state)
{
	struct purgatory_args args;
	uint64_t info, mods, mmap, flags;

	image.inner = IMAGE_MULTIBOOT1;
	image.x86_64.multiboot.version = 1;
	assert_int_equal(make(), 0);
	check_below_4g();
	args = check_purgatory(&plan, &req);
	assert_int_equal(args.entry_mode, PURGATORY_ENTER_MULTIBOOT1);
	info = args.argument; /* 3.3 */
	flags = le_at(&plan, info, 4);
	assert_int_equal(flags, 1 << 0 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
	assert_int_equal(le_at(&plan, info + 4, 4), 0x9fc00 / 1024);
	assert_int_equal(le_at(&plan, info + 8, 4), (0x7ffe0000 - MiB) / 1024);
	assert_string_at(le_at(&plan, info + 16, 4), "xen loglvl=all");
	assert_int_equal(le_at(&plan, info + 20, 4), 2);
	mods = le_at(&plan, info + 24, 4);
	for (size_t i = 0; i < 2; i++, mods += 16) {
		assert_module(i, le_at(&plan, mods, 4), le_at(&plan, mods + 4, 4));
		assert_string_at(le_at(&plan, mods + 8, 4), modules[i].cmdline);
	}
	mmap = le_at(&plan, info + 48, 4);
	assert_int_equal(le_at(&plan, info + 44, 4), 24 * m.memory.n);
	for (size_t i = 0; i < m.memory.n; i++, mmap += 24) {
		assert_int_equal(le_at(&plan, mmap, 4), 20); /* without itself */
		assert_true(le_at(&plan, mmap + 4, 8) == m.memory.v[i].range.start);
		assert_int_equal(le_at(&plan, mmap + 20, 4),
				 m.memory.v[i].type == MEMORY_RAM ? 1 : 2);
	}
	plan_done(&plan);

	req.n_modules = 0;
	req.flags = KX_REQ_RESET_VGA; /* then there is a text screen */
	assert_int_equal(make(), 0);
	info = check_purgatory(&plan, &req).argument;
	assert_int_equal(le_at(&plan, info, 4), 1 << 0 | 1 << 2 | 1 << 6 | 1 << 9 | 1 << 12);
	assert_int_equal(le_at(&plan, info + 88, 8), 0xb8000);
	assert_int_equal(le_at(&plan, info + 100, 4), 80);
	assert_int_equal(le_at(&plan, info + 109, 1), 2); /* EGA text */
	plan_done(&plan);

	image.x86_64.multiboot.elf.loads[0].paddr = 0x100000000; /* RAM, but out of reach */
	assert_int_equal(make(), -EADDRNOTAVAIL);
	image.x86_64.multiboot.elf.loads[0].paddr = 0xf0000; /* reserved */
	assert_int_equal(make(), -EADDRNOTAVAIL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST_MULTIBOOT(f) cmocka_unit_test_setup_teardown(f, setup_multiboot, teardown_multiboot)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_vmlinux),
		TEST(test_vmlinux_moved),
		TEST(test_vmlinux_refused),
		TEST(test_vmlinux_32bit),
		TEST(test_pages),
		TEST(test_budget),
		TEST(test_boot_notes),
		TEST_MULTIBOOT(test_multiboot2),
		TEST_MULTIBOOT(test_multiboot2_firmware),
		TEST_MULTIBOOT(test_multiboot2_relocatable),
		TEST_MULTIBOOT(test_multiboot1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
