// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values: Multiboot Specification 0.6.96, chapter 3.1; Multiboot2 Specification 2.0, chapter 3.1. */
#include "tests/unit/image-make.h"

DEFINE_PARSER(multiboot1_parse, struct multiboot);
DEFINE_PARSER(multiboot2_parse, struct multiboot);

enum {
	FLAT_HEADER = 0x40,
	FLAT_N = 0x100,
	LOAD = 0x100000,
	ELF_HEADER_AT = ELF_N, /* multiboot header behind the made ELF, 8-aligned */
	MB2_TAGS_MAX = 256,
};

/* ---------------------------------------------------------------- version 1 */

static void put_header1(uint8_t *b, size_t off, uint32_t flags)
{
	put(b, off, 4, 0x1badb002);
	put(b, off + 4, 4, flags);
	put(b, off + 8, 4, 0u - (0x1badb002u + flags));
}

/* A flat image of 0x100 bytes at 1 MiB with 0x100 bytes of bss. */
static struct bytes make_flat1(uint8_t *b)
{
	memset(b, 0, FLAT_N);
	put_header1(b, FLAT_HEADER, 1 << 16 | 3);
	put(b, FLAT_HEADER + 12, 4, LOAD + FLAT_HEADER);
	put(b, FLAT_HEADER + 16, 4, LOAD);
	put(b, FLAT_HEADER + 20, 4, LOAD + FLAT_N);
	put(b, FLAT_HEADER + 24, 4, LOAD + 2 * FLAT_N);
	put(b, FLAT_HEADER + 28, 4, LOAD + 0x80);
	return (struct bytes){ b, FLAT_N };
}

static void test_flat1(void **state)
{
	uint8_t b[FLAT_N];
	struct bytes file = make_flat1(b);
	struct multiboot mb;

	assert_int_equal(multiboot1_parse(file, &mb, NULL), 0);
	assert_int_equal(mb.version, 1);
	assert_int_equal(mb.flags, 1 << 16 | 3);
	assert_true(mb.has_addresses);
	assert_true(mb.wants_modules_aligned);
	assert_false(mb.relocatable);
	assert_int_equal(mb.entry, LOAD + 0x80);
	assert_int_equal(mb.elf.n_loads, 1);
	assert_int_equal(mb.elf.loads[0].paddr, LOAD);
	assert_int_equal(mb.elf.loads[0].mem_size, 2 * FLAT_N);
	assert_ptr_equal(mb.elf.loads[0].data.p, b);
	assert_int_equal(mb.elf.loads[0].data.n, FLAT_N);

	/* load address behind the start of the file: what comes before is not loaded */
	put(b, FLAT_HEADER + 16, 4, LOAD + 0x20);
	assert_int_equal(multiboot1_parse(file, &mb, NULL), 0);
	assert_ptr_equal(mb.elf.loads[0].data.p, b + 0x20);
	assert_int_equal(mb.elf.loads[0].data.n, FLAT_N - 0x20);

	/* no load end: to the end of the file; no bss end: no bss */
	put(b, FLAT_HEADER + 20, 4, 0);
	put(b, FLAT_HEADER + 24, 4, 0);
	assert_int_equal(multiboot1_parse(file, &mb, NULL), 0);
	assert_int_equal(mb.elf.loads[0].data.n, FLAT_N - 0x20);
	assert_int_equal(mb.elf.loads[0].mem_size, FLAT_N - 0x20);
}

static void test_flat1_cuts(void **state)
{
	uint8_t b[FLAT_N];

	check_cuts(&multiboot1_parse_parser, make_flat1(b), FLAT_HEADER + 12);
}

