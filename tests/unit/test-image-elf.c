// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values: System V ABI, "Object Files". */
#include "tests/unit/image-make.h"

DEFINE_PARSER(elf_parse, struct elf);

static void test_whole(void **state)
{
	for (int is_64bit = 0; is_64bit < 2; is_64bit++) {
		uint8_t b[ELF_N];
		struct bytes file = make_elf(b, is_64bit);
		struct elf elf;

		assert_int_equal(elf_parse(file, &elf, NULL), 0);
		assert_int_equal(elf.is_64bit, is_64bit);
		assert_int_equal(elf.machine, is_64bit ? 62 : 3);
		assert_int_equal(elf.type, 2);
		assert_int_equal(elf.entry, 0x100004);
		assert_false(elf.is_linux);
		assert_int_equal(elf.n_loads, 2);
		assert_ptr_equal(elf.loads[0].data.p, b + ELF_DATA + 16);
		assert_int_equal(elf.loads[0].data.n, 16);
		assert_int_equal(elf.loads[0].paddr, 0x200000);
		assert_int_equal(elf.loads[0].vaddr, 0xc0200000);
		assert_int_equal(elf.loads[0].mem_size, 0x3000);
		assert_ptr_equal(elf.loads[1].data.p, b + ELF_DATA);
		assert_int_equal(elf.loads[1].paddr, 0x100000);
	}
}

/* Notes are optional, so the file may end where the segments do. */
static void test_cuts(void **state)
{
	for (int is_64bit = 0; is_64bit < 2; is_64bit++) {
		uint8_t b[ELF_N];
		struct bytes file = make_elf(b, is_64bit);

		file.n = ELF_DATA + 32;
		check_cuts(&elf_parse_parser, file, 4);
	}
}

/* Fields of the 64-bit file; the program headers start at 64, 120 and 176. */
static const struct change changes64[] = {
	{ 0, 1, 0x7e, -ENOEXEC, "not an ELF" },
	{ 4, 1, 0, -EBADMSG, "class 0" },
	{ 4, 1, 3, -EBADMSG, "class 3" },
	{ 5, 1, 2, -ENOEXEC, "big-endian" },
	{ 5, 1, 3, -EBADMSG, "byte order 3" },
	{ 6, 1, 0, -EBADMSG, "version 0" },
	/* ET_REL: a module; ET_CORE: a dump */
	{ 16, 2, 1, -ENOEXEC, "type 1" },
	{ 16, 2, 4, -ENOEXEC, "type 4" },
	{ 16, 2, 3, 0, NULL },
	/* the machine is left to the caller */
	{ 18, 2, 183, 0, NULL },
	/* e_entry */
	{ 24, 8, 0x100010, -EBADMSG, "entry point 0x100010" },
	{ 24, 8, 0, -EBADMSG, "entry point" },
	{ 24, 8, UINT64_MAX, -EBADMSG, "entry point" },
	{ 24, 8, 0xc0202fff, 0, NULL }, /* virtual */
	{ 24, 8, 0xc0203000, -EBADMSG, "entry point" },
	/* e_phoff, e_phentsize, e_phnum */
	{ 32, 8, UINT64_MAX, -EBADMSG, "program headers" },
	{ 32, 8, UINT64_MAX - 100, -EBADMSG, "program headers" },
	{ 32, 8, ELF_N - 3 * 56 + 1, -EBADMSG, "program headers" },
	{ 54, 2, 32, -EBADMSG, "of 32 bytes" },
	{ 54, 2, 0, -EBADMSG, "of 0 bytes" },
	{ 56, 2, 0, -ENOEXEC, "no program headers" },
	{ 56, 2, 0xffff, -EBADMSG, "65535 program headers" },
	{ 56, 2, 256, -EBADMSG, "256 program headers at 64" },
	/* no PT_LOAD at all is tested below; PT_INTERP anywhere */
	{ 176, 4, 3, -ENOEXEC, "dynamic linker" },
	/* first segment: offset, paddr, filesz, memsz */
	{ 72, 8, ELF_N - 15, -EBADMSG, "16 bytes at 545" },
	{ 72, 8, UINT64_MAX, -EBADMSG, "the file has 560" },
	{ 88, 8, 0xfff, -ENOEXEC, "a program, not a kernel" },
	{ 88, 8, 0, -ENOEXEC, "a program, not a kernel" },
	{ 88, 8, UINT64_MAX - 0x2ffe, -EBADMSG, "end of the address space" },
	{ 88, 8, 0xffff0, -EBADMSG, "overlap" },
	{ 96, 8, 0x3001, -EBADMSG, "only 12288 in memory" },
	{ 96, 8, UINT64_MAX, -EBADMSG, "in memory" },
	{ 104, 8, 15, -EBADMSG, "only 15 in memory" },
	{ 104, 8, UINT64_MAX, -EBADMSG, "end of the address space" },
	/* second segment inside, at the ends of, and around the first */
	{ 144, 8, 0x200000, -EBADMSG, "overlap" },
	{ 144, 8, 0x202fff, -EBADMSG, "overlap" },
	{ 144, 8, 0x1ffff1, -EBADMSG, "overlap" },
	{ 160, 8, 0x100001, -EBADMSG, "overlap" },
	{ 160, 8, 0x100000, 0, NULL },
};

