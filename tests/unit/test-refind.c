// SPDX-License-Identifier: LGPL-2.1-or-later
/* rEFInd: how lines are cut, which entry is the default, what "%v" is. Values: refind/config.c
 * (ReadTokenLine, HandleString), refind/menu.c (FindMenuShortcutEntry) and refind/mystrings.c
 * (FindNumbers) of rEFInd, and its documentation, configfile.html. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/read.h"
#include "entry/refind.h"
#include "tests/unit/cmocka-shim.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void test_tokens(void **state)
{
	static const struct {
		const char *line, *tokens; /* "|" after each */
	} rows[] = {
		{ "", "" },
		{ "  # a", "" },
		{ "timeout 20 # seconds", "timeout|20|" },
		{ "a=b,c\td", "a|b|c|d|" },
		{ "options \"ro root=/dev/sda1, #x\"", "options|ro root=/dev/sda1, #x|" },
		{ "options \"a \"\"b\"\" c\"", "options|a \"b\" c|" },
		{ "loader /boot/vmlinuz", "loader|\\boot\\vmlinuz|" },
		{ "default_selection \"+,bzImage\"", "default_selection|+,bzImage|" },
		{ "default_selection Arch,Other", "default_selection|Arch|Other|" },
		{ "\"a\"\"b", "a\"b|" },
		{ "x\"y z\"", "x|y z|" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strlist words = { 0 };
		char joined[256] = "";

		assert_int_equal(refind_tokens(text(rows[i].line), &words), 0);
		for (size_t k = 0; k < words.n; k++) {
			strcat(joined, words.v[k]);
			strcat(joined, "|");
		}
		assert_string_equal(joined, rows[i].tokens);
		strlist_done(&words);
	}
}

static void add(struct boot_menu *menu, const char *title, const char *kernel, unsigned line)
{
	struct boot_entry e = { .type = ENTRY_LINUX, .source = { "refind", NULL, line } };

	assert_int_equal(replace(&e.title, title), 0);
	assert_int_equal(replace(&e.kernel, kernel), 0);
	assert_int_equal(boot_menu_add(menu, &e), 0);
}

static void test_choice(void **state)
{
	static const struct {
		const char *selection, *previous;
		size_t chosen; /* 7: none */
	} rows[] = {
		{ "+", NULL, 7 },
		{ "+", "Boot boot\\vmlinuz-linux from ROOT", 0 },
		{ "+", "Boot boot\\vmlinuz-linux-lts from ROOT", 1 },
		{ "+", "Boot @\\boot\\vmlinuz-linux-lts from btrfs volume", 1 },
		{ "+", "Boot vmlinuz-linux-lts from 500 MiB FAT volume", 1 },
		{ "+", "Boot Other from root", 3 },
		{ "+", "Boot Windows from ESP", 7 },
		{ "+,Other", "Boot Windows from ESP", 3 },
		{ "+,Other", "Boot Arch from ESP", 2 },
		{ "nope,Other", NULL, 3 },
		{ "other", NULL, 3 },
		{ "vmlinuz-linux-lts", NULL, 1 },
		{ "vmlinuz", NULL, 0 },
		{ "boot\\vmlinuz-linux-lts", NULL, 1 },
		{ "Boot Arch", NULL, 2 },
		{ "3", NULL, 2 },
		{ "9", NULL, 7 },
		{ "0", NULL, 7 },
		{ "10", NULL, 7 },
		{ "l", NULL, 0 },
		{ "W,4", NULL, 3 },
		{ "", NULL, 7 },
		{ " Other", NULL, 3 },
		/* programs that it finds: by their own title, or the end of their path */
		{ "+", "Boot Microsoft EFI boot from SYSTEM", 4 },
		{ "Microsoft", NULL, 4 },
		{ "+", "Boot EFI\\debian\\grubx64.efi from ESP", 5 },
		{ "+", "Boot EFI\\ubuntu\\grubx64.efi from ESP", 7 },
		{ "+", "Boot efi\\Linux\\arch.efi from ESP", 6 },
		{ "+", "Boot xgrubx64.efi from ESP", 7 },
	};
	struct boot_menu menu = { 0 };

	add(&menu, "Linux linux", "/boot/vmlinuz-linux", 0);
	add(&menu, "Linux linux-lts", "/boot/vmlinuz-linux-lts", 0);
	add(&menu, "Arch", "/boot/vmlinuz-linux", 5);
	add(&menu, "Other", "/boot/vmlinuz-linux", 9);
	add(&menu, "Microsoft EFI boot", "/efi/EFI/Microsoft/Boot/bootmgfw.efi", 0);
	menu.entries[4].type = ENTRY_CHAINLOAD;
	add(&menu, "EFI\\debian\\grubx64.efi", "/efi/EFI/debian/grubx64.efi", 0);
	menu.entries[5].type = ENTRY_CHAINLOAD;
	add(&menu, "EFI\\Linux\\arch.efi", "/efi/EFI/Linux/arch.efi", 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t got = refind_choose(&menu, rows[i].selection, rows[i].previous);

		if (got != rows[i].chosen)
			fail_msg("row %zu: %zu instead of %zu", i, got, rows[i].chosen);
	}
	boot_menu_done(&menu);
}

