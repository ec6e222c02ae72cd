// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which entry GRUB's menu starts, and what an entry loads. The first table was observed on GRUB
 * 2.06 (Debian 12); tests/oracle/grub asks grub-emu the same questions again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/grub.h"
#include "tests/fake/mem-fs.h"
#include "tests/unit/cmocka-shim.h"

static const char menu[] = "menuentry 'A B' --id a-id { linux /k 0; }\n"
			   "menuentry 'x>y' --id xy { linux /k 1; }\n"
			   "submenu 'Sub Menu' --id sub {\n"
			   "  menuentry B1 --id b1 { linux /k 2.0; }\n"
			   "  menuentry B2 --id b2 { linux /k 2.1; }\n"
			   "  submenu Deep --id deep {\n"
			   "    menuentry D1 --id 'd>1' { linux /k 2.2.0; }\n"
			   "    menuentry D2 { linux /k 2.2.1; }\n"
			   "  }\n"
			   "}\n"
			   "menuentry 7c8 --id 7c { linux /k 3; }\n"
			   "menuentry dup --id d1 { linux /k 4; }\n"
			   "menuentry dup --id dup { linux /k 5; }\n"
			   "menuentry ' sp' --id ' lead' { linux /k 6; }\n"
			   "submenu Empty --id empty { true; }\n";

struct config {
	struct mem_fs fs;
	struct grub_request req;
	struct grub_result result;
};

static void evaluate(struct config *c, enum grub_flavour flavour, const char *text)
{
	struct kx_error err = { 0 };

	mem_fs_add_text(&c->fs, "", "/boot/grub/grub.cfg", text);
	c->req.flavour = flavour;
	c->req.device = "hd0,gpt2";
	c->req.config = "/boot/grub/grub.cfg";
	if (grub_eval(&c->req, &c->fs.fs, &c->result, &err) < 0)
		fail_msg("%s", err.message);
}

static void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	mem_fs_init(&c->fs);
	mem_fs_add_text(&c->fs, "", "/k", "kernel");
	mem_fs_add_text(&c->fs, "", "/i1", "initrd");
	mem_fs_add_text(&c->fs, "", "/i2", "initrd");
}

static void config_done(struct config *c)
{
	grub_result_done(&c->result);
	mem_fs_done(&c->fs);
}

static const struct boot_entry *default_entry(const struct config *c)
{
	const struct boot_menu *m = &c->result.menu;

	return m->default_index < m->n_entries ? &m->entries[m->default_index] : NULL;
}

/* The default entry, which there has to be. */
static const struct boot_entry *must_default(const struct config *c)
{
	const struct boot_entry *e = default_entry(c);

	if (!e) {
		fail_msg("no default: %s", c->result.menu.default_reason);
		abort();
	}
	return e;
}

static const struct {
	const char *value;  /* of default, NULL when it is unset */
	const char *booted; /* what follows "BOOT_IMAGE=/k ", NULL when nothing is */
} upstream_cases[] = {
	{ NULL, "0" },
	{ "", "0" },
	{ "-1", "0" },
	{ "99", "0" },
	{ "+1", "0" },
	{ "0b1", "0" },
	{ "A", "0" },
	{ "lead", "0" },
	{ ">0", "0" },
	{ "A B", "0" },
	{ "a-id", "0" },
	{ "x>y", "0" },
	{ "sub>>0", "0" },
	{ "08", "0" },
	{ "99999999999999999999999", "0" },
	{ "1", "1" },
	{ "01", "1" },
	{ "0x1", "1" },
	{ "1abc", "1" },
	{ "1 2", "1" },
	{ "1>0", "1" },
	{ "x>>y", "1" },
	{ "2", "2.0" },
	{ "2>", "2.0" },
	{ "2>0", "2.0" },
	{ "2>9", "2.0" },
	{ "sub", "2.0" },
	{ "sub>0", "2.0" },
	{ "2>b1>x", "2.0" },
	{ "sub>b2", "2.1" },
	{ "2>2>1", "2.2.1" },
	{ "sub>deep>D2", "2.2.1" },
	{ "Sub Menu>1", "2.1" },
	{ "sub>deep>d>>1", "2.2.0" },
	{ " 3", "3" },
	{ "dup", "4" },
	{ "dup>x", "4" },
	{ " sp", "6" },
	{ " lead", "6" },
	{ "7", NULL },
	{ "7c", NULL },
	{ "7c8", NULL },
	{ "4294967297", "1" },
};

