// SPDX-License-Identifier: LGPL-2.1-or-later
/* The answer of the child that reads the headers of a kernel file (src/lib/image-answer.c): every format comes out as it
 * was put in, with its parts at the same places, and an answer that is changed is refused or as sound as a parser's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/image-checks.h"
#include "tests/unit/cmocka-shim.h"

enum { ROOM = 8192, FILE_MAX = 1 << 20 };

struct seed {
	const char *name, *type;
	uint8_t file[FILE_MAX], answer[ROOM];
	struct bytes bytes;
	struct image image;
	size_t n;
};

static const struct {
	const char *name, *type;
} seeds[] = {
	{ "bzimage32", "bzImage" },
	{ "bzimage64", "bzImage64" },
	{ "elf32", "elf-x86" },
	{ "elf64", "elf-x86_64" },
	{ "multiboot1", "multiboot-x86" },
	{ "multiboot2", "multiboot2-x86" },
	{ "uki", "uki" },
};

static struct seed seed;

static void read_seed(size_t i)
{
	char path[256];
	FILE *f;

	seed.name = seeds[i].name;
	(void)snprintf(path, sizeof(path), SEEDS "/%s", seed.name);
	f = fopen(path, "re");
	assert_non_null(f);
	seed.bytes = (struct bytes){ seed.file, fread(seed.file, 1, FILE_MAX, f) };
	(void)fclose(f);
	assert_int_equal(image_parse(&image_formats_x86_64, seed.bytes, NULL, &seed.image, NULL),
			 0);
	assert_string_equal(seed.image.name, seeds[i].type);
	assert_int_equal(
		image_encode(&arch_x86_64, seed.bytes, &seed.image, seed.answer, ROOM, &seed.n), 0);
}

static int take(size_t n, struct image *ret)
{
	return image_decode(&arch_x86_64, seed.bytes, (struct bytes){ seed.answer, n }, ret);
}

static void test_formats(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct image image;

		read_seed(i);
		assert_int_equal(take(seed.n, &image), 0);
		assert_string_equal(image.name, seed.image.name);
		assert_int_equal(image.type, seed.image.type);
		assert_int_equal(image.inner, seed.image.inner);
		assert_int_equal(image.is_uki, seed.image.is_uki);
		if (image.is_uki)
			assert_ptr_equal(image.uki.linux_image.p, seed.image.uki.linux_image.p);
		assert_int_equal(image.uki.is_signed, seed.image.uki.is_signed);
		if (image.inner == IMAGE_BZIMAGE || image.inner == IMAGE_BZIMAGE64)
			assert_memory_equal(&image.x86_64.bzimage, &seed.image.x86_64.bzimage,
					    sizeof(image.x86_64.bzimage));
		check_written(seed.bytes, &image, (struct bytes){ seed.answer, seed.n });
	}
}

static void test_cut_off(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct image image;

		read_seed(i);
		for (size_t n = 0; n < seed.n; n++)
			assert_int_equal(take(n, &image), -EPROTO);
	}
}

/* Each byte to what is likely to hurt. */
static void test_changed(void **state)
{
	static const uint8_t values[] = { 0, 1, 2, 0x40, 0x7f, 0x80, 0xff };

	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		read_seed(i);
		for (size_t at = 0; at < seed.n * ARRAY_SIZE(values); at++) {
			uint8_t *p = &seed.answer[at / ARRAY_SIZE(values)];
			const uint8_t before = *p;
			struct image image;
			int r;

			*p = values[at % ARRAY_SIZE(values)];
			r = take(seed.n, &image);
			if (r == 0)
				check_image(seed.bytes, &image);
			else
				assert_int_equal(r, -EPROTO);
			*p = before;
		}
	}
}

/* ---- what no part of the message is wrong in, and no parser lets pass */

static void expect_refused(const struct image *image)
{
	struct image taken;

	assert_int_equal(image_encode(&arch_x86_64, seed.bytes, image, seed.answer, ROOM, &seed.n),
			 0);
	assert_int_equal(take(seed.n, &taken), -EPROTO);
}

static void test_elf(void **state)
{
	struct image image;
	struct elf_segment *load = &image.elf.loads[0];

	read_seed(3);
	image = seed.image;
	load->mem_size = load->data.n - 1; /* more in the file than in memory */
	expect_refused(&image);
	image = seed.image;
	load->paddr = UINT64_MAX - load->mem_size + 1; /* past the end */
	expect_refused(&image);
	image = seed.image;
	image.elf.loads[image.elf.n_loads] = *load; /* twice the same */
	image.elf.n_loads++;
	expect_refused(&image);
	image = seed.image;
	image.elf.n_loads = 0;
	expect_refused(&image);
}

static void test_bzimage(void **state)
{
	struct image image;
	struct bzimage *bz = &image.x86_64.bzimage;

	read_seed(1);
	image = seed.image;
	bz->header.n = 0x20; /* ends before loadflags, which a plan changes */
	expect_refused(&image);
	image = seed.image;
	bz->kernel_alignment = 3;
	expect_refused(&image);
	image = seed.image;
	bz->kernel.n = 0;
	expect_refused(&image);
	image = seed.image;
	bz->pref_address = UINT64_MAX;
	expect_refused(&image);
	image = seed.image;
	bz->version = 0;
	expect_refused(&image);
}

static void test_multiboot(void **state)
{
	struct image image;
	struct multiboot *mb = &image.x86_64.multiboot;

	read_seed(5);
	image = seed.image;
	mb->relocatable = true;
	mb->reloc_align = 0;
	expect_refused(&image);
	image = seed.image;
	mb->version = 3;
	expect_refused(&image);
	image = seed.image;
	mb->entry = 1; /* in no segment */
	expect_refused(&image);
}

/* Formats that are recognised to be refused are no answer. */
static void test_refused_formats(void **state)
{
	struct image image;

	read_seed(1);
	image = seed.image;
	image.inner = IMAGE_NBI;
	expect_refused(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_changed),		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_bzimage),		cmocka_unit_test(test_multiboot),
		cmocka_unit_test(test_refused_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
