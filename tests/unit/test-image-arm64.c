// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values: Documentation/arch/arm64/booting.rst; drivers/firmware/efi/libstub/zboot-header.S; include/image.h of
 * U-Boot. tests/vm/real-images.py shows the same parsers the kernels of distributions. */
#include "lib/image-answer.h"
#include "tests/unit/image-make.h"

static int image_any(struct bytes file, void *ret, struct kx_error *err)
{
	return image_parse(&image_formats_aarch64, file, NULL, ret, err);
}
static const struct parser image_parser = { image_any, sizeof(struct image) };
DEFINE_PARSER(arm64_image_parse, struct arm64_image);
DEFINE_PARSER(arm64_zboot_parse, struct bytes);
DEFINE_PARSER(arm64_uimage_parse, struct bytes);

enum {
	PE_AT = 0x40,
	SECTION_AT = PE_AT + 24,
	TEXT_AT = 0x100,
	TEXT_N = 0x80,
	IMAGE_N = TEXT_AT + TEXT_N,
	IMAGE_MEMORY = 0x1aa0000,
	PACKED_HEADER_N = 0x80,
	ROOM = 2048,
};

#define BANNER "Linux version 6.1.0-50-cloud-arm64 (debian-kernel@lists.debian.org) #1 SMP"
#define GZIP "\x1f\x8b\x08\0\0\0\0\0\0\x03"

/* An Image with one section, as Debian's have it. */
static struct bytes make_image(uint8_t *b)
{
	memset(b, 0, ROOM);
	put_text(b, 0, "MZ");
	put(b, 0x10, 8, IMAGE_MEMORY);
	put(b, 0x18, 8, 0xa);
	put_text(b, 0x38, "ARM\x64");
	put(b, 0x3c, 4, PE_AT);
	put_text(b, PE_AT, "PE");
	put(b, PE_AT + 4, 2, 0xaa64);
	put(b, PE_AT + 6, 2, 1);
	put_text(b, SECTION_AT, ".text");
	put(b, SECTION_AT + 8, 4, TEXT_N);
	put(b, SECTION_AT + 16, 4, TEXT_N);
	put(b, SECTION_AT + 20, 4, TEXT_AT);
	put_text(b, TEXT_AT + 4, BANNER);
	return (struct bytes){ b, IMAGE_N };
}

/* @stream, which begins with the magic number of its format, as the build of Linux wraps it. */
static struct bytes make_zboot(uint8_t *b, const char *stream, size_t n)
{
	memset(b, 0, ROOM);
	put_text(b, 0, "MZ");
	put_text(b, 4, "zimg");
	put(b, 8, 4, PACKED_HEADER_N);
	put(b, 12, 4, n);
	put_text(b, 0x18, "gzip");
	put(b, 0x38, 4, 0x818223cd);
	put(b, 0x3c, 4, PE_AT);
	put_text(b, PE_AT, "PE");
	memcpy(b + PACKED_HEADER_N, stream, n);
	return (struct bytes){ b, PACKED_HEADER_N + n };
}

static struct bytes make_uimage(uint8_t *b, struct bytes data)
{
	memmove(b + 64, data.p, data.n);
	memset(b, 0, 64);
	put(b, 0, 4, 0x56190527);
	put(b, 12, 4, __builtin_bswap32((uint32_t)data.n));
	put(b, 28, 4, 0x00021605); /* Linux, arm64, kernel, not compressed */
	return (struct bytes){ b, 64 + data.n };
}

static struct bytes make_uki(uint8_t *b, struct bytes kernel)
{
	memmove(b + 0x200, kernel.p, kernel.n);
	memset(b, 0, 0x200);
	put_text(b, 0, "MZ");
	put(b, 0x3c, 4, PE_AT);
	put_text(b, PE_AT, "PE");
	put(b, PE_AT + 4, 2, 0xaa64);
	put(b, PE_AT + 6, 2, 1);
	put_text(b, SECTION_AT, ".linux");
	put(b, SECTION_AT + 8, 4, kernel.n);
	put(b, SECTION_AT + 16, 4, kernel.n);
	put(b, SECTION_AT + 20, 4, 0x200);
	return (struct bytes){ b, 0x200 + kernel.n };
}

