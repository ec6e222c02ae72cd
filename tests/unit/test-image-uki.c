// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values: Microsoft "PE Format"; Unified Kernel Image specification (UAPI.5); os-release(5). */
#include "entry/uki.h"
#include "image/pe.h"
#include "tests/unit/image-make.h"

DEFINE_PARSER(uki_parse, struct uki);

enum {
	PE_AT = 0x80,
	COFF_AT = PE_AT + 4,
	OPTIONAL_N = 0xf0,
	TABLE_AT = COFF_AT + 20 + OPTIONAL_N,
	DATA_AT = 0x400,
	RAW_N = 0x40, /* file alignment of these tests */
	SECTIONS_MAX = 12,
	PE_N = DATA_AT + SECTIONS_MAX * RAW_N,
};

struct section {
	const char *name;
	const char *text;
};

/* Sections in the order given; raw sizes are padded, virtual sizes are not. */
static struct bytes make_pe(uint8_t *b, const struct section *sections, size_t n)
{
	assert_true(n <= SECTIONS_MAX);
	memset(b, 0, PE_N);
	put_text(b, 0, "MZ");
	put(b, 0x3c, 4, PE_AT);
	put_text(b, PE_AT, "PE");
	put(b, COFF_AT, 2, 0x8664);
	put(b, COFF_AT + 2, 2, n);
	put(b, COFF_AT + 16, 2, OPTIONAL_N);
	for (size_t i = 0; i < n; i++) {
		size_t at = TABLE_AT + 40 * i;

		memcpy(b + at, sections[i].name, strnlen(sections[i].name, 8));
		put(b, at + 8, 4, strlen(sections[i].text));
		put(b, at + 16, 4, RAW_N);
		put(b, at + 20, 4, DATA_AT + i * RAW_N);
		put_text(b, DATA_AT + i * RAW_N, sections[i].text);
	}
	return (struct bytes){ b, DATA_AT + n * RAW_N };
}

/* Whether the whole file has a section .linux is known from its first bytes, or not known. */
static void test_head(void **state)
{
	static const struct section image[] = { { ".osrel", "ID=debian" }, { ".linux", "kernel" } };
	static const struct section kernel[] = { { ".setup", "real mode" }, { ".text", "code" } };
	uint8_t b[PE_N];
	struct bytes file = make_pe(b, image, ARRAY_SIZE(image));

	assert_true(sizeof(b) >= UKI_HEAD_N);
	assert_true(uki_may_have_linux((struct bytes){ b, UKI_HEAD_N }));
	put(b, 0x3c, 4, UKI_HEAD_N - 2); /* the header begins here and ends behind the head */
	assert_true(uki_may_have_linux((struct bytes){ b, UKI_HEAD_N }));
	put(b, 0x3c, 4, UKI_HEAD_N + 16);
	assert_true(uki_may_have_linux((struct bytes){ b, UKI_HEAD_N }));
	assert_false(uki_may_have_linux((struct bytes){ b, UKI_HEAD_N - 1 })); /* all of the file */

	file = make_pe(b, kernel, ARRAY_SIZE(kernel));
	assert_false(uki_may_have_linux((struct bytes){ b, UKI_HEAD_N }));
	put(b, COFF_AT + 2, 2, 30); /* a table that ends behind the head */
	assert_true(uki_may_have_linux((struct bytes){ b, UKI_HEAD_N }));
	put_text(b, 0, "no");
	assert_false(uki_may_have_linux(file));
	assert_false(uki_may_have_linux((struct bytes){ b, 0 }));
}

static void check_text(struct bytes b, const char *text)
{
	if (!text) {
		assert_null(b.p);
		return;
	}
	assert_non_null(b.p);
	assert_int_equal(b.n, strlen(text));
	assert_memory_equal(b.p, text, b.n);
}

static void test_whole(void **state)
{
	static const struct section sections[] = {
		{ ".sbat", "sbat,1" },	    { ".osrel", "ID=debian\nPRETTY_NAME=\"Debian 13\"\n" },
		{ ".initrd", "main" },	    { ".cmdline", "root=/dev/sda1 quiet \n" },
		{ ".ucode", "microcode" },  { ".uname", "6.12.1-amd64\n" },
		{ ".linux", "the kernel" }, { ".initrd", "second" },
		{ ".dtb", "tree" },	    { ".initrd", "" },
	};
	uint8_t b[PE_N];
	struct uki uki;
	char *title;

	assert_int_equal(uki_parse(make_pe(b, sections, ARRAY_SIZE(sections)), &uki, NULL), 0);
	check_text(uki.linux_image, "the kernel");
	check_text(uki.cmdline, "root=/dev/sda1 quiet");
	check_text(uki.uname, "6.12.1-amd64");
	check_text(uki.devicetree, "tree");
	assert_int_equal(uki.n_initrds, 3);
	check_text(uki.initrds[0], "microcode");
	check_text(uki.initrds[1], "main");
	check_text(uki.initrds[2], "second");
	assert_false(uki.has_profiles);
	assert_int_equal(uki_title(&uki, &title), 0);
	assert_string_equal(title, "Debian 13");
	free(title);
}

