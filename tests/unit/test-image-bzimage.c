// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values: Documentation/arch/x86/boot.rst. */
#include "tests/unit/image-make.h"

DEFINE_PARSER(bzimage_parse, struct bzimage);

static void test_whole(void **state)
{
	uint8_t b[BZ_N];
	struct bytes file = make_bzimage(b);
	struct bzimage image;

	assert_int_equal(bzimage_parse(file, &image, NULL), 0);
	assert_ptr_equal(image.setup.p, b);
	assert_int_equal(image.setup.n, 1024);
	assert_ptr_equal(image.kernel.p, b + 1024);
	assert_int_equal(image.kernel.n, 32);
	assert_ptr_equal(image.header.p, b + 0x1f1);
	assert_int_equal(image.header.n, 0x26c - 0x1f1);
	assert_ptr_equal(image.payload.p, b + 1024 + 16);
	assert_int_equal(image.payload.n, 16);
	assert_int_equal(image.release.n, strlen("6.1.0-50-cloud-amd64"));
	assert_memory_equal(image.release.p, "6.1.0-50-cloud-amd64", image.release.n);
	assert_int_equal(image.version, 0x020f);
	assert_int_equal(image.xloadflags, 0x7f);
	assert_int_equal(image.loadflags, 1);
	assert_true(image.relocatable);
	assert_int_equal(image.kernel_alignment, 0x200000);
	assert_int_equal(image.init_size, 0x3378000);
	assert_int_equal(image.cmdline_size, 2047);
	assert_int_equal(image.initrd_addr_max, 0x7fffffff);
	assert_int_equal(image.setup_type_max, 0);
	assert_int_equal(image.pref_address, 0x1000000);
	assert_true(bzimage_is_64bit(&image));
}

static void test_cuts(void **state)
{
	uint8_t b[BZ_N];

	check_cuts(&bzimage_parse_parser, make_bzimage(b), 0x206);
}

static const struct change changes[] = {
	{ 0x202, 1, 'h', -ENOEXEC, "HdrS" },
	{ 0x1fe, 2, 0x55aa, -ENOEXEC, "HdrS" },
	{ 0x206, 2, 0x0105, -EOPNOTSUPP, "boot protocol 1.05" },
	{ 0x211, 1, 0, -EOPNOTSUPP, "zImage" },
	/* where the header ends: 0x202 + the byte */
	{ 0x201, 1, 0x69, -EBADMSG, "ends at 0x26b" },
	{ 0x201, 1, 0x8e, 0, NULL },
	{ 0x201, 1, 0x8f, -EBADMSG, "ends at 0x291" },
	{ 0x201, 1, 0xff, -EBADMSG, "ends at 0x301" },
	/* setup_sects: 0 means 4 */
	{ 0x1f1, 1, 0, -EBADMSG, "2560 bytes of setup, but the file has 1056" },
	{ 0x1f1, 1, 2, -EBADMSG, "1536 bytes of setup" },
	{ 0x1f1, 1, 255, -EBADMSG, "131072 bytes of setup" },
	/* syssize, in units of 16 bytes, rounded up */
	{ 0x1f4, 4, 0, 0, NULL },
	{ 0x1f4, 4, 3, -EBADMSG, "announces 48 bytes" },
	{ 0x1f4, 4, 0xffffffff, -EBADMSG, "announces 68719476720 bytes" },
	/* the payload inside the protected-mode part */
	{ 0x248, 4, 17, -EBADMSG, "16 bytes at 17" },
	{ 0x248, 4, 0xffffffff, -EBADMSG, "16 bytes at 4294967295" },
	{ 0x24c, 4, 17, -EBADMSG, "17 bytes at 16" },
	{ 0x24c, 4, 0xffffffff, -EBADMSG, "4294967295 bytes at 16" },
	{ 0x24c, 4, 0, 0, NULL },
	/* alignment counts for relocatable kernels */
	{ 0x230, 4, 0, -EBADMSG, "power of two" },
	{ 0x230, 4, 0x300000, -EBADMSG, "power of two" },
	{ 0x230, 4, 0x80000000, 0, NULL },
	{ 0x258, 8, UINT64_MAX, -EBADMSG, "preferred address" },
	/* a wrong version string or kernel_info costs only what it says */
	{ 0x20e, 2, 0xffff, 0, NULL },
	{ 0x20e, 2, 0, 0, NULL },
	{ 0x268, 4, 0xffffffff, 0, NULL },
};

static void test_changes(void **state)
{
	uint8_t b[BZ_N];

	check_changes(&bzimage_parse_parser, make_bzimage(b), changes, ARRAY_SIZE(changes));
}

static void test_strangers(void **state)
{
	check_strangers(&bzimage_parse_parser);
}