static void test_image(void **state)
{
	static const struct change changes[] = {
		{ 0x38, 4, 0x65646d41, -ENOEXEC, "no \"ARM" },
		{ 0x08, 8, 0x80000, 0, NULL }, /* as before Linux 5.8 */
		{ 0x08, 8, 0x200000, -EBADMSG, "offset of 0x200000" },
		{ 0x10, 8, 0, -EOPNOTSUPP, "before Linux 3.17" },
		{ 0x10, 8, UINT64_MAX, -EBADMSG, "cannot be" },
		{ 0x18, 8, 0xb, -EOPNOTSUPP, "big-endian" },
		{ 0x3c, 4, IMAGE_N, -EBADMSG, "no PE header" },
		{ SECTION_AT + 20, 4, TEXT_AT + 1, -EBADMSG, "cut off" },
		/* an Image that EFI cannot start has no PE header */
		{ 0, 2, 0xd503, 0, NULL },
	};
	uint8_t b[ROOM];
	struct bytes file = make_image(b);
	struct arm64_image image;

	assert_int_equal(arm64_image_parse(file, &image, NULL), 0);
	assert_int_equal(image.text_offset, 0);
	assert_int_equal(image.size, IMAGE_MEMORY);
	assert_int_equal(image.pages, ARM64_PAGES_4K);
	assert_true(image.is_anywhere);
	assert_int_equal(image.release.n, strlen("6.1.0-50-cloud-arm64"));
	assert_memory_equal(image.release.p, "6.1.0-50-cloud-arm64", image.release.n);
	check_changes(&arm64_image_parse_parser, file, changes, ARRAY_SIZE(changes));
	check_cuts(&arm64_image_parse_parser, file, 0x3c);
	check_strangers(&arm64_image_parse_parser);
}

/* What the image says of itself. */
static void test_image_fields(void **state)
{
	static const struct {
		uint64_t flags;
		enum arm64_pages pages;
		bool is_anywhere;
	} rows[] = {
		{ 0, ARM64_PAGES_UNSAID, false },      { 2, ARM64_PAGES_4K, false },
		{ 0xc, ARM64_PAGES_16K, true },	       { 0xe, ARM64_PAGES_64K, true },
		{ 0xfffffff2, ARM64_PAGES_4K, false }, /* bits that are not defined yet */
	};
	uint8_t b[ROOM];
	struct bytes file = make_image(b);
	struct arm64_image image;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(b, 0x18, 8, rows[i].flags);
		assert_int_equal(arm64_image_parse(file, &image, NULL), 0);
		assert_int_equal(image.pages, rows[i].pages);
		assert_int_equal(image.is_anywhere, rows[i].is_anywhere);
	}
	/* a signature behind it makes the file longer than the memory that the kernel asks for */
	put(b, 0x10, 8, 16);
	assert_int_equal(arm64_image_parse(file, &image, NULL), 0);
	assert_int_equal(image.size, file.n);
	/* no banner, or one without an end: the release is not known */
	memset(b + TEXT_AT + 4 + strlen("Linux version "), 'x', 70);
	assert_int_equal(arm64_image_parse(file, &image, NULL), 0);
	assert_int_equal(image.release.n, 0);
	memset(b + TEXT_AT, 0, TEXT_N);
	put_text(b, IMAGE_N - 20, "Linux version 6.1234");
	assert_int_equal(arm64_image_parse(file, &image, NULL), 0);
	assert_int_equal(image.release.n, 0);
}

static void test_zboot(void **state)
{
	static const struct change changes[] = {
		{ 4, 4, 0, -ENOEXEC, "zimg" },
		{ 8, 4, PACKED_HEADER_N + 1, -EBADMSG, "cut off" },
		{ 8, 4, UINT32_MAX, -EBADMSG, "cut off" },
		{ 12, 4, 0, -EBADMSG, "0 bytes" },
		{ PACKED_HEADER_N, 2, 0, -EBADMSG, "compressed as \"gzip\"" },
	};
	/* drivers/firmware/efi/libstub/Makefile.zboot: every compression of Linux 6.1 to 7.2 */
	static const struct {
		const char *start;
		size_t n;
		const char *name;
	} streams[] = {
		{ GZIP, 10, "gzip" },
		{ "\xfd\x37zXZ\0\0\1", 8, "xz" },
		{ "\x5d\0\0\0\4\xff\xff\xff\xff\xff\xff\xff\xff", 13, "lzma" },
		{ "\x28\xb5\x2f\xfd\0\0", 6, "zstd" },
		{ "\x02\x21\x4c\x18\1\0", 6, "lz4" },
		{ "\x89LZO\0\r\n\x1a\n", 9, "lzop" },
	};
	uint8_t b[ROOM];
	struct bytes stream, file = make_zboot(b, GZIP, 10);

	check_changes(&arm64_zboot_parse_parser, file, changes, ARRAY_SIZE(changes));
	check_cuts(&arm64_zboot_parse_parser, file, 8);
	check_strangers(&arm64_zboot_parse_parser);
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		file = make_zboot(b, streams[i].start, streams[i].n);
		assert_int_equal(arm64_zboot_parse(file, &stream, NULL), 0);
		assert_ptr_equal(stream.p, b + PACKED_HEADER_N);
		assert_int_equal(stream.n, streams[i].n);
		assert_string_equal(compression_detect(stream), streams[i].name);
	}
}