static void test_least(void **state)
{
	static const struct section sections[] = { { ".linux", "k" } };
	uint8_t b[PE_N];
	struct uki uki;
	char *title = NULL;

	assert_int_equal(uki_parse(make_pe(b, sections, 1), &uki, NULL), 0);
	check_text(uki.cmdline, NULL);
	check_text(uki.uname, NULL);
	check_text(uki.devicetree, NULL);
	assert_int_equal(uki.n_initrds, 0);
	assert_int_equal(uki_title(&uki, &title), -ENOENT);
	assert_null(title);
}

/* Names fill eight bytes: ".cmdlineX" is cut by the linker, ".linuxfoo" is another section. */
static void test_names(void **state)
{
	static const struct section sections[] = {
		{ ".linuxfo", "no" },
		{ ".linu", "no" },
		{ ".cmdline-of-old", "yes" },
		{ ".linux", "k" },
	};
	uint8_t b[PE_N];
	struct uki uki;

	assert_int_equal(uki_parse(make_pe(b, sections, ARRAY_SIZE(sections)), &uki, NULL), 0);
	check_text(uki.linux_image, "k");
	check_text(uki.cmdline, "yes");
}

/* Everything up to the last byte that is used counts; padding behind it may be missing. */
static void test_cuts(void **state)
{
	static const struct section sections[] = { { ".cmdline", "quiet" },
						   { ".linux", "kernel" } };
	uint8_t b[PE_N];
	struct bytes file = make_pe(b, sections, 2);

	file.n = DATA_AT + RAW_N + strlen("kernel");
	check_cuts(&uki_parse_parser, file, PE_AT + 4);
	check_strangers(&uki_parse_parser);
}

static const struct change changes[] = {
	{ 0, 1, 'Z', -ENOEXEC, "not a PE" },
	{ PE_AT, 1, 'N', -ENOEXEC, "not a PE" },
	{ 0x3c, 4, 0xffffffff, -ENOEXEC, "not a PE" },
	{ COFF_AT + 2, 2, 0, -ENOEXEC, "without a .linux section" },
	{ COFF_AT + 2, 2, 1, -ENOEXEC, "without a .linux section" },
	{ COFF_AT + 2, 2, 100, -EBADMSG, "a table of 100 sections" },
	{ COFF_AT + 2, 2, 0xffff, -EBADMSG, "65535 sections" },
	{ COFF_AT + 16, 2, 0xffff, -EBADMSG, "a table of 2 sections" },
	/* .cmdline: virtual size, raw size, raw offset. The smaller size counts. */
	{ TABLE_AT + 8, 4, 0xffffffff, 0, NULL },
	{ TABLE_AT + 16, 4, 0xffffffff, 0, NULL },
	{ TABLE_AT + 20, 4, 0xffffffff, -EBADMSG, ".cmdline" },
	{ TABLE_AT + 20, 4, DATA_AT + 2 * RAW_N - 4, -EBADMSG, ".cmdline" },
	/* .linux */
	{ TABLE_AT + 40 + 8, 4, 0, -EBADMSG, "empty" },
	{ TABLE_AT + 40 + 20, 4, 0xfffffff0, -EBADMSG, ".linux" },
};

static void test_changes(void **state)
{
	static const struct section sections[] = { { ".cmdline", "quiet" },
						   { ".linux", "kernel" } };
	uint8_t b[PE_N];

	check_changes(&uki_parse_parser, make_pe(b, sections, 2), changes, ARRAY_SIZE(changes));
}

/* Microsoft "PE Format", optional header data directories: the fifth is the attribute certificate table. */
static void test_signed(void **state)
{
	static const struct section sections[] = { { ".linux", "kernel" } };
	static const struct {
		unsigned magic, optional_n, at;
		bool is_signed;
	} headers[] = {
		{ 0x20b, OPTIONAL_N, 112 + 36, true },	{ 0x10b, OPTIONAL_N, 96 + 36, true },
		{ 0x20b, OPTIONAL_N, 112 + 32, false }, /* an offset without a size */
		{ 0x20b, OPTIONAL_N, 112 + 28, false }, /* the one before: exceptions */
		{ 0x20b, OPTIONAL_N, 112 + 44, false }, /* the one after: relocations */
	};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		uint8_t b[PE_N];
		struct bytes file = make_pe(b, sections, 1);
		struct uki uki;

		put(b, COFF_AT + 20, 2, headers[i].magic);
		put(b, COFF_AT + 20 + headers[i].at, 4, 0x5c0);
		assert_int_equal(uki_parse(file, &uki, NULL), 0);
		assert_int_equal(uki.is_signed, headers[i].is_signed);
	}
}