/* Older protocols: how long their header is, and what its missing fields are worth. */
static const struct {
	uint16_t version;
	size_t header_end;
	bool has_payload, is_64bit;
	uint32_t cmdline_size, initrd_addr_max, alignment;
	uint64_t pref_address;
} versions[] = {
	{ 0x0200, 0x224, false, false, 255, 0x37ffffff, 0, 0 },
	{ 0x0203, 0x230, false, false, 255, 0x7fffffff, 0, 0 },
	{ 0x0205, 0x235, false, false, 255, 0x7fffffff, 0x200000, 0 },
	{ 0x0206, 0x23c, false, false, 2047, 0x7fffffff, 0x200000, 0 },
	{ 0x0208, 0x250, true, false, 2047, 0x7fffffff, 0x200000, 0 },
	{ 0x020a, 0x264, true, false, 2047, 0x7fffffff, 0x200000, 0x1000000 },
	{ 0x020b, 0x268, true, false, 2047, 0x7fffffff, 0x200000, 0x1000000 },
	{ 0x020c, 0x268, true, true, 2047, 0x7fffffff, 0x200000, 0x1000000 },
};

static void test_versions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		uint8_t b[BZ_N];
		struct bytes file = make_bzimage(b);
		struct bzimage image;

		put(b, 0x206, 2, versions[i].version);
		b[0x201] = (uint8_t)(versions[i].header_end - 0x202);
		assert_int_equal(bzimage_parse(file, &image, NULL), 0);
		assert_int_equal(image.header.n, versions[i].header_end - 0x1f1);
		assert_int_equal(image.payload.n, versions[i].has_payload ? 16 : 0);
		assert_int_equal(bzimage_is_64bit(&image), versions[i].is_64bit);
		assert_int_equal(image.cmdline_size, versions[i].cmdline_size);
		assert_int_equal(image.initrd_addr_max, versions[i].initrd_addr_max);
		assert_int_equal(image.kernel_alignment, versions[i].alignment);
		assert_int_equal(image.pref_address, versions[i].pref_address);

		b[0x201]--;
		assert_int_equal(bzimage_parse(file, &image, NULL), -EBADMSG);
	}
}

/* 64-bit: KERNEL_64 and CAN_BE_LOADED_ABOVE_4G. memtest86+ 6.10 has 9, so it is entered in 32-bit
 * mode; its version string is one word and a number. */
static void test_flags(void **state)
{
	static const struct {
		uint16_t xloadflags;
		bool is_64bit;
	} cases[] = { { 0, false }, { 1, false }, { 2, false }, { 3, true }, { 9, false } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t b[BZ_N];
		struct bytes file = make_bzimage(b);
		struct bzimage image;

		put(b, 0x236, 2, cases[i].xloadflags);
		assert_int_equal(bzimage_parse(file, &image, NULL), 0);
		assert_int_equal(bzimage_is_64bit(&image), cases[i].is_64bit);
	}
}

/* iPXE's lkrn announces 303456 bytes and has 303449: the last unit of 16 may be partly there. */
static void test_last_unit(void **state)
{
	uint8_t b[BZ_N];
	struct bytes file = make_bzimage(b);
	struct bzimage image;

	put(b, 0x24c, 4, 0);
	file.n = BZ_N - 15;
	assert_int_equal(bzimage_parse(file, &image, NULL), 0);
	file.n = BZ_N - 16;
	assert_int_equal(bzimage_parse(file, &image, NULL), -EBADMSG);
}

static void test_release(void **state)
{
	uint8_t b[BZ_N];
	struct bytes file = make_bzimage(b);
	struct bzimage image;

	/* not terminated before the setup ends */
	memset(b + BZ_RELEASE, 'x', BZ_SETUP_N - BZ_RELEASE);
	assert_int_equal(bzimage_parse(file, &image, NULL), 0);
	assert_int_equal(image.release.n, 0);

	b[BZ_RELEASE + 3] = 0;
	assert_int_equal(bzimage_parse(file, &image, NULL), 0);
	assert_int_equal(image.release.n, 3);
}

static void test_kernel_info(void **state)
{
	uint8_t b[BZ_N + 16] = { 0 };
	struct bytes file = make_bzimage(b);
	struct bzimage image;

	file.n += 16;
	put(b, 0x268, 4, 32);
	put_text(b, BZ_N, "LToP");
	put(b, BZ_N + 4, 4, 16);
	put(b, BZ_N + 8, 4, 16);
	put(b, BZ_N + 12, 4, 0x8000000a);
	assert_int_equal(bzimage_parse(file, &image, NULL), 0);
	assert_int_equal(image.setup_type_max, 0x8000000a);

	file.n -= 1;
	assert_int_equal(bzimage_parse(file, &image, NULL), 0);
	assert_int_equal(image.setup_type_max, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	    cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_changes),	    cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_versions),    cmocka_unit_test(test_flags),
		cmocka_unit_test(test_last_unit),   cmocka_unit_test(test_release),
		cmocka_unit_test(test_kernel_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
