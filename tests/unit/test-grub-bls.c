// SPDX-License-Identifier: LGPL-2.1-or-later
/* blscfg, after commands/blscfg.c of rhboot/grub2 and commands/blsuki.c of GRUB 2.14. */
#include <stdio.h>
#include <string.h>

#include "entry/grub/bls-version.h"
#include "entry/grub/grub.h"
#include "tests/fake/mem-fs.h"
#include "tests/unit/cmocka-shim.h"

struct config {
	struct mem_fs fs;
	struct grub_result result;
};

static void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	mem_fs_init(&c->fs);
	mem_fs_add_text(&c->fs, "", "/vmlinuz-6.5", "k");
	mem_fs_add_text(&c->fs, "", "/vmlinuz-6.10", "k");
	mem_fs_add_text(&c->fs, "", "/initrd-6.5", "i");
	mem_fs_add_text(&c->fs, "", "/initrd-6.10", "i");
	mem_fs_add_text(&c->fs, "", "/tuned.img", "i");
	mem_fs_add_text(&c->fs, "", "/early.cpio", "i");
	mem_fs_add_text(
		&c->fs, "", "/loader/entries/m-6.5-1.conf",
		"title Old\nversion 6.5\nlinux /vmlinuz-6.5\ninitrd /initrd-6.5 $tuned_initrd\n"
		"options $kernelopts rhgb $tuned_params\n\ntitle never\n");
	mem_fs_add_text(&c->fs, "", "/loader/entries/m-6.10-1.conf",
			"# comment\ntitle New\nlinux /vmlinuz-6.10\ninitrd /initrd-6.10\n");
	mem_fs_add_text(&c->fs, "", "/loader/entries/no-kernel.conf", "title None\n");
	mem_fs_add_text(&c->fs, "", "/loader/entries/.hidden.conf", "linux /vmlinuz-6.5\n");
}

static void evaluate(struct config *c, enum grub_flavour flavour, const char *text)
{
	struct grub_request req = { .flavour = flavour,
				    .config = "/grub2/grub.cfg",
				    .device = "hd0,gpt2" };
	struct kx_error err = { 0 };

	mem_fs_add_text(&c->fs, "", "/grub2/grub.cfg", text);
	if (grub_eval(&req, &c->fs.fs, &c->result, &err) < 0)
		fail_msg("%s", err.message);
}

static void config_done(struct config *c)
{
	grub_result_done(&c->result);
	mem_fs_done(&c->fs);
}

static const struct boot_entry *find(const struct config *c, const char *id)
{
	for (size_t i = 0; i < c->result.menu.n_entries; i++)
		if (!strcmp(c->result.menu.entries[i].id, id))
			return &c->result.menu.entries[i];
	fail_msg("no entry %s", id);
	return NULL;
}

static void test_rh(void **state)
{
	const struct boot_entry *e;
	struct config c;

	config_init(&c);
	evaluate(
		&c, GRUB_RH,
		"kernelopts='root=UUID=1 ro'\ndefault_kernelopts=fallback\nearly_initrd=early.cpio\n"
		"tuned_params=skew=1\ntuned_initrd=\"($root)/tuned.img\"\n"
		"default=m-6.5-1\nblscfg\nfunction load_video { true; }\n");
	assert_int_equal(c.result.menu.n_entries, 2);
	assert_string_equal(c.result.menu.entries[0].id, "m-6.10-1");
	assert_int_equal(c.result.menu.default_index, 1);
	e = find(&c, "m-6.5-1");
	assert_string_equal(e->title, "Old");
	assert_string_equal(e->kernel, "/vmlinuz-6.5");
	assert_string_equal(e->cmdline,
			    "BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.5 root=UUID=1 ro rhgb skew=1");
	assert_int_equal(e->initrds.n, 3);
	assert_string_equal(e->initrds.v[0], "/early.cpio");
	assert_string_equal(e->initrds.v[1], "/initrd-6.5");
	assert_string_equal(e->initrds.v[2], "/tuned.img");
	assert_string_equal(e->source.kind, "bls");
	assert_string_equal(e->source.file, "/loader/entries/m-6.5-1.conf");
	e = find(&c, "m-6.10-1");
	assert_string_equal(e->cmdline, "BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.10 fallback");
	config_done(&c);
}