/* A header that ends before the table has none, whatever lies behind it. */
static void test_signed_cut_off(void **state)
{
	uint8_t b[PE_N] = { 0 };
	struct pe pe;

	put_text(b, 0, "MZ");
	put(b, 0x3c, 4, PE_AT);
	put_text(b, PE_AT, "PE");
	put(b, COFF_AT + 20, 2, 0x20b);
	put(b, COFF_AT + 20 + 112 + 36, 4, 0x5c0);
	for (unsigned n = 0; n <= OPTIONAL_N; n++) {
		put(b, COFF_AT + 16, 2, n);
		assert_int_equal(pe_parse((struct bytes){ b, sizeof(b) }, &pe, NULL), 0);
		assert_int_equal(pe.is_signed, n >= 112 + 40);
	}
}

static void test_profiles(void **state)
{
	static const struct section sections[] = {
		{ ".linux", "kernel" },	      { ".cmdline", "base" },	 { ".initrd", "initrd" },
		{ ".uname", "6.1" },	      { ".profile", "ID=main" }, { ".cmdline", "first" },
		{ ".profile", "ID=factory" }, { ".cmdline", "second" },	 { ".initrd", "other" },
	};
	uint8_t b[PE_N];
	struct uki uki;

	assert_int_equal(uki_parse(make_pe(b, sections, ARRAY_SIZE(sections)), &uki, NULL), 0);
	assert_true(uki.has_profiles);
	check_text(uki.cmdline, "first");
	check_text(uki.uname, "6.1");
	assert_int_equal(uki.n_initrds, 1);
	check_text(uki.initrds[0], "initrd");

	/* a kernel that only a later profile has is not there by default */
	assert_int_equal(uki_parse(make_pe(b, sections + 5, 4), &uki, NULL), -ENOEXEC);
}

static const struct {
	const char *os_release, *title; /* NULL: none */
} titles[] = {
	{ "PRETTY_NAME=Debian\n", "Debian" },
	{ "PRETTY_NAME=Debian", "Debian" },
	{ "PRETTY_NAME='Debian GNU/Linux'\r\nID=x\n", "Debian GNU/Linux" },
	{ "ID=x\nPRETTY_NAME=\"a \\\"b\\\" \\$c\"\n", "a \"b\" $c" },
	{ "PRETTY_NAME=\"\"\n", "" },
	{ "PRETTY_NAME=a\nPRETTY_NAME=b\n", "b" },
	{ "#PRETTY_NAME=a\n", NULL },
	{ "XPRETTY_NAME=a\n", NULL },
	{ "PRETTY_NAMEX=a\n", NULL },
	{ "PRETTY_NAME\n=a", NULL },
	{ "", NULL },
};

static void test_titles(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		struct section sections[] = { { ".linux", "k" },
					      { ".osrel", titles[i].os_release } };
		uint8_t b[PE_N];
		struct uki uki;
		char *title = NULL;

		assert_int_equal(uki_parse(make_pe(b, sections, 2), &uki, NULL), 0);
		assert_int_equal(uki_title(&uki, &title), titles[i].title ? 0 : -ENOENT);
		if (titles[i].title)
			assert_string_equal(title, titles[i].title);
		free(title);
	}
}

static void test_cmdline(void **state)
{
	static const struct section sections[] = { { ".linux", "k" }, { ".cmdline", "\n \t\n" } };
	uint8_t b[PE_N];
	struct bytes file = make_pe(b, sections, 2);
	struct uki uki;

	assert_int_equal(uki_parse(file, &uki, NULL), 0);
	check_text(uki.cmdline, "");

	/* what stands behind a NUL no kernel would see */
	memcpy(b + DATA_AT + RAW_N, "a=b \0c=d", 8);
	put(b, TABLE_AT + 40 + 8, 4, 8);
	assert_int_equal(uki_parse(file, &uki, NULL), 0);
	check_text(uki.cmdline, "a=b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	 cmocka_unit_test(test_least),
		cmocka_unit_test(test_head),	 cmocka_unit_test(test_names),
		cmocka_unit_test(test_cuts),	 cmocka_unit_test(test_changes),
		cmocka_unit_test(test_signed),	 cmocka_unit_test(test_signed_cut_off),
		cmocka_unit_test(test_profiles), cmocka_unit_test(test_titles),
		cmocka_unit_test(test_cmdline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