/* commands/… of rhboot/grub2: an id up to a blank, a whole title, a number that is all there is. */
static const struct {
	const char *value, *booted;
} rh_cases[] = {
	{ NULL, "0" },
	{ "7c", "3" },
	{ "1", "1" },
	{ "1 2", "0" },
	{ "1>2", "0" },
	{ "2>1", "0" },
	{ "sub>b2", "2.1" },
	{ "sub>deep>D2", "2.2.1" },
	{ "A B", "0" },
	{ "dup", "5" },
	{ "dup x", "0" },
	{ "7c8", "3" },
	{ "1abc", "0" },
	{ "01", "1" },
	/* No tail: the submenu sees the same value again. */
	{ "2", "2.2.0" },
};

static void check_default(enum grub_flavour flavour, const char *value, const char *booted)
{
	const struct boot_entry *e;
	char text[2048], expected[64];
	struct config c;

	config_init(&c);
	snprintf(text, sizeof(text), "%s%s%s%s", menu, value ? "set default='" : "",
		 value ? value : "", value ? "'\n" : "");
	evaluate(&c, flavour, text);
	assert_int_equal(c.result.menu.n_entries, 11);
	e = must_default(&c);
	if (!booted)
		assert_true(e->is_default && !e->bootable && strcmp(e->title, "Empty") == 0);
	if (booted) {
		snprintf(expected, sizeof(expected), "BOOT_IMAGE=/k %s", booted);
		if (strcmp(e->cmdline, expected) != 0)
			fail_msg("default '%s' starts %s, not %s", value, e->cmdline, expected);
		assert_true(e->is_default && e->bootable);
	}
	config_done(&c);
}

static void test_upstream(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(upstream_cases); i++)
		check_default(GRUB_UPSTREAM, upstream_cases[i].value, upstream_cases[i].booted);
}

static void test_rh(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rh_cases); i++)
		check_default(GRUB_RH, rh_cases[i].value, rh_cases[i].booted);
}

/* lib/cmdline.c: \, ' and " get a backslash, an argument with a blank gets double quotes. */
static const struct {
	const char *command, *cmdline;
} cmdline_cases[] = {
	{ "linux /k", "BOOT_IMAGE=/k" },
	{ "linux /k ro  quiet", "BOOT_IMAGE=/k ro quiet" },
	{ "linux /k 'c\"d'", "BOOT_IMAGE=/k c\\\"d" },
	{ "linux /k \"a b\"", "BOOT_IMAGE=/k \"a b\"" },
	{ "linux /k dyndbg=\"file x +p\"", "BOOT_IMAGE=/k \"dyndbg=file x +p\"" },
	{ "linux /k a\\'b \\\\", "BOOT_IMAGE=/k a\\'b \\\\" },
	{ "linux ($root)/k x", "BOOT_IMAGE=(hd0,gpt2)/k x" },
	{ "linux16 //k x", "BOOT_IMAGE=//k x" },
	{ "linuxefi /k \"$unset\" $unset y", "BOOT_IMAGE=/k  y" },
	{ "x=' '; linux$sfx /k a", "BOOT_IMAGE=/k a" },
	{ "multiboot2 /k placeholder dom0", "placeholder dom0" },
};

