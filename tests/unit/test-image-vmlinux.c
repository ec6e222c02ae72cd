// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values: System V ABI; arch/x86/tools/relocs.c and boot/compressed/{misc,kaslr}.c of Linux 6.12 (three
 * lists) and 7.2 (two). */
#include "image/x86_64/vmlinux.h"

#include "tests/unit/vmlinux-make.h"

#define SLIDE UINT64_C(0x1c600000)

DEFINE_PARSER(vmlinux_parse, struct vmlinux);

/* Parses, lays out and takes the table apart. @image has VM_SPAN bytes. */
static int prepare(struct bytes file, uint8_t *image, struct vmlinux *v,
		   struct vmlinux_relocs *relocs, struct kx_error *err)
{
	assert_int_equal(vmlinux_parse(file, v, err), 0);
	assert_int_equal(v->end - v->start, VM_SPAN);
	memset(image, 0, VM_SPAN);
	vmlinux_lay_out(v, image);
	return vmlinux_find_relocs(v, image, relocs, err);
}

static uint64_t value(const uint8_t *image, size_t at, unsigned width)
{
	uint64_t v = 0;

	for (unsigned i = width; i-- > 0;)
		v = v << 8 | image[at + i];
	return v;
}

static void test_slide(void **state)
{
	uint8_t *image = malloc(VM_SPAN), *before = malloc(VM_SPAN);

	assert_non_null(image);
	assert_non_null(before);
	for (int inverse = 0; inverse < 2; inverse++) {
		uint8_t b[VM_N];
		struct vmlinux_relocs relocs;
		struct vmlinux v;

		assert_int_equal(prepare(make_vmlinux(b, inverse), image, &v, &relocs, NULL), 0);
		assert_int_equal(v.start, VM_START);
		assert_int_equal(v.elf.entry, VM_ENTRY);
		assert_int_equal(relocs.subtract32.n, inverse ? 4 : 0);
		/* 1 GiB - 16 MiB - 4 MiB, in steps of 2 MiB, and the place at the start */
		assert_int_equal(relocs.slots, 1 + (1024 - 16 - 4) / 2);
		memcpy(before, image, VM_SPAN);
		vmlinux_slide(&v, &relocs, 0, image);
		assert_memory_equal(image, before, VM_SPAN);
		vmlinux_slide(&v, &relocs, SLIDE, image);
		assert_true(value(image, 16, 8) == VM_ADDRESS + SLIDE);
		assert_true(value(image, VM_SECOND + 8, 8) == VM_ADDRESS_2 + SLIDE);
		assert_int_equal(value(image, 32, 4), 0x81000010 + SLIDE);
		assert_int_equal(value(image, 36, 4), 0x81200000 + SLIDE);
		assert_int_equal(value(image, 40, 4), VM_NEGATIVE - (inverse ? SLIDE : 0));
		/* nothing else */
		put(image, 16, 8, VM_ADDRESS);
		put(image, VM_SECOND + 8, 8, VM_ADDRESS_2);
		put(image, 32, 4, 0x81000010);
		put(image, 36, 4, 0x81200000);
		put(image, 40, 4, VM_NEGATIVE);
		assert_memory_equal(image, before, VM_SPAN);
	}
	free(before);
	free(image);
}

static const struct change changes[] = {
	{ 0, 1, 0x7e, -EBADMSG, "not an ELF" },
	{ 4, 1, 1, -EBADMSG, NULL },
	{ 16, 2, 3, -EBADMSG, "executable" },
	{ 18, 2, 183, -EBADMSG, "x86_64" },
	{ 24, 8, VM_START + 64, -EBADMSG, "entry point" },
	{ 24, 8, 0xffffffff81000000, 0, NULL }, /* virtual, as the ELF document has it */
	/* p_paddr: not in steps of 2 MiB; the other one a gigabyte away */
	{ ELF64_HEADER + 24, 8, VM_START + 0x1000, -EBADMSG, NULL },
	{ ELF64_HEADER + ELF64_PH + 24, 8, VM_START + 0x40000000, -EBADMSG, "no place" },
	/* e_shoff, e_shnum */
	{ 40, 8, VM_N + 1, -EBADMSG, "section headers" },
	{ 60, 2, 2, -EBADMSG, "section headers" }, /* they would end behind the file */
};

static void test_changes(void **state)
{
	uint8_t b[VM_N];

	check_changes(&vmlinux_parse_parser, make_vmlinux(b, false), changes,
		      sizeof(changes) / sizeof(changes[0]));
}

