// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which type wins, and what is said about files that are none. The names and their order are those
 * of kexec-tools 2.0.32 on x86_64. */
#include "tests/unit/image-make.h"

static int image_any(struct bytes file, void *ret, struct kx_error *err)
{
	return image_parse(&image_formats_x86_64, file, NULL, ret, err);
}
static const struct parser image_parser = { image_any, sizeof(struct image) };

static void put_multiboot1(uint8_t *b, size_t off)
{
	put(b, off, 4, 0x1badb002);
	put(b, off + 4, 4, 0);
	put(b, off + 8, 4, 0u - 0x1badb002u);
}

static void put_multiboot2(uint8_t *b, size_t off)
{
	put(b, off, 4, 0xe85250d6);
	put(b, off + 4, 4, 0);
	put(b, off + 8, 4, 24);
	put(b, off + 12, 4, 0u - (0xe85250d6u + 24));
	put(b, off + 16, 8, 0);
	put(b, off + 20, 4, 8);
}

/* A UKI whose .linux is @kernel. @b has 0x200 bytes more than that. */
static struct bytes make_uki(uint8_t *b, struct bytes kernel)
{
	memset(b, 0, 0x200);
	put_text(b, 0, "MZ");
	put(b, 0x3c, 4, 0x40);
	put_text(b, 0x40, "PE");
	put(b, 0x44, 2, 0x8664);
	put(b, 0x46, 2, 1);
	put_text(b, 0x58, ".linux");
	put(b, 0x58 + 8, 4, kernel.n);
	put(b, 0x58 + 16, 4, kernel.n);
	put(b, 0x58 + 20, 4, 0x200);
	memcpy(b + 0x200, kernel.p, kernel.n);
	return (struct bytes){ b, 0x200 + kernel.n };
}

enum { ROOM = 4096 };

static struct bytes build(const char *what, uint8_t *b)
{
	uint8_t kernel[BZ_N];
	struct bytes file = { b, ROOM };

	memset(b, 0, ROOM);
	if (strcmp(what, "bzImage64") == 0) {
		file = make_bzimage(b);
	} else if (strcmp(what, "bzImage32") == 0) {
		file = make_bzimage(b);
		put(b, 0x236, 2, 0);
	} else if (strcmp(what, "elf64") == 0) {
		(void)make_elf(b, true);
	} else if (strcmp(what, "elf32") == 0) {
		(void)make_elf(b, false);
	} else if (strcmp(what, "elf64+mb1") == 0) {
		(void)make_elf(b, true);
		put_multiboot1(b, ELF_N);
	} else if (strcmp(what, "elf32+mb1") == 0) {
		(void)make_elf(b, false);
		put_multiboot1(b, ELF_N);
	} else if (strcmp(what, "elf32+mb1+mb2") == 0) { /* as Xen */
		(void)make_elf(b, false);
		put_multiboot1(b, ELF_N);
		put_multiboot2(b, ELF_N + 16);
	} else if (strcmp(what, "uki") == 0) {
		file = make_uki(b, make_bzimage(kernel));
	} else {
		fail_msg("%s?", what);
	}
	return file;
}