static void test_cmdline(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cmdline_cases); i++) {
		char text[256];
		struct config c;

		config_init(&c);
		snprintf(text, sizeof(text), "menuentry e {\n%s\n}\n", cmdline_cases[i].command);
		evaluate(&c, GRUB_UPSTREAM, text);
		assert_int_equal(c.result.menu.n_entries, 1);
		assert_string_equal(c.result.menu.entries[0].cmdline, cmdline_cases[i].cmdline);
		assert_string_equal(c.result.menu.entries[0].kernel, "/k");
		config_done(&c);
	}
}

/* RH keeps \xHH for the kernel; upstream takes the backslash away. */
static void test_hex(void **state)
{
	static const char text[] = "menuentry e { linux /k a=CentOS\\x207; }\n";
	struct config c;

	config_init(&c);
	evaluate(&c, GRUB_UPSTREAM, text);
	assert_string_equal(c.result.menu.entries[0].cmdline, "BOOT_IMAGE=/k a=CentOSx207");
	config_done(&c);
	config_init(&c);
	evaluate(&c, GRUB_RH, text);
	assert_string_equal(c.result.menu.entries[0].cmdline, "BOOT_IMAGE=/k a=CentOS\\x207");
	config_done(&c);
}

static void test_initrd(void **state)
{
	const struct boot_entry *e;
	struct config c;

	config_init(&c);
	evaluate(&c, GRUB_UPSTREAM,
		 "menuentry several { linux /k; initrd /i1 /i2; }\n"
		 "menuentry replaced {\nlinux /k\ninitrd /i1\ninitrd /i2\n}\n"
		 "menuentry dropped { linux /k; initrd /i1; linux /k second; }\n"
		 "menuentry early { initrd /i1; linux /k; }\n"
		 "menuentry missing { linux /k; initrd /i1 /gone; }\n"
		 "menuentry nokernel { linux /gone; initrd /i1; }\n"
		 "menuentry firmware { fwsetup; linux /k; }\n"
		 "menuentry elsewhere { linux (hd9)/k; }\n");
	e = c.result.menu.entries;
	assert_int_equal(c.result.menu.n_entries, 8);
	assert_int_equal(e[0].initrds.n, 2);
	assert_string_equal(e[0].initrds.v[1], "/i2");
	assert_int_equal(e[1].initrds.n, 1);
	assert_string_equal(e[1].initrds.v[0], "/i2");
	assert_int_equal(e[2].initrds.n, 0);
	assert_string_equal(e[2].cmdline, "BOOT_IMAGE=/k second");
	assert_int_equal(e[3].initrds.n, 0);
	assert_true(e[3].bootable && e[3].warnings.n);
	/* GRUB would start it without the missing initrd; here the entry is not bootable. */
	assert_false(e[4].bootable);
	assert_int_equal(e[5].type, ENTRY_LINUX);
	assert_true(e[5].is_broken && !e[5].bootable);
	assert_int_equal(e[6].type, ENTRY_OTHER);
	assert_int_equal(e[7].type, ENTRY_LINUX);
	assert_false(e[7].bootable);
	assert_int_equal(c.result.menu.default_index, 0);
	config_done(&c);
}

static void test_fallback(void **state)
{
	struct config c;

	config_init(&c);
	evaluate(
		&c, GRUB_UPSTREAM,
		"fallback='1 2'\n"
		"menuentry a { linux /gone; }\nmenuentry b { true; }\nmenuentry c { linux /k c; }\n");
	assert_int_equal(c.result.menu.default_index, 2);
	assert_non_null(strstr(c.result.menu.default_reason, "fallback is entry 2"));
	config_done(&c);
	/* Nothing to fall back to: the entry stays the default, and cannot be started. */
	config_init(&c);
	evaluate(&c, GRUB_UPSTREAM, "menuentry a { linux /gone; }\nmenuentry c { linux /k c; }\n");
	assert_int_equal(c.result.menu.default_index, 0);
	assert_false(must_default(&c)->bootable);
	config_done(&c);
}