static void test_changes(void **state)
{
	uint8_t b[ELF_N];

	check_changes(&elf_parse_parser, make_elf(b, true), changes64, ARRAY_SIZE(changes64));
}

static void test_changes32(void **state)
{
	/* program headers at 52, 84, 116; p_paddr at +12, p_filesz +16, p_memsz +20 */
	static const struct change changes32[] = {
		{ 42, 2, 56, -EBADMSG, "of 56 bytes" },
		{ 64, 4, 0xffffd000, 0, NULL },
		{ 64, 4, 0xffffd001, -EBADMSG, "end of the address space" },
		{ 72, 4, 0xffffffff, -EBADMSG, "end of the address space" },
		{ 68, 4, 0xffffffff, -EBADMSG, "in memory" },
		{ 56, 4, 0xffffffff, -EBADMSG, "but the file has" },
		{ 28, 4, 0xffffffff, -EBADMSG, "program headers" },
	};
	uint8_t b[ELF_N];

	check_changes(&elf_parse_parser, make_elf(b, false), changes32, ARRAY_SIZE(changes32));
}

static void test_strangers(void **state)
{
	check_strangers(&elf_parse_parser);
}

static void test_virtual_entry(void **state)
{
	uint8_t b[ELF_N];
	struct bytes file = make_elf(b, true);
	struct elf elf;

	put(b, 24, 8, 0xc0100008);
	assert_int_equal(elf_parse(file, &elf, NULL), 0);
	assert_int_equal(elf.entry, 0x100008);
}

static void test_no_load(void **state)
{
	uint8_t b[ELF_N];
	struct bytes file = make_elf(b, true);
	struct elf elf;

	put(b, 64, 4, 4);
	put(b, 120, 4, 4);
	assert_int_equal(elf_parse(file, &elf, NULL), -ENOEXEC);
}

/* 65 segments of one byte: one more than there is room for. */
static void test_too_many(void **state)
{
	uint8_t b[64 + 65 * 56 + 1] = { 0 };
	struct bytes file = { b, sizeof(b) };
	uint8_t small[ELF_N];
	struct elf elf;

	(void)make_elf(small, true);
	memcpy(b, small, 64);
	put(b, 24, 8, 0x100000);
	for (size_t i = 0; i < 65; i++)
		put_segment(b, true, i,
			    (struct made_segment){ 1, sizeof(b) - 1, 0, 0x100000 + i, 1, 1 });
	put(b, 56, 2, ELF_SEGMENTS_MAX);
	assert_int_equal(elf_parse(file, &elf, NULL), 0);
	assert_int_equal(elf.n_loads, ELF_SEGMENTS_MAX);
	put(b, 56, 2, 65);
	assert_int_equal(elf_parse(file, &elf, NULL), -EBADMSG);
}