static const struct {
	const char *what, *demanded;
	int r;
	unsigned type, inner;
	const char *says; /* name, or part of the sentence */
} cases[] = {
	{ "bzImage64", NULL, 0, IMAGE_BZIMAGE64, IMAGE_BZIMAGE64, "bzImage64" },
	{ "bzImage32", NULL, 0, IMAGE_BZIMAGE, IMAGE_BZIMAGE, "bzImage" },
	{ "elf64", NULL, 0, IMAGE_ELF64, IMAGE_ELF64, "elf-x86_64" },
	{ "elf32", NULL, 0, IMAGE_ELF32, IMAGE_ELF32, "elf-x86" },
	{ "elf64+mb1", NULL, 0, IMAGE_ELF64, IMAGE_ELF64, "elf-x86_64" },
	{ "elf32+mb1", NULL, 0, IMAGE_MULTIBOOT1, IMAGE_MULTIBOOT1, "multiboot-x86" },
	{ "elf32+mb1+mb2", NULL, 0, IMAGE_MULTIBOOT2, IMAGE_MULTIBOOT2, "multiboot2-x86" },
	{ "uki", NULL, 0, IMAGE_UKI, IMAGE_BZIMAGE64, "uki" },

	{ "bzImage64", "bzImage", 0, IMAGE_BZIMAGE, IMAGE_BZIMAGE, "bzImage" },
	{ "bzImage32", "bzImage64", -ENOEXEC, 0, 0, "not of type bzImage64, but of type bzImage" },
	{ "elf32+mb1+mb2", "elf-x86", 0, IMAGE_ELF32, IMAGE_ELF32, "elf-x86" },
	{ "elf32+mb1+mb2", "multiboot-x86", 0, IMAGE_MULTIBOOT1, IMAGE_MULTIBOOT1,
	  "multiboot-x86" },
	{ "elf32", "elf-x86_64", -ENOEXEC, 0, 0, "but of type elf-x86" },
	{ "uki", "uki", 0, IMAGE_UKI, IMAGE_BZIMAGE64, "uki" },
	{ "uki", "bzImage64", -ENOEXEC, 0, 0, "but of type uki" },
	{ "bzImage64", "nbi-x86", -ENOEXEC, 0, 0, "not of type nbi-x86, but of type bzImage64" },
	{ "bzImage64", "bzimage", -EINVAL, 0, 0, "no image type \"bzimage\"" },
	{ "bzImage64", "", -EINVAL, 0, 0, "no image type \"\"" },
};

static void test_types(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t b[ROOM];
		struct bytes file = build(cases[i].what, b);
		struct kx_error err = { 0 };
		struct image image;
		int r = image_parse(&image_formats_x86_64, file, cases[i].demanded, &image, &err);

		if (r != cases[i].r)
			fail_msg("%s as %s: %d %s", cases[i].what, cases[i].demanded, r,
				 err.message);
		if (r < 0) {
			assert_int_equal(err.code, r);
			if (!strstr(err.message, cases[i].says))
				fail_msg("%s: %s", cases[i].what, err.message);
			continue;
		}
		assert_int_equal(image.type, cases[i].type);
		assert_int_equal(image.inner, cases[i].inner);
		assert_string_equal(image.name, cases[i].says);
		assert_int_equal(image.is_uki, cases[i].type == IMAGE_UKI);
	}
}

static void test_uki(void **state)
{
	uint8_t b[ROOM], text[0x400] = "no kernel";
	struct bytes file = build("uki", b);
	struct image image;
	char message[512];

	assert_int_equal(image_parse(&image_formats_x86_64, file, NULL, &image, NULL), 0);
	assert_ptr_equal(image.uki.linux_image.p, b + 0x200);
	assert_ptr_equal(image.x86_64.bzimage.setup.p, b + 0x200);

	/* the kernel inside is what decides */
	put(b, 0x200 + 0x24c, 4, 4096);
	assert_int_equal(parse_strictly(&image_parser, file, message, sizeof(message)), -EBADMSG);
	assert_non_null(strstr(message, "UKI: .linux: bzImage:"));
	file = make_uki(b, (struct bytes){ text, sizeof(text) });
	assert_int_equal(parse_strictly(&image_parser, file, message, sizeof(message)), -EBADMSG);
	assert_non_null(strstr(message, "no kernel"));
}

/* A UKI inside a UKI is no kernel: one level, so no input decides how deep this goes. */
static void test_nested(void **state)
{
	uint8_t b[ROOM], outer[ROOM + 0x200];

	assert_int_equal(parse_strictly(&image_parser, make_uki(outer, build("uki", b)), NULL, 0),
			 -EBADMSG);
}