static void test_version(void **state)
{
	static const struct {
		const char *name, *versions, *version;
	} rows[] = {
		{ "vmlinuz-6.1.0-9-amd64", NULL, "6.1.0-9-amd64" },
		{ "vmlinuz-6.8.0-41-generic", NULL, "6.8.0-41" },
		{ "vmlinuz-linux", NULL, NULL },
		{ "vmlinuz-linux-lts", "linux-lts,linux", "linux-lts" },
		{ "vmlinuz-linux", "linux-lts,linux", "linux" },
		{ "bzImage", "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *version = NULL;

		assert_int_equal(refind_version(rows[i].name, rows[i].versions, &version), 0);
		if (rows[i].version)
			assert_string_equal(version, rows[i].version);
		else
			assert_null(version);
		free(version);
	}
}

static void test_settings(void **state)
{
	static const char file[] = "scanfor Manual,internal\n"
				   "default_selection Arch\n"
				   "default_selection \"Day\" 8:00 17:00\n"
				   "default_selection a,b\n"
				   "use_nvram off\n"
				   "extra_kernel_version_strings linux-lts,linux\n"
				   "extra_kernel_version_strings + zen\n"
				   "dont_scan_files + a.efi, ESP:/EFI/x/b.efi\n"
				   "dont_scan_dirs ESP:/EFI/boot,/snapshots\n"
				   "dont_scan_volumes \"Recovery HD\"\n"
				   "scan_all_linux_kernels off\n"
				   "menuentry A {\n"
				   "  options lost\n"
				   "  volume KEYS\n"
				   "  loader /k/one\n"
				   "  options \"x initrd=\\u\"\n"
				   "  initrd /first\n"
				   "  initrd /second\n"
				   "  submenuentry B {\n"
				   "    options y\n"
				   "  }\n"
				   "}\n"
				   "menuentry W {\n"
				   "  ostype Windows\n"
				   "  loader \\EFI\\w.efi\n"
				   "  options o\n"
				   "}\n"
				   "menuentry Off {\n"
				   "  loader /k\n"
				   "  disabled\n"
				   "}\n"
				   "menuentry Open {\n"
				   "  loader /k/two\n"
				   "  options z\n";
	struct refind_conf conf;

	assert_int_equal(refind_conf_parse(text(file), NULL, &conf), 0);
	assert_string_equal(conf.scan, "mi");
	assert_string_equal(conf.selection, "Arch");
	assert_string_equal(conf.versions, "linux-lts,linux,zen");
	assert_true(conf.keeps_files);
	assert_true(conf.no_kernels);
	assert_non_null(strstr(conf.no_files, "shimx64.efi,"));
	assert_non_null(strstr(conf.no_files, ",a.efi,ESP:\\EFI\\x\\b.efi"));
	assert_string_equal(conf.no_dirs, "ESP:\\EFI\\boot,\\snapshots");
	assert_string_equal(conf.no_volumes, "Recovery HD");
	assert_int_equal(conf.manual.warnings.n, 1);
	assert_int_equal(conf.manual.n_entries, 3);
	assert_string_equal(conf.manual.entries[0].kernel, "KEYS:\\k\\one");
	assert_string_equal(conf.manual.entries[0].cmdline, "x initrd=\\u initrd=\\second");
	assert_int_equal(conf.manual.entries[1].type, ENTRY_CHAINLOAD);
	assert_string_equal(conf.manual.entries[2].title, "Open");
	assert_string_equal(conf.manual.entries[2].cmdline, "z");
	refind_conf_done(&conf);

	assert_int_equal(refind_conf_parse(text("timeout 5\n"), NULL, &conf), 0);
	assert_null(conf.selection);
	assert_string_equal(conf.scan, "");
	assert_false(conf.keeps_files);
	refind_conf_done(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