static void test_uimage(void **state)
{
	static const struct change changes[] = {
		{ 0, 4, 0, -ENOEXEC, "U-Boot" },
		{ 12, 4, 0xffffffff, -EBADMSG, "cut off" },
		{ 12, 4, 0, -EBADMSG, "0 bytes" },
		{ 28, 1, 17, -EOPNOTSUPP, "system 17" },
		{ 29, 1, 2, -EOPNOTSUPP, "architecture 2" },
		{ 30, 1, 6, -EOPNOTSUPP, "type 6" }, /* boot.scr */
	};
	uint8_t b[ROOM];
	struct bytes file = make_uimage(b, make_image(b));

	check_changes(&arm64_uimage_parse_parser, file, changes, ARRAY_SIZE(changes));
	check_cuts(&arm64_uimage_parse_parser, file, 4);
	check_strangers(&arm64_uimage_parse_parser);
}

/* Types, and what is inside: an Image, or a stream that has to be unpacked first. */
static void test_types(void **state)
{
	uint8_t b[2 * ROOM];
	struct bytes kernel;
	struct image image;

	assert_int_equal(image_any(make_image(b), &image, NULL), 0);
	assert_string_equal(image.name, "Image");
	assert_int_equal(image.packed.n, 0);
	assert_int_equal(image_any(make_uimage(b, make_image(b)), &image, NULL), 0);
	assert_string_equal(image.name, "uImage");
	assert_int_equal(image.inner, IMAGE_ARM64);
	assert_int_equal(image.aarch64.file.n, IMAGE_N);
	kernel = (struct bytes){ (const uint8_t *)GZIP, 10 };
	assert_int_equal(image_any(make_uimage(b, kernel), &image, NULL), 0);
	assert_int_equal(image.packed.n, 10);
	assert_int_equal(image_any(make_uki(b, make_image(b)), &image, NULL), 0);
	assert_string_equal(image.name, "uki");
	assert_int_equal(image.inner, IMAGE_ARM64);
	assert_int_equal(image_any(make_zboot(b, GZIP, 10), &image, NULL), 0);
	assert_string_equal(image.name, "vmlinuz");
	assert_int_equal(image.packed.n, 10);
	assert_int_equal(image_any(make_uki(b, make_zboot(b, GZIP, 10)), &image, NULL), 0);
	assert_int_equal(image.type, IMAGE_UKI);
	assert_int_equal(image.packed.n, 10);
}

/* What a packed kernel turns out to be. */
static void test_unpacked(void **state)
{
	uint8_t b[2 * ROOM], inner[ROOM];
	struct image image, before;
	struct kx_error err = { 0 };

	assert_int_equal(image_any(make_uki(b, make_zboot(b, GZIP, 10)), &image, NULL), 0);
	before = image;
	assert_int_equal(image_parse_unpacked(&image_formats_aarch64, make_zboot(inner, GZIP, 10),
					      &image, &err),
			 -EBADMSG);
	assert_non_null(strstr(err.message, "no kernel for arm64"));
	assert_memory_equal(&image, &before, sizeof(image));
	assert_int_equal(image_parse_unpacked(&image_formats_aarch64, (struct bytes){ inner, 20 },
					      &image, &err),
			 -EBADMSG);
	assert_int_equal(
		image_parse_unpacked(&image_formats_aarch64, make_image(inner), &image, &err), 0);
	assert_string_equal(image.name, "uki");
	assert_true(image.is_uki && image.type == IMAGE_UKI && image.inner == IMAGE_ARM64);
	assert_int_equal(image.packed.n, 0);
	assert_int_equal(image.aarch64.size, IMAGE_MEMORY);
	assert_ptr_equal(image.uki.linux_image.p, b + 0x200);
}