/* Beginnings of files that are not for this machine, at their offsets. */
static const struct {
	size_t off;
	const char *bytes;
	size_t n;
	int r;
	const char *says;
} strangers[] = {
	{ 0, "", 0, -ENOEXEC, "no kernel image" },
	{ 0, "#!/bin/sh\n", 10, -ENOEXEC, "no kernel image" },
	{ 0, "BeoB\1", 5, -EOPNOTSUPP, "beoboot" },
	{ 0, "\x36\x13\x03\x1b", 4, -EOPNOTSUPP, "network boot image" },
	{ 0x38, "ARM\x64", 4, -ENOEXEC, "arm64" },
	{ 0x38, "RSC\x05", 4, -ENOEXEC, "riscv" },
	{ 4, "zimg", 4, -ENOEXEC, "zboot" },
	{ 0, "\x27\x05\x19\x56", 4, -ENOEXEC, "uImage" },
	{ 0, "\xd0\x0d\xfe\xed", 4, -ENOEXEC, "device tree" },
	{ 0, "MZ", 2, -ENOEXEC, "PE" },
	{ 0, "\177ELF\2\2\1", 7, -ENOEXEC, "big-endian" },
	{ 0, "\177ELF\2\1\1", 7, -ENOEXEC, "type 0" },
};

static void test_strangers(void **state)
{
	char message[512];

	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		uint8_t b[1024] = { 0 };

		memcpy(b + strangers[i].off, strangers[i].bytes, strangers[i].n);
		assert_int_equal(parse_strictly(&image_parser, (struct bytes){ b, sizeof(b) },
						message, sizeof(message)),
				 strangers[i].r);
		if (!strstr(message, strangers[i].says))
			fail_msg("%zu: %s", i, message);
	}
	check_strangers(&image_parser);
	assert_int_equal(
		parse_strictly(&image_parser, (struct bytes){ NULL, 0 }, message, sizeof(message)),
		-ENOEXEC);
	assert_non_null(strstr(message, "empty"));
}

/* Two formats find fault with this file: the one that is asked first is reported. */
static void test_first_answer(void **state)
{
	uint8_t b[1024] = { 0x36, 0x13, 0x03, 0x1b };
	char message[512];

	put_multiboot2(b, 64);
	assert_int_equal(parse_strictly(&image_parser, (struct bytes){ b, sizeof(b) }, message,
					sizeof(message)),
			 -EBADMSG);
	assert_non_null(strstr(message, "multiboot"));
}

/* Kernels of other architectures: EM_ARM, EM_AARCH64, EM_RISCV, EM_S390. */
static void test_foreign(void **state)
{
	static const uint16_t machines[] = { 40, 183, 243, 22 };

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		uint8_t b[ROOM];
		struct bytes file = build("elf64", b);
		char message[512], says[32];

		put(b, 18, 2, machines[i]);
		(void)snprintf(says, sizeof(says), "machine %u", machines[i]);
		assert_int_equal(parse_strictly(&image_parser, file, message, sizeof(message)),
				 -ENOEXEC);
		assert_non_null(strstr(message, says));
	}
}

/* Recognised and damaged is never "unknown". */
static void test_cuts(void **state)
{
	static const struct {
		const char *what;
		size_t from, to; /* [from, to) of the file kept */
	} cuts[] = {
		{ "bzImage64", 0x206, BZ_N },
		{ "elf64", 20, ELF_DATA + 32 },
		{ "uki", 0x80, 0x200 + BZ_N },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		uint8_t b[ROOM];
		struct bytes file = build(cuts[i].what, b);

		for (file.n = cuts[i].from; file.n < cuts[i].to; file.n++)
			assert_int_equal(parse_strictly(&image_parser, file, NULL, 0), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),	     cmocka_unit_test(test_uki),
		cmocka_unit_test(test_nested),	     cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_foreign),	     cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_first_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