static const struct change changes1[] = {
	{ FLAT_HEADER, 4, 0x1badb003, -ENOEXEC, "no multiboot header" },
	{ FLAT_HEADER + 8, 4, 0, -ENOEXEC, "no multiboot header" },
	/* header address */
	{ FLAT_HEADER + 12, 4, LOAD - 1, -EBADMSG, "load address" },
	{ FLAT_HEADER + 12, 4, LOAD + FLAT_HEADER + 1, -EBADMSG, "load address" },
	{ FLAT_HEADER + 12, 4, 0xffffffff, -EBADMSG, "load address" },
	/* load address */
	{ FLAT_HEADER + 16, 4, 0, -EBADMSG, "load address" },
	{ FLAT_HEADER + 16, 4, LOAD + FLAT_HEADER + 1, -EBADMSG, "load address" },
	{ FLAT_HEADER + 16, 4, 0xffffffff, 0, NULL }, /* the file from its start */
	/* load end */
	{ FLAT_HEADER + 20, 4, LOAD - 1, -EBADMSG, "load end" },
	{ FLAT_HEADER + 20, 4, LOAD + FLAT_N + 1, -EBADMSG, "257 bytes from 0" },
	{ FLAT_HEADER + 20, 4, 0xffffffff, -EBADMSG, "to be loaded" },
	/* bss end */
	{ FLAT_HEADER + 24, 4, LOAD + FLAT_N - 1, -EBADMSG, "bss end" },
	/* entry */
	{ FLAT_HEADER + 28, 4, LOAD - 1, -EBADMSG, "entry point" },
	{ FLAT_HEADER + 28, 4, LOAD + 2 * FLAT_N, -EBADMSG, "entry point" },
	{ FLAT_HEADER + 28, 4, LOAD + 2 * FLAT_N - 1, 0, NULL },
};

static void test_flat1_changes(void **state)
{
	uint8_t b[FLAT_N];

	check_changes(&multiboot1_parse_parser, make_flat1(b), changes1, ARRAY_SIZE(changes1));
	check_strangers(&multiboot1_parse_parser);
}

/* Bits 3 to 15 are demands of versions that do not exist. */
static void test_flags1(void **state)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		uint8_t b[FLAT_N];
		struct bytes file = make_flat1(b);
		struct multiboot mb;

		put_header1(b, FLAT_HEADER, 1u << 16 | 1u << bit);
		assert_int_equal(multiboot1_parse(file, &mb, NULL),
				 bit >= 3 && bit < 16 ? -EOPNOTSUPP : 0);
	}
}

/* Found at each multiple of 4 as long as all of it lies in the first 8192 bytes. */
static void test_position1(void **state)
{
	static const struct {
		size_t at;
		int r;
	} cases[] = { { 0x230, 0 }, { 8180, 0 }, { 8184, -ENOEXEC }, { 0x232, -ENOEXEC } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t b[8300] = { 0 };
		struct multiboot mb;

		(void)make_elf(b, false);
		put_header1(b, cases[i].at, 0);
		assert_int_equal(multiboot1_parse((struct bytes){ b, sizeof(b) }, &mb, NULL),
				 cases[i].r);
	}
}

static void test_elf1(void **state)
{
	uint8_t b[ELF_N + 12] = { 0 };
	struct bytes file = { b, sizeof(b) };
	struct multiboot mb;

	(void)make_elf(b, false);
	put_header1(b, ELF_HEADER_AT, 0);
	assert_int_equal(multiboot1_parse(file, &mb, NULL), 0);
	assert_false(mb.has_addresses);
	assert_false(mb.wants_modules_aligned);
	assert_int_equal(mb.entry, 0x100004);
	assert_int_equal(mb.elf.n_loads, 2);

	/* ELF64 is loaded, too, but the entry is 32-bit: nothing above 4 GiB */
	(void)make_elf(b, true);
	assert_int_equal(multiboot1_parse(file, &mb, NULL), 0);
	put(b, 88, 8, 0xffffd000);
	assert_int_equal(multiboot1_parse(file, &mb, NULL), 0);
	put(b, 88, 8, 0xffffd001);
	assert_int_equal(multiboot1_parse(file, &mb, NULL), -EBADMSG);

	/* neither ELF nor addresses; a module of Linux */
	b[0] = 0;
	assert_int_equal(multiboot1_parse(file, &mb, NULL), -EBADMSG);
	b[0] = 0x7f;
	put(b, 16, 2, 1);
	assert_int_equal(multiboot1_parse(file, &mb, NULL), -EBADMSG);
}