/* A note: name size, description size, type, name, description, each padded to 4 bytes. */
static size_t put_note(uint8_t *b, size_t off, const char *owner, uint32_t type, uint32_t desc_n)
{
	put(b, off, 4, strlen(owner) + 1);
	put(b, off + 4, 4, desc_n);
	put(b, off + 8, 4, type);
	put_text(b, off + 12, owner);
	return off + 12 + ((strlen(owner) + 4) & ~(size_t)3) + ((desc_n + 3) & ~3u);
}

static const struct {
	const char *owner;
	uint32_t type;
	int r;
	bool is_linux;
} notes[] = {
	{ "Linux", 0x100, 0, true },   /* build salt */
	{ "Linux", 0x101, 0, true },   /* LTO */
	{ "Linux", 0, 0, false },      /* as in a vDSO */
	{ "Xen", 6, 0, false },	       /* any guest of Xen */
	{ "GNU", 3, 0, false },	       /* build id: Xen itself has it */
	{ "GNU", 1, -ENOEXEC, false }, /* ABI tag: a program */
	{ "FreeBSD", 0x100, 0, false },
};

static void test_notes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		uint8_t b[ELF_N + 64] = { 0 };
		struct bytes file = { b, sizeof(b) };
		struct elf elf = { .is_linux = !notes[i].is_linux };
		size_t end;

		(void)make_elf(b, true);
		/* behind another note, whose description has to be skipped */
		end = put_note(b, ELF_DATA + 32, "Xen", 7, 5);
		end = put_note(b, end, notes[i].owner, notes[i].type, 1);
		put(b, 176 + 32, 8, end - (ELF_DATA + 32));
		assert_int_equal(elf_parse(file, &elf, NULL), notes[i].r);
		if (notes[i].r == 0)
			assert_int_equal(elf.is_linux, notes[i].is_linux);

		/* a first note with a length beyond the segment hides the second one */
		put(b, ELF_DATA + 32 + 4, 4, 0xffffffff);
		assert_int_equal(elf_parse(file, &elf, NULL), 0);
		assert_false(elf.is_linux);
	}
}

/* Without notes: the banner, in a segment mapped as kernels are. */
static void test_banner(void **state)
{
	static const struct {
		bool is_64bit;
		uint64_t vaddr;
		const char *text;
		bool is_linux;
	} cases[] = {
		{ true, 0xffffffff81000000, "Linux version 6.1", true },
		{ true, 0xffffffff81000000, "Linus version 6.1", false },
		{ true, 0x400000, "Linux version 6.1", false }, /* a program that prints it */
		{ false, 0xc1000000, "Linux version 2.6", true },
		{ false, 0x08048000, "Linux version 2.6", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t b[ELF_N + 64] = { 0 };
		struct bytes file = { b, sizeof(b) };
		struct elf elf;

		(void)make_elf(b, cases[i].is_64bit);
		put_segment(b, cases[i].is_64bit, 0,
			    (struct made_segment){ 1, ELF_N, cases[i].vaddr, 0x1000000, 64, 64 });
		put_text(b, ELF_N + 7, cases[i].text);
		assert_int_equal(elf_parse(file, &elf, NULL), 0);
		assert_int_equal(elf.is_linux, cases[i].is_linux);
	}
}

/* The test itself and the shell are programs of this machine, not kernels. */
static void test_programs(void **state)
{
	static const char *const paths[] = { "/proc/self/exe", "/bin/sh" };
	static uint8_t b[32 << 20];

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		FILE *f = fopen(paths[i], "rbe");
		struct elf elf;
		size_t n;

		assert_non_null(f);
		n = fread(b, 1, sizeof(b), f);
		fclose(f);
		assert_true(n > 1000 && n < sizeof(b));
		assert_int_equal(elf_parse((struct bytes){ b, n }, &elf, NULL), -ENOEXEC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	  cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_changes),	  cmocka_unit_test(test_changes32),
		cmocka_unit_test(test_strangers), cmocka_unit_test(test_virtual_entry),
		cmocka_unit_test(test_no_load),	  cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_notes),	  cmocka_unit_test(test_banner),
		cmocka_unit_test(test_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
