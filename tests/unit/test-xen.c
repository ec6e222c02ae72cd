// SPDX-License-Identifier: LGPL-2.1-or-later
/* Configurations of xen.efi. Values: Xen 4.17, docs/misc/efi.pandoc and xen/common/efi/boot.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/xen.h"
#include "tests/fake/menu.h"
#include "tests/unit/cmocka-shim.h"

static void test_files(void **state)
{
	static const struct {
		const char *file, *given, *id, *kernel, *options, *chain;
	} rows[] = {
		{ "[global]\ndefault=a\n[a]\nkernel=k x y\noptions=o p\n", NULL, "a", "k x y",
		  "o p", NULL },
		{ "[global]\ndefault=a\n[a]\nkernel=k\n[b]\nkernel=l\n", "b", "b", "l", "", NULL },
		/* no blank before "=", those behind it and in front of a line do not count */
		{ "[a]\nkernel =k\n  kernel=  l\n", "a", "a", "l", "", NULL },
		/* control characters end a line, tabs among them */
		{ "[a]\tkernel=k\toptions=o\r\n", "a", "a", "k", "o", NULL },
		/* comments: "#" anywhere, ";" where a line begins */
		{ "[a]\n;kernel=j\n#kernel=i\nkernel=k;1 # 2\n", "a", "a", "k;1", "", NULL },
		/* the first section and the first value of a name count */
		{ "[a]\nkernel=k\nkernel=l\n[a]\noptions=o\n", "a", "a", "k", "", NULL },
		/* without a name of a section the first values in the file count */
		{ "[a]\noptions=o\n[b]\nkernel=k\n", NULL, "default", "k", "o", NULL },
		{ "options=o\nkernel=k\n", NULL, "default", "k", "o", NULL },
		/* names are compared whole, and with their case */
		{ "[ab]\nkernel=k\n[A]\nkernel=l\n", "a", NULL, NULL, NULL, NULL },
		/* the last line needs an end */
		{ "[a]\nkernel=k\n[b]\nkernel=l", "b", NULL, NULL, NULL, NULL },
		{ "[global]\ndefault=a\nchain=other.cfg\n[b]\nkernel=k\n", NULL, NULL, NULL, NULL,
		  "other.cfg" },
		{ "[global]\nchain=other.cfg\n[b]\nkernel=k\n", "b", "b", "k", "", NULL },
		{ "", NULL, NULL, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bytes file = { (const uint8_t *)rows[i].file, strlen(rows[i].file) };
		struct xen_conf conf;
		char *section = NULL;
		const struct boot_menu *m = &conf.menu;

		assert_int_equal(xen_parse(file, rows[i].given, &conf, &section), 0);
		check_menu(m);
		if ((m->default_index < m->n_entries) != (rows[i].id != NULL))
			fail_msg("row %zu", i);
		if (rows[i].id) {
			assert_text(m->entries[m->default_index].id, rows[i].id);
			assert_text(m->entries[m->default_index].modules.v[0], rows[i].kernel);
			assert_text(m->entries[m->default_index].cmdline, rows[i].options);
		}
		assert_text(conf.chain, rows[i].chain);
		xen_conf_done(&conf);
		free(section);
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *options, *config, *section, *words;
	} rows[] = {
		{ "", NULL, NULL, NULL },
		{ "xen.efi", NULL, NULL, NULL },
		{ "xen.efi -basevideo safe", NULL, "safe", NULL },
		{ "x -cfg=a.cfg /mapbs one two", "a.cfg", "two", NULL },
		{ "x -cfg a.cfg", "a.cfg", NULL, NULL },
		{ "x /cfg=b\tsafe  -- console=vga  noreboot -cfg=c", "b", "safe",
		  "console=vga  noreboot -cfg=c" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct xen_options o;

		assert_int_equal(xen_options_parse(rows[i].options, &o), 0);
		assert_text(o.config, rows[i].config);
		assert_text(o.section, rows[i].section);
		assert_text(o.words, rows[i].words);
		xen_options_done(&o);
	}
}

/* The example of efi.pandoc: "xen-4.2-unstable.efi". */
static void test_names(void **state)
{
	static const char *const names[] = { "xen-4.2-unstable.cfg", "xen-4.2.cfg", "xen-4.cfg",
					     "xen.cfg" };
	char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(xen_config_name("xen-4.2-unstable.efi", i, &name), 0);
		assert_string_equal(name, names[i]);
		free(name);
	}
	assert_int_equal(xen_config_name("xen-4.2-unstable.efi", 4, &name), -ENOENT);
	assert_int_equal(xen_config_name("xen", 0, &name), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