static void test_rh_forms(void **state)
{
	struct config c;

	config_init(&c);
	evaluate(
		&c, GRUB_RH,
		"default=m-6.5-1\nsubmenu s { blscfg non-default; }\nblscfg default\nblscfg m-6.10-1\n"
		"blscfg (hd0,gpt2)/loader/entries/m-6.5-1.conf\n");
	/* What is in a menu already is not put there again, and a submenu is made when it is opened:
	 * this one is empty then. */
	assert_int_equal(c.result.menu.n_entries, 3);
	assert_string_equal(c.result.menu.entries[0].id, "s");
	assert_false(c.result.menu.entries[0].bootable);
	assert_string_equal(c.result.menu.entries[1].id, "m-6.5-1");
	assert_string_equal(c.result.menu.entries[2].id, "m-6.10-1");
	config_done(&c);
}

/* Red Hat's reader of `options` (expand_val() in commands/blscfg.c of the packages of Fedora 41 to
 * 45), with default_kernelopts as DKO, xx=v and yy=w. */
static void test_rh_options(void **state)
{
	static const struct {
		const char *options, *line; /* behind BOOT_IMAGE= */
	} rows[] = {
		{ "root=/dev/x memmap=64K\\$0x1f00000 quiet",
		  " root=/dev/x memmap=64K$0x1f00000 quiet" },
		{ "a\\$xx b", " a$xx b" },
		{ "$kernelopts", " DKO" },
		{ "$none $other", "" },
		{ "$none quiet", " quiet" },
		{ "$none$xx", " DKO" },
		{ "quiet $none$xx", " quiet v" },
		{ "$xx$yy", " v w" },
		{ "$xx,a", " v ,a" },
		{ "ro $xx", " ro v" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct boot_entry *e;
		char text[256];
		struct config c;

		config_init(&c);
		(void)snprintf(text, sizeof(text), "title T\nlinux /vmlinuz-6.5\noptions %s\n",
			       rows[i].options);
		mem_fs_add_text(&c.fs, "", "/loader/entries/o.conf", text);
		evaluate(&c, GRUB_RH, "default_kernelopts=DKO\nxx=v\nyy=w\nblscfg o\n");
		e = find(&c, "o");
		if (strncmp(e->cmdline, "BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.5", 33) != 0 ||
		    strcmp(e->cmdline + 33, rows[i].line) != 0)
			fail_msg("row %zu: \"%s\"", i, e->cmdline);
		config_done(&c);
	}
}

/* Carriage returns, the key `efi`, numbers in $default, empty words of early_initrd. */
static void test_rh_more(void **state)
{
	const struct boot_entry *e;
	struct config c;

	config_init(&c);
	mem_fs_add_text(&c.fs, "", "/efi/u.efi", "u");
	mem_fs_add_text(&c.fs, "", "/loader/entries/m-7.conf", "title E\r\nefi /e\rfi/u.efi\r\n");
	/* counted are all files, also no-kernel.conf, which is the first and makes no entry */
	evaluate(&c, GRUB_RH, "default='2>0'\nearly_initrd='a  b'\nblscfg default\nblscfg\n");
	assert_int_equal(c.result.menu.n_entries, 3);
	assert_string_equal(c.result.menu.entries[0].title, "New");
	e = &c.result.menu.entries[1];
	assert_string_equal(e->title, "E");
	assert_int_equal(e->type, ENTRY_CHAINLOAD);
	assert_string_equal(e->kernel, "/efi/u.efi");
	e = find(&c, "m-6.5-1");
	assert_true(e->initrds.n >= 3);
	assert_string_equal(e->initrds.v[0], "/a");
	assert_string_equal(e->initrds.v[1], "/");
	assert_string_equal(e->initrds.v[2], "/b");
	config_done(&c);
}

static void test_upstream(void **state)
{
	const struct boot_entry *e;
	struct config c;

	config_init(&c);
	evaluate(&c, GRUB_UPSTREAM,
		 "kernelopts=a\ntuned_initrd=/tuned.img\nblscfg\ndefault=m-6.5-1\n");
	/* 2.14 takes hidden files too. */
	assert_int_equal(c.result.menu.n_entries, 3);
	e = find(&c, "m-6.5-1");
	assert_string_equal(e->cmdline, "BOOT_IMAGE=/vmlinuz-6.5 a rhgb");
	assert_int_equal(e->initrds.n, 2);
	assert_true(e->is_default);
	config_done(&c);
}

/* rpm's rules, with + for ^: versions from the documentation of rpmvercmp(). */
static const struct {
	const char *a, *b;
	int r;
} rpm_cases[] = {
	{ "m-1.0-1", "m-1.0-1", 0 },
	{ "m-1.0-1", "m-2.0-1", -1 },
	{ "m-2.0.1-1", "m-2.0-1", 1 },
	{ "m-5.5p10-1", "m-5.5p1-1", 1 },
	{ "m-10xyz-1", "m-10.1xyz-1", -1 },
	{ "m-xyz10-1", "m-xyz10.1-1", -1 },
	{ "m-2.10-1", "m-2.9-1", 1 },
	{ "m-1.0~rc1-1", "m-1.0-1", -1 },
	{ "m-1.0~rc1-1", "m-1.0~rc2-1", -1 },
	{ "m-1.0+git-1", "m-1.0-1", 1 },
	{ "m-1.0+git-1", "m-1.0.1-1", -1 },
	{ "m-1.0-2", "m-1.0-10", -1 },
	{ "a-1-1", "b-1-1", -1 },
	{ "m-010-1", "m-10-1", 0 },
	{ "m-a-1", "m-1-1", -1 },
};

/* filevercmp() of gnulib: from its own manual page's examples and sort -V. */
static const struct {
	const char *a, *b;
	int r;
} file_cases[] = {
	{ "a", "a", 0 },	  { "a-1", "a-2", -1 },	       { "a-9", "a-10", -1 },
	{ "a-1.conf", "a-1", 1 }, { "a.1~", "a.1", -1 },       { "5.10.0-8", "5.10.0-10", -1 },
	{ "a~", "a", -1 },	  { "8.txt", "8.10.txt", -1 }, { "abc", "abd", -1 },
};

static int sign(int r)
{
	return (r > 0) - (r < 0);
}

static void test_order(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rpm_cases); i++) {
		assert_int_equal(sign(bls_compare_rpm(rpm_cases[i].a, rpm_cases[i].b)),
				 rpm_cases[i].r);
		assert_int_equal(sign(bls_compare_rpm(rpm_cases[i].b, rpm_cases[i].a)),
				 -rpm_cases[i].r);
	}
	for (size_t i = 0; i < ARRAY_SIZE(file_cases); i++) {
		assert_int_equal(sign(bls_compare_filevercmp(file_cases[i].a, file_cases[i].b)),
				 file_cases[i].r);
		assert_int_equal(sign(bls_compare_filevercmp(file_cases[i].b, file_cases[i].a)),
				 -file_cases[i].r);
	}
}

/* Versions that compare equal: Red Hat's reader adds the one that it comes to first, which depends on
 * the directory. */
static void test_rh_equal(void **state)
{
	struct config c;

	config_init(&c);
	mem_fs_add_text(&c.fs, "", "/loader/entries/m-6.09-2.conf", "title A\nlinux /a\n");
	mem_fs_add_text(&c.fs, "", "/loader/entries/m-6.9-2.conf", "title B\nlinux /b\n");
	evaluate(&c, GRUB_RH, "blscfg\n");
	assert_string_equal(c.result.menu.entries[1].id, "m-6.09-2");
	assert_int_equal(c.result.menu.n_entries, 3);
	assert_true(c.result.menu.warnings.n > 0);
	assert_non_null(strstr(c.result.menu.warnings.v[0], "m-6.09-2.conf and m-6.9-2.conf"));
	config_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rh),	 cmocka_unit_test(test_rh_equal),
		cmocka_unit_test(test_rh_forms), cmocka_unit_test(test_rh_options),
		cmocka_unit_test(test_rh_more),	 cmocka_unit_test(test_upstream),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