/* An EFI stub that goes on with the real configuration, as Debian and Ubuntu write it. */
static void test_stub(void **state)
{
	struct config c;

	config_init(&c);
	mem_fs_add_key(&c.fs, ENTRY_SEARCH_UUID, "U-1", "disk");
	mem_fs_add_text(&c.fs, "disk", "/vmlinuz", "kernel");
	mem_fs_add_text(&c.fs, "disk", "/boot/grub/grub.cfg",
			"set default=1\nmenuentry a { linux /vmlinuz a; }\n"
			"menuentry b --id bb { linux /vmlinuz $prefix; }\n");
	evaluate(&c, GRUB_UPSTREAM,
		 "search.fs_uuid u-1 root hd0,gpt2\nset prefix=($root)'/boot/grub'\n"
		 "configfile $prefix/grub.cfg\nmenuentry never { true; }\n");
	assert_int_equal(c.result.menu.n_entries, 2);
	assert_string_equal(must_default(&c)->id, "bb");
	assert_string_equal(must_default(&c)->kernel, "/disk/vmlinuz");
	assert_string_equal(must_default(&c)->cmdline, "BOOT_IMAGE=/vmlinuz (disk)/boot/grub");
	assert_string_equal(must_default(&c)->source.file, "/disk/boot/grub/grub.cfg");
	assert_int_equal(must_default(&c)->source.line, 3);
	config_done(&c);
}

static void test_paths(void **state)
{
	const struct boot_entry *e;
	struct config c;

	config_init(&c);
	evaluate(&c, GRUB_UPSTREAM, menu);
	e = &c.result.menu.entries[4];
	assert_string_equal(e->id, "sub>deep>d>>1");
	assert_int_equal(e->path.n, 3);
	assert_string_equal(e->path.v[0], "Sub Menu");
	assert_string_equal(e->path.v[2], "D1");
	assert_int_equal(e->source.line, 7);
	config_done(&c);
}

static int read_blocks(struct entry_fs *fs, const char *device, uint64_t first, unsigned n,
		       uint8_t **ret)
{
	static const char block[] = "# GRUB Environment Block\nsaved_entry=xy\n";

	(void)fs;
	assert_string_equal(device, "");
	assert_int_equal(first, 512);
	assert_int_equal(n, 1);
	*ret = malloc(512);
	assert_non_null(*ret);
	memset(*ret, '#', 512);
	memcpy(*ret, block, sizeof(block) - 1);
	return 0;
}

/* grub-mkconfig of GRUB 2.14 and openSUSE: on btrfs the block with the saved entry is no file (GRUB 2.14,
 * util/grub.d/00_header.in and util/grub-editenv.c). */
static void test_env_block(void **state)
{
	for (int readable = 0; readable < 2; readable++) {
		char file[2048];
		struct config c;

		(void)snprintf(file, sizeof(file),
			       "load_env -f \"(${root})512+1\"\nset default=\"${saved_entry}\"\n%s",
			       menu);
		config_init(&c);
		if (readable)
			c.fs.fs.blocks = read_blocks;
		evaluate(&c, GRUB_UPSTREAM, file);
		assert_string_equal(must_default(&c)->cmdline,
				    readable ? "BOOT_IMAGE=/k 1" : "BOOT_IMAGE=/k 0");
		if (readable)
			assert_null(c.result.menu.guess);
		else
			assert_non_null(strstr(c.result.menu.guess, "(hd0,gpt2)512+1"));
		config_done(&c);
	}
}