/* ---------------------------------------------------------------- version 2 */

struct tag {
	uint16_t type, flags;
	uint32_t n; /* with the eight bytes before the values */
	uint32_t values[6];
};

/* Returns the length of the header. */
static size_t put_header2(uint8_t *b, size_t off, const struct tag *tags, size_t n)
{
	static const struct tag end = { 0, 0, 8 };
	size_t at = off + 16;

	for (size_t i = 0; i <= n; i++) {
		const struct tag *t = i < n ? &tags[i] : &end;

		put(b, at, 2, t->type);
		put(b, at + 2, 2, t->flags);
		put(b, at + 4, 4, t->n);
		for (size_t k = 0; k < 6 && 8 + 4 * k < t->n; k++)
			put(b, at + 8 + 4 * k, 4, t->values[k]);
		at += (t->n + 7) & ~7u;
	}
	put(b, off, 4, 0xe85250d6);
	put(b, off + 4, 4, 0);
	put(b, off + 8, 4, at - off);
	put(b, off + 12, 4, 0u - (uint32_t)(0xe85250d6u + (at - off)));
	return at - off;
}

static const struct tag flat2_tags[] = {
	{ 2, 0, 24, { LOAD + FLAT_HEADER, LOAD, LOAD + FLAT_N, LOAD + 2 * FLAT_N } },
	{ 3, 0, 12, { LOAD + 0x80 } },
	{ 6, 0, 8 },
	{ 10, 0, 24, { 0x200000, 0xffffffff, 0x200000, 2 } },
};

static struct bytes make_flat2(uint8_t *b)
{
	memset(b, 0, FLAT_N);
	(void)put_header2(b, FLAT_HEADER, flat2_tags, ARRAY_SIZE(flat2_tags));
	return (struct bytes){ b, FLAT_N };
}

static void test_flat2(void **state)
{
	uint8_t b[FLAT_N];
	struct bytes file = make_flat2(b);
	struct multiboot mb;

	assert_int_equal(multiboot2_parse(file, &mb, NULL), 0);
	assert_int_equal(mb.version, 2);
	assert_true(mb.has_addresses);
	assert_true(mb.wants_modules_aligned);
	assert_true(mb.relocatable);
	assert_int_equal(mb.reloc_min, 0x200000);
	assert_int_equal(mb.reloc_max, 0xffffffff);
	assert_int_equal(mb.reloc_align, 0x200000);
	assert_int_equal(mb.entry, LOAD + 0x80);
	assert_int_equal(mb.elf.loads[0].paddr, LOAD);
	assert_int_equal(mb.elf.loads[0].mem_size, 2 * FLAT_N);
	assert_int_equal(mb.elf.loads[0].data.n, FLAT_N);
	check_cuts(&multiboot2_parse_parser, file, FLAT_HEADER + 16);
	check_strangers(&multiboot2_parse_parser);
}