static void test_strangers(void **state)
{
	uint8_t b[ROOM];
	char message[512];

	assert_int_equal(parse_strictly(&image_parser, make_bzimage(b), message, sizeof(message)),
			 -ENOEXEC);
	assert_string_equal(message, "an x86 bzImage, not a kernel for arm64");
	(void)make_elf(b, true);
	assert_int_equal(
		parse_strictly(&image_parser, (struct bytes){ b, ELF_N }, message, sizeof(message)),
		-EOPNOTSUPP);
	assert_non_null(strstr(message, "arch/arm64/boot/Image"));
	check_strangers(&image_parser);
}

/* ---- what the confined child says of a file */

static int answer_of(struct bytes file, const struct image *image, uint8_t *to, size_t *ret_n,
		     struct image *ret)
{
	assert_int_equal(image_encode(&arch_aarch64, file, image, to, ROOM, ret_n), 0);
	return image_decode(&arch_aarch64, file, (struct bytes){ to, *ret_n }, ret);
}

static void test_answer(void **state)
{
	static const uint8_t values[] = { 0, 1, 2, 0x40, 0x7f, 0x80, 0xff };
	static uint8_t b[2 * ROOM], answer[ROOM];
	const struct bytes files[] = { make_image(b), make_uimage(b + ROOM, make_image(b)) };

	for (size_t k = 0; k < ARRAY_SIZE(files); k++) {
		struct image image, taken;
		size_t n;

		assert_int_equal(image_any(files[k], &image, NULL), 0);
		assert_int_equal(answer_of(files[k], &image, answer, &n, &taken), 0);
		assert_string_equal(taken.name, image.name);
		assert_int_equal(taken.inner, IMAGE_ARM64);
		assert_ptr_equal(taken.aarch64.file.p, image.aarch64.file.p);
		assert_int_equal(taken.aarch64.file.n, image.aarch64.file.n);
		assert_int_equal(taken.aarch64.size, image.aarch64.size);
		assert_int_equal(taken.aarch64.pages, image.aarch64.pages);
		assert_int_equal(taken.aarch64.is_anywhere, image.aarch64.is_anywhere);
		assert_ptr_equal(taken.aarch64.release.p, image.aarch64.release.p);
		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(image_decode(&arch_aarch64, files[k],
						      (struct bytes){ answer, cut }, &taken),
					 -EPROTO);
		for (size_t i = 0; i < n * ARRAY_SIZE(values); i++) {
			uint8_t *p = &answer[i / ARRAY_SIZE(values)];
			const uint8_t before = *p;

			*p = values[i % ARRAY_SIZE(values)];
			/* a packed kernel has no fields of an Image */
			if (image_decode(&arch_aarch64, files[k], (struct bytes){ answer, n },
					 &taken) == 0 &&
			    !taken.packed.n)
				assert_true(arm64_image_is_sound(&taken.aarch64));
			*p = before;
		}
	}
}

static void test_unsound_answers(void **state)
{
	uint8_t b[ROOM], answer[ROOM];
	const struct bytes file = make_image(b);
	struct image good, bad, taken;
	size_t n;

	assert_int_equal(image_any(file, &good, NULL), 0);
	bad = good;
	bad.aarch64.size = file.n - 1;
	assert_int_equal(answer_of(file, &bad, answer, &n, &taken), -EPROTO);
	bad = good;
	bad.aarch64.size = UINT64_MAX;
	assert_int_equal(answer_of(file, &bad, answer, &n, &taken), -EPROTO);
	bad = good;
	bad.aarch64.text_offset = 2 << 20;
	assert_int_equal(answer_of(file, &bad, answer, &n, &taken), -EPROTO);
	bad = good;
	bad.aarch64.file.n = 0x3f; /* less than a header */
	assert_int_equal(answer_of(file, &bad, answer, &n, &taken), -EPROTO);
	bad = good;
	bad.inner = IMAGE_ARM64_ZBOOT; /* that has its kernel packed */
	assert_int_equal(answer_of(file, &bad, answer, &n, &taken), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),		cmocka_unit_test(test_image_fields),
		cmocka_unit_test(test_zboot),		cmocka_unit_test(test_uimage),
		cmocka_unit_test(test_types),		cmocka_unit_test(test_unpacked),
		cmocka_unit_test(test_strangers),	cmocka_unit_test(test_answer),
		cmocka_unit_test(test_unsound_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
