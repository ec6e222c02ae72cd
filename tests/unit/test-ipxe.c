// SPDX-License-Identifier: LGPL-2.1-or-later
/* Scripts of iPXE. Values: ipxe.org/scripting, ipxe.org/cmd and its examples. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/ipxe.h"
#include "tests/fake/menu.h"
#include "tests/unit/cmocka-shim.h"

static int parse(const char *script, struct boot_menu *ret)
{
	return ipxe_parse((struct bytes){ (const uint8_t *)script, strlen(script) }, NULL, ret);
}

/* What starts by itself. */
static void test_default(void **state)
{
	static const struct {
		const char *script, *kernel, *initrd, *cmdline; /* kernel NULL: none */
	} rows[] = {
		{ "#!ipxe\nkernel /v quiet  ro\ninitrd /i\nboot\n", "/v", "/i", "quiet ro" },
		{ "#!ipxe\ninitrd /i\nkernel /v\nboot\n", "/v", "/i", "" },
		{ "#!ipxe\nset base /x\nset args a b\nkernel ${base}/v ${args}\nboot || shell\n",
		  "/x/v", NULL, "a b" },
		{ "#!ipxe\nkernel /v a\nimgargs v b c\nboot\n", "/v", NULL, "b c" },
		{ "#!ipxe\nkernel --name k --timeout 30 /v a\nboot k\n", "/v", NULL, "a" },
		{ "#!ipxe\nboot /v a b\n", "/v", NULL, "a b" },
		/* conditions */
		{ "#!ipxe\nisset ${none} && kernel /a || kernel /b\nboot\n", "/b", NULL, "" },
		{ "#!ipxe\nset x 1\niseq ${x} 1 && kernel /a || kernel /b\nboot\n", "/a", NULL,
		  "" },
		{ "#!ipxe\nset x 1\niseq ${x} 2 && kernel /a ||\nkernel /b\nboot\n", "/b", NULL,
		  "" },
		{ "#!ipxe\niseq 1 2\nkernel /b\nboot\n", NULL, NULL, NULL },
		{ "#!ipxe\ngoto end\nkernel /a\n:end\nkernel /b\nboot\n", "/b", NULL, "" },
		{ "#!ipxe\ngoto nowhere ||\nkernel /b\nboot\n", "/b", NULL, "" },
		{ "#!ipxe\nprompt --key 0x02 --timeout 2000 Press && shell ||\nkernel /b\nboot\n",
		  "/b", NULL, "" },
		{ "#!ipxe\n# boot /a\n\tdhcp\n  ifconf\nkernel /b ${net0/mac}\nboot\n", "/b", NULL,
		  "" },
		{ "#!ipxe\nkernel /v\n", NULL, NULL, NULL },
		{ "#!ipxe\nchain http://server/next.ipxe\n", NULL, NULL, NULL },
		{ "#!ipxe\n:again\ngoto again\n", NULL, NULL, NULL },
		{ "#!ipxe\nset a ${a}${a}x\n:again\nset a ${a}${a}\ngoto again\n", NULL, NULL,
		  NULL },
		/* menus */
		{ "#!ipxe\n:start\nmenu M\nitem --gap -- Linux\nitem --key d deb Debian\nitem sh Shell\n"
		  "choose --timeout 5000 target && goto ${target}\n:deb\nkernel /d x\nboot\n"
		  ":sh\nshell\ngoto start\n",
		  "/d", NULL, "x" },
		{ "#!ipxe\nmenu\nitem a A\nitem b B\nchoose --default b --timeout 1 t\ngoto ${t}\n"
		  ":a\nkernel /a\nboot\n:b\nkernel /b\nboot\n",
		  "/b", NULL, "" },
		{ "#!ipxe\nset menu-default b\nmenu\nitem a A\nitem b B\n"
		  "choose --default ${menu-default} t || goto out\ngoto ${t}\n:a\nboot /a\n:b\nboot /b\n"
		  ":out\nexit\n",
		  "/b", NULL, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct boot_menu menu;
		const struct boot_entry *e;

		assert_int_equal(parse(rows[i].script, &menu), 0);
		check_menu(&menu);
		assert_true(menu.default_index < menu.n_entries);
		e = &menu.entries[menu.default_index];
		if (e->bootable != (rows[i].kernel != NULL))
			fail_msg("row %zu", i);
		if (rows[i].kernel && (strcmp(e->kernel, rows[i].kernel) != 0 ||
				       strcmp(e->cmdline, rows[i].cmdline) != 0))
			fail_msg("row %zu: %s \"%s\"", i, e->kernel, e->cmdline);
		assert_int_equal(e->initrds.n, rows[i].initrd ? 1 : 0);
		boot_menu_done(&menu);
	}
}

/* Every item of the menu becomes an entry, those that leave too. */
static void test_items(void **state)
{
	static const char script[] =
		"#!ipxe\nmenu Choose\nitem deb Debian GNU/Linux\nitem --gap --\nitem disk Local disk\n"
		"item shell\nchoose t && goto ${t} || exit\n:deb\nkernel /d\ninitrd /i\nboot\n"
		":disk\nsanboot --no-describe --drive 0x80\n:shell\nshell\n";
	struct boot_menu menu;

	assert_int_equal(parse(script, &menu), 0);
	assert_int_equal(menu.n_entries, 3);
	assert_int_equal(menu.default_index, 0);
	assert_string_equal(menu.entries[0].title, "Debian GNU/Linux");
	assert_int_equal(menu.entries[0].type, ENTRY_LINUX);
	assert_string_equal(menu.entries[1].id, "disk");
	assert_int_equal(menu.entries[1].type, ENTRY_CHAINLOAD);
	assert_string_equal(menu.entries[2].title, "shell");
	boot_menu_done(&menu);
	assert_int_equal(parse("kernel /v\nboot\n", &menu), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