/* grubenv is changed in memory only, and the change is told. */
static void test_saved(void **state)
{
	char block[1025] = "# GRUB Environment Block\nnext_entry=b\nsaved_entry=a\n";
	struct config c;

	memset(block + strlen(block), '#', 1024 - strlen(block));
	config_init(&c);
	mem_fs_add_text(&c.fs, "", "/boot/grub/grubenv", block);
	evaluate(&c, GRUB_UPSTREAM,
		 "load_env\nset default=\"${saved_entry}\"\n"
		 "if [ \"${next_entry}\" ]; then set default=\"${next_entry}\"; set next_entry=; "
		 "save_env next_entry; fi\n"
		 "menuentry a { linux /k a; }\n"
		 "menuentry b { saved_entry=$chosen; save_env saved_entry; linux /k b; }\n");
	assert_int_equal(c.result.menu.default_index, 1);
	assert_int_equal(c.result.n_saved, 1);
	assert_string_equal(c.result.saved[0].name, "next_entry");
	assert_string_equal(c.result.saved[0].value, "");
	assert_int_equal(c.result.n_boot_saved, 1);
	assert_string_equal(c.result.boot_saved[0].value, "b");
	config_done(&c);
}

/* Scripts without an end are stopped. */
static void test_limits(void **state)
{
	static const char *const endless[] = {
		"while true; do true; done\n",
		"x=aaaaaaaaaaaaaaaa\nwhile true; do x=$x$x; done\n",
		"i=x\nwhile true; do i=x$i; eval \"v$i=1\"; done\n",
		"while true; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done\n",
		"while true; do menuentry a { true; }; done\n",
	};
	struct kx_error err;
	struct config c;

	for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
		config_init(&c);
		mem_fs_add_text(&c.fs, "", "/c", endless[i]);
		c.req = (struct grub_request){ .config = "/c" };
		assert_int_equal(grub_eval(&c.req, &c.fs.fs, &c.result, &err), -ELOOP);
		mem_fs_done(&c.fs);
	}
	/* An entry that never ends is only itself at fault. */
	config_init(&c);
	evaluate(&c, GRUB_UPSTREAM,
		 "menuentry bad { while true; do true; done; }\nmenuentry good { linux /k; }\n");
	assert_int_equal(c.result.menu.n_entries, 2);
	assert_false(c.result.menu.entries[0].bootable);
	assert_true(c.result.menu.entries[1].bootable);
	config_done(&c);
	/* A file that includes itself, too. */
	config_init(&c);
	evaluate(&c, GRUB_UPSTREAM, "source /boot/grub/grub.cfg\nmenuentry a { linux /k; }\n");
	config_done(&c);
}

/* Wherever the limit is reached, be it while another file is read, that ends the evaluation and nothing
 * else. */
static void test_limit_anywhere(void **state)
{
	static const char script[] =
		"source /more\nload_env -f /env\nif test -s /more; then true; fi\n"
		"menuentry a { source /more; linux /k $x; }\n";
	struct kx_error err;
	struct config c;
	size_t bytes = 1;
	int r = -ELOOP;

	for (; r == -ELOOP && bytes < 100000; bytes++) {
		config_init(&c);
		mem_fs_add_text(&c.fs, "", "/c", script);
		mem_fs_add_text(&c.fs, "", "/more", "set x=1\n# much text that is a comment\n");
		mem_fs_add_text(&c.fs, "", "/env", "# GRUB Environment Block\nx=2\n#####");
		c.req = (struct grub_request){ .config = "/c", .limits = { .bytes = bytes } };
		r = grub_eval(&c.req, &c.fs.fs, &c.result, &err);
		if (r == 0)
			assert_int_equal(c.result.menu.n_entries, 1);
		config_done(&c);
	}
	assert_int_equal(r, 0);
	assert_true(bytes > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_env_block), cmocka_unit_test(test_upstream),
		cmocka_unit_test(test_rh),	  cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_hex),	  cmocka_unit_test(test_initrd),
		cmocka_unit_test(test_fallback),  cmocka_unit_test(test_stub),
		cmocka_unit_test(test_paths),	  cmocka_unit_test(test_saved),
		cmocka_unit_test(test_limits),	  cmocka_unit_test(test_limit_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