/* Words of the table with three lists changed: { 0, a, b, 0, c, 0, d, e }. */
static void test_tables(void **state)
{
	static const struct {
		size_t word;
		uint32_t value;
		int r;
		const char *says;
	} tables[] = {
		{ 0, 1, -EBADMSG, "instead of 0" },
		{ 1, 0, -EBADMSG, "more than three" },
		{ 3, 0x81200010, -EBADMSG, NULL }, /* two lists, the first of four: wrong values */
		{ 5, 0x8100002c, -EBADMSG, NULL }, /* two lists: a negative number among them */
		{ 6, 0, -EBADMSG, "more than three" },
		/* order, twice the same, before the kernel, behind it, its last bytes */
		{ 1, 0x81200009, -EBADMSG, "out of order" },
		{ 1, 0x81200008, -EBADMSG, "out of order" },
		{ 1, 0x80ffffff, -EBADMSG, "outside" },
		{ 1, 0x00000010, -EBADMSG, "outside" },
		{ 2, 0x81201000, -EBADMSG, "outside" },
		{ 2, 0x81200ff9, -EBADMSG, "outside" },
		{ 7, 0x81200ffd, -EBADMSG, "outside" },
		/* what is there is no address */
		{ 2, 0x81200010, -EBADMSG, "hold addresses" },
		{ 7, 0x81000034, 0, NULL }, /* 0x90909090: could be one */
		{ 7, 0x81000028, -EBADMSG, "hold addresses" },
		/* an address where there must be none */
		{ 4, 0x81000020, -EBADMSG, "downwards" },
	};
	uint8_t b[VM_N], *image = malloc(VM_SPAN);

	assert_non_null(image);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct bytes file = make_vmlinux(b, true);
		struct vmlinux_relocs relocs = { .slots = 77 };
		struct kx_error err = { 0 };
		struct vmlinux v;
		int r;

		put(b, VM_TABLE + 4 * tables[i].word, 4, tables[i].value);
		r = prepare(file, image, &v, &relocs, &err);
		if (r != tables[i].r || err.code != r ||
		    (tables[i].says && !strstr(err.message, tables[i].says)))
			fail_msg("table %zu: %d \"%s\"", i, r, err.message);
		assert_true(r == 0 || relocs.slots == 77);
	}
	free(image);
}

/* No table at all, one of zeros, one cut off inside a word. */
static void test_no_table(void **state)
{
	uint8_t b[VM_N], *image = malloc(VM_SPAN);
	struct vmlinux_relocs relocs;
	struct bytes file = make_vmlinux(b, true);
	struct vmlinux v;

	assert_non_null(image);
	file.n = VM_TABLE;
	assert_int_equal(prepare(file, image, &v, &relocs, NULL), -ENODATA);
	for (size_t n = 1; n < VM_TABLE_3 - 4; n++) {
		file.n = VM_TABLE + n;
		/* down to the first place of the last list, the table is one */
		assert_int_equal(prepare(file, image, &v, &relocs, NULL), -EBADMSG);
	}
	memset(b + VM_TABLE, 0, VM_TABLE_3);
	file.n = VM_TABLE + 12;
	assert_int_equal(prepare(file, image, &v, &relocs, NULL), -EBADMSG);
	free(image);
}

/* The kernel maps the first GiB of its addresses, and itself in it. */
static void test_too_high(void **state)
{
	uint8_t b[VM_N], *image = malloc(VM_SPAN);
	struct vmlinux_relocs relocs;
	struct kx_error err = { 0 };
	struct vmlinux v;

	assert_non_null(image);
	assert_int_equal(prepare(make_vmlinux(b, true), image, &v, &relocs, NULL), 0);
	v.end += (UINT64_C(1) << 30) - v.start;
	v.start = UINT64_C(1) << 30;
	assert_int_equal(vmlinux_find_relocs(&v, image, &relocs, &err), -EBADMSG);
	assert_non_null(strstr(err.message, "none can map itself"));
	free(image);
}

static int unpack(struct bytes payload, struct kx_error *err)
{
	const struct bzimage bz = { .payload = payload };
	size_t n = 0;
	int r = vmlinux_size(&bz, &n, err);
	uint8_t *file;

	if (r < 0) {
		assert_true(!n && err->code == r);
		return r;
	}
	/* exactly the room that it asks for: AddressSanitizer sees one byte more */
	file = malloc(n + 1);
	assert_non_null(file);
	r = vmlinux_unpack(&bz, &(struct room){ file, n + 1, NULL }, n, err);
	if (r == 0)
		assert_int_equal(n, VM_TABLE + VM_TABLE_2);
	else
		assert_int_equal(err->code, r);
	free(file);
	return r;
}

static void test_unpack(void **state)
{
	uint8_t b[VM_N], packed[VM_N + GZIP_EXTRA + 4];
	struct bytes file = make_vmlinux(b, false), payload = make_gzip(packed, file);
	struct kx_error err;

	assert_int_equal(unpack(payload, &err), 0);
	/* the size once more, as behind every other format; then a wrong one: smaller, larger */
	put(packed, payload.n, 4, file.n);
	assert_int_equal(unpack((struct bytes){ packed, payload.n + 4 }, &err), 0);
	put(packed, payload.n, 4, file.n - 1);
	assert_int_equal(unpack((struct bytes){ packed, payload.n + 4 }, &err), -ENODATA);
	put(packed, payload.n, 4, file.n + 1);
	assert_int_equal(unpack((struct bytes){ packed, payload.n + 4 }, &err), -ENODATA);
	assert_int_equal(unpack(file, &err), -ENODATA);
	assert_int_equal(unpack((struct bytes){ NULL, 0 }, &err), -ENODATA);
	packed[15 + 100] ^= 1;
	assert_int_equal(unpack(payload, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slide),	 cmocka_unit_test(test_changes),
		cmocka_unit_test(test_tables),	 cmocka_unit_test(test_no_table),
		cmocka_unit_test(test_too_high), cmocka_unit_test(test_unpack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