/* One tag in an ELF file: what comes of it. */
static const struct {
	struct tag tag;
	int r;
} tags[] = {
	{ { 1, 0, 16, { 4, 6 } }, 0 },		/* wants memory information */
	{ { 4, 0, 12, { 3 } }, 0 },		/* console */
	{ { 5, 0, 20, { 1024, 768, 32 } }, 0 }, /* framebuffer */
	{ { 7, 0, 8 }, -EOPNOTSUPP },		/* EFI boot services still running */
	{ { 7, 1, 8 }, 0 },			/* the same, optional: Xen */
	{ { 9, 0, 12, { 0x200000 } }, 0 },	/* another entry for EFI */
	{ { 11, 0, 8 }, -EOPNOTSUPP },		/* not defined */
	{ { 11, 1, 8 }, 0 },
	{ { 3, 0, 12, { 0x100008 } }, 0 },
	{ { 3, 0, 12, { 0x100010 } }, -EBADMSG },	  /* outside the segments */
	{ { 3, 0, 8 }, -EBADMSG },			  /* cut short */
	{ { 2, 0, 24, { LOAD, LOAD, 0, 0 } }, -EBADMSG }, /* addresses, no entry */
	{ { 2, 0, 20, { LOAD, LOAD, 0 } }, -EBADMSG },
	{ { 10, 0, 24, { 2, 1, 1, 0 } }, -EBADMSG }, /* min above max */
	{ { 10, 0, 24, { 1, 2, 3, 0 } }, -EBADMSG }, /* no power of two */
	{ { 10, 0, 24, { 1, 2, 0, 0 } }, -EBADMSG },
	{ { 6, 0, 7 }, -EBADMSG }, /* shorter than its own header */
	{ { 6, 0, 0 }, -EBADMSG },
	{ { 6, 0, 0xffffffff }, -EBADMSG },
	{ { 6, 0, 0xfffffff8 }, -EBADMSG },
};

static void test_tags(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		uint8_t b[ELF_N + MB2_TAGS_MAX] = { 0 };
		struct tag tag = tags[i].tag;
		int r;

		/* A wrong length goes in afterwards, so that the header is as long as it says. */
		if (tag.n < 8 || tag.n > MB2_TAGS_MAX)
			tag.n = 8;
		(void)make_elf(b, false);
		(void)put_header2(b, ELF_HEADER_AT, &tag, 1);
		put(b, ELF_HEADER_AT + 16 + 4, 4, tags[i].tag.n);
		r = parse_strictly(&multiboot2_parse_parser, (struct bytes){ b, sizeof(b) }, NULL,
				   0);
		if (r != tags[i].r)
			fail_msg("tag %zu: %d, expected %d", i, r, tags[i].r);
	}
}

static void test_header2(void **state)
{
	uint8_t b[33000] = { 0 };
	struct bytes file = { b, sizeof(b) };
	struct multiboot mb;
	size_t n;

	/* the whole header lies in the first 32768 bytes, at a multiple of 8 */
	(void)make_elf(b, false);
	n = put_header2(b, 32768 - 24, NULL, 0);
	assert_int_equal(n, 24);
	assert_int_equal(multiboot2_parse(file, &mb, NULL), 0);
	assert_int_equal(mb.entry, 0x100004);
	assert_false(mb.relocatable);
	put(b, 32768 - 24, 4, 0);
	(void)put_header2(b, 32768 - 16, NULL, 0);
	assert_int_equal(multiboot2_parse(file, &mb, NULL), -EBADMSG);
	put(b, 32768 - 16, 4, 0);
	(void)put_header2(b, 1020, NULL, 0);
	assert_int_equal(multiboot2_parse(file, &mb, NULL), -ENOEXEC);

	/* no end tag */
	put(b, 1020, 4, 0);
	(void)put_header2(b, 1024, NULL, 0);
	put(b, 1024 + 16, 2, 6);
	assert_int_equal(multiboot2_parse(file, &mb, NULL), -EBADMSG);

	/* MIPS */
	(void)put_header2(b, 1024, NULL, 0);
	put(b, 1024 + 4, 4, 4);
	put(b, 1024 + 12, 4, 0u - (0xe85250d6u + 24 + 4));
	assert_int_equal(multiboot2_parse(file, &mb, NULL), -ENOEXEC);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_flat1),	      cmocka_unit_test(test_flat1_cuts),
		cmocka_unit_test(test_flat1_changes), cmocka_unit_test(test_flags1),
		cmocka_unit_test(test_position1),     cmocka_unit_test(test_elf1),
		cmocka_unit_test(test_flat2),	      cmocka_unit_test(test_tags),
		cmocka_unit_test(test_header2),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
