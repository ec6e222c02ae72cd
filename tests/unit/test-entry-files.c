// SPDX-License-Identifier: LGPL-2.1-or-later
/* Small formats around boot entries: EFI variables, tables of mounts, os-release, paths, and the
 * default of each loader with a table of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "entry/efivars.h"
#include "entry/extlinux-words.h"
#include "entry/extlinux.h"
#include "entry/grub-legacy.h"
#include "entry/mounts.h"
#include "entry/os-release.h"
#include "entry/path.h"
#include "entry/scan.h"
#include "tests/unit/cmocka-shim.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void test_path(void **state)
{
	static const struct {
		const char *dir, *name, *path;
	} rows[] = {
		{ NULL, "", "/" },
		{ NULL, "a", "/a" },
		{ "/boot", "vmlinuz", "/boot/vmlinuz" },
		{ "/boot/", "/vmlinuz", "/boot/vmlinuz" },
		{ NULL, "//a/./b//", "/a/b" },
		{ "/a", "../../..", "/" },
		{ "/a/b", "../c", "/a/c" },
		{ NULL, "..a/...", "/..a/..." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *path = NULL;

		assert_int_equal(path_join(rows[i].dir, rows[i].name, &path), 0);
		assert_string_equal(path, rows[i].path);
		free(path);
	}
	assert_string_equal(path_below("/boot/x", "/boot"), "/x");
	assert_string_equal(path_below("/boot", "/boot"), "");
	assert_string_equal(path_below("/boot", "/"), "/boot");
	assert_null(path_below("/boots/x", "/boot"));
}

static void test_cutting(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		unsigned v;
		const char *rest;
	} rows[] = {
		{ "12,3", true, 12, ",3" },
		{ "0", true, 0, "" },
		{ "007x", true, 7, "x" },
		{ "999999999", true, 999999999, "" },
		{ "1000000000", false, 77, "1000000000" },
		{ "", false, 77, "" },
		{ "-1", false, 77, "-1" },
		{ " 1", false, 77, " 1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *s = rows[i].text;
		unsigned v = 77;

		assert_int_equal(take_unsigned(&s, &v), rows[i].ok);
		assert_int_equal(v, rows[i].v);
		assert_string_equal(s, rows[i].rest);
	}
}

/* efivarfs: four bytes of attributes, then UTF-16LE. */
static void test_efi_string(void **state)
{
	static const uint8_t plain[] = { 7, 0, 0, 0, 'a', 0, 0xe9, 0, 0x3d, 0xd8, 0, 0xde, 0, 0 };
	static const uint8_t no_nul[] = { 7, 0, 0, 0, 'a', 0, 'b', 0, 'c' };
	static const uint8_t lone[] = { 7, 0, 0, 0, 0, 0xd8, 'x', 0 };
	char *s = NULL;

	assert_int_equal(efivar_string((struct bytes){ plain, sizeof(plain) }, &s), 0);
	assert_string_equal(s, "aé😀");
	free(s);
	assert_int_equal(efivar_string((struct bytes){ no_nul, sizeof(no_nul) }, &s), 0);
	assert_string_equal(s, "ab");
	free(s);
	assert_int_equal(efivar_string((struct bytes){ lone, sizeof(lone) }, &s), 0);
	assert_string_equal(s, "\xef\xbf\xbdx");
	free(s);
	assert_int_equal(efivar_string((struct bytes){ plain, 3 }, &s), -EBADMSG);
}

static void test_efi_numbers(void **state)
{
	static const uint8_t features[] = { 6, 0, 0, 0, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0x80 };
	static const uint8_t order[] = { 7, 0, 0, 0, 1, 0, 0, 0x20 };
	uint16_t *list = NULL, number = 9;
	uint64_t v = 9;
	size_t n = 9;

	assert_int_equal(efivar_u64((struct bytes){ features, sizeof(features) }, &v), 0);
	assert_true(v == UINT64_C(0x80000000000fffff));
	assert_int_equal(efivar_u64((struct bytes){ features, sizeof(features) - 1 }, &v),
			 -EBADMSG);
	assert_int_equal(efivar_u16_list((struct bytes){ order, sizeof(order) }, &list, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0], 1);
	assert_int_equal(list[1], 0x2000);
	free(list);
	assert_int_equal(efivar_u16((struct bytes){ order, sizeof(order) }, &number), -EBADMSG);
	assert_int_equal(number, 9);
}

/* proc(5) and fstab(5); the lines are from real systems. */
static void test_mountinfo(void **state)
{
	static const char table[] =
		"22 29 0:21 / /proc rw,nosuid shared:14 - proc proc rw\n"
		"29 1 253:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw\n"
		"97 29 8:2 / /boot rw,relatime shared:47 - ext4 /dev/sda2 rw\n"
		"98 97 8:1 / /boot/efi rw shared:48 - vfat /dev/sda1 rw,fmask=0077\n"
		"99 29 0:50 /@snap\\040x /mnt/a\\040b rw - btrfs /dev/sdb1 rw\n"
		"100 29 8:9 / /srv/t rw - ext4 /dev/sdc1 rw\n"
		"101 29 8:10 / /srv rw - xfs /dev/sdc2 rw\n";
	struct mounts m = { 0 };

	assert_int_equal(mounts_parse_mountinfo(text(table), "/", &m), 0);
	assert_int_equal(m.n, 5); /* /proc is no place for kernels, /srv/t is covered */
	assert_string_equal(mounts_holding(&m, "/boot/efi/EFI")->source, "/dev/sda1");
	assert_string_equal(mounts_holding(&m, "/bootx")->source, "/dev/mapper/vg-root");
	assert_string_equal(mounts_holding(&m, "/mnt/a b/c")->fsroot, "/@snap x");
	assert_string_equal(mounts_holding(&m, "/srv/t")->type, "xfs");
	mounts_done(&m);

	assert_int_equal(mounts_parse_mountinfo(text(table), "/boot", &m), 0);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.v[0].dir, "/");
	assert_string_equal(m.v[1].dir, "/efi");
	mounts_done(&m);
}

static void test_fstab(void **state)
{
	struct mounts m = { 0 };

	assert_int_equal(mounts_parse_fstab(text("# x\n"
						 "UUID=\"a-b\"\t/\tbtrfs\tdefaults,subvol=@ 0 0\n"
						 "LABEL=my\\040boot /boot// ext4 ro\n"
						 "/swapfile none swap sw 0 0\n"
						 "tmpfs /tmp tmpfs size=1G 0 0\n"
						 "broken\n"),
					    &m),
			 0);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.v[0].source, "UUID=a-b");
	assert_string_equal(m.v[0].fsroot, "/@");
	assert_string_equal(m.v[1].source, "LABEL=my boot");
	assert_string_equal(m.v[1].dir, "/boot");
	mounts_done(&m);
}

/* os-release(5), "quoting". */
static void test_os_release(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "K=v\n", "v" },
		{ "K=\"a b\"\n", "a b" },
		{ "K='a \"b'\n", "a \"b" },
		{ "K=\"a \\\"b\\\\ \\$c\"\n", "a \"b\\ $c" },
		{ "K=1\nXK=2\nK=3", "3" },
		{ "K=v # comment\n", "v" },
		{ "K=\n", "" },
		{ "#K=v\nK2=v\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *value = NULL;

		assert_int_equal(os_release_get(text(rows[i].text), "K", &value), 0);
		if (rows[i].value)
			assert_string_equal(value, rows[i].value);
		else
			assert_null(value);
		free(value);
	}
}

/* Numbers from 0, `saved` by the file "default" beside it, anything missing is 0: GRUB 0.97. */
static void test_legacy_default(void **state)
{
	static const struct {
		const char *first, *saved;
		size_t index;
	} rows[] = {
		{ "", "", 0 },
		{ "default 1\n", "", 1 },
		{ "default=2\n", "", 2 },
		{ "default 9\n", "", 0 },
		{ "default saved\n", "", 0 },
		{ "default saved\n", "2\n#####\n", 2 },
		{ "default saved\n", "7", 0 },
		{ "default\t \t1\n", "2", 1 },
		{ "default name\n", "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct boot_menu menu = { 0 };
		char file[256];

		(void)snprintf(file, sizeof(file), "%stitle a\ntitle b\ntitle c\n", rows[i].first);
		assert_int_equal(grub_legacy_parse(text(file), text(rows[i].saved), &menu), 0);
		assert_int_equal(menu.n_entries, 3);
		assert_int_equal(menu.default_index, rows[i].index);
		boot_menu_done(&menu);
	}
}

/* syslinux: doc/syslinux.txt and menu.txt; U-Boot: doc/README.pxe. 3 is "a person is asked". */
static void test_extlinux_default(void **state)
{
	static const struct {
		const char *first, *in_c;
		bool is_uboot;
		size_t index;
		const char *cmdline; /* of the default */
	} rows[] = {
		{ "DEFAULT b\n", "", false, 1, "BOOT_IMAGE=b x=1" },
		{ "default B extra words\n", "", false, 1, "BOOT_IMAGE=b x=1 extra words" },
		{ "UI menu.c32\nDEFAULT b extra\n", "", false, 1, "BOOT_IMAGE=b x=1" },
		{ "DEFAULT menu.c32\n", " MENU DEFAULT\n", false, 2, "BOOT_IMAGE=c x=1" },
		{ "DEFAULT menu.c32\n", "", false, 0, NULL },
		{ "UI menu.c32\nDEFAULT a\n", " menu default\n", false, 0, NULL },
		{ "DEFAULT a\nONTIMEOUT c\n", "", false, 2, NULL },
		/* seen on syslinux 6.04: words behind the label of ONTIMEOUT; a DEFAULT that is a
		 * kernel and its command line */
		{ "DEFAULT a\nONTIMEOUT c more=1\n", "", false, 2, "BOOT_IMAGE=c x=1 more=1" },
		{ "DEFAULT /k root=/dev/sda1 ro\n", "", false, 3,
		  "BOOT_IMAGE=/k root=/dev/sda1 ro" },
		{ "IMPLICIT 0\nDEFAULT /k ro\n", "", false, 3, NULL },
		{ "", "", false, 3, NULL },
		{ "DEFAULT nothing\n", "", false, 3, "BOOT_IMAGE=nothing" },
		{ "default a\n", "menu default\n", true, 0, "x=1" },
		{ "", "menu default\n", true, 2, NULL },
		{ "", "", true, 0, NULL },
		{ "default nothing\n", "", true, 0, NULL },
		{ "default a\nontimeout b\n", "", true, 1, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct boot_menu menu = { 0 };
		char file[512];

		(void)snprintf(file, sizeof(file),
			       "%slabel a\nlinux a\nappend x=1\nlabel b\nlinux b\nappend x=1\n"
			       "label c\nlinux c\nappend x=1\n%s",
			       rows[i].first, rows[i].in_c);
		assert_int_equal(extlinux_parse(text(file), rows[i].is_uboot, NULL, &menu), 0);
		if (menu.default_index != rows[i].index)
			fail_msg("row %zu: %zu, expected %zu", i, menu.default_index,
				 rows[i].index);
		assert_int_equal(menu.default_index == menu.n_entries,
				 rows[i].index == 3 && !rows[i].cmdline);
		if (rows[i].cmdline)
			assert_string_equal(menu.entries[rows[i].index].cmdline, rows[i].cmdline);
		boot_menu_done(&menu);
	}
}

/* MENU DEFAULT is per menu, and the top one is shown first unless MENU START stands in another
 * (syslinux, com32/menu/readconfig.c and menu.c). */
static void test_extlinux_menus(void **state)
{
#define L(name, more) "label " name "\nkernel /k\n" more
	static const struct {
		const char *file, *id; /* NULL: nobody knows */
	} rows[] = {
		{ L("a", "menu default\n") "menu begin m\n" L("b", "menu default\n") "menu end\n",
		  "a" },
		{ L("a", "") "menu begin m\n" L("b", "menu default\n") "menu end\n", "a" },
		{ "menu begin m\n" L("b", "") L("c", "menu default\n") "menu end\n" L("a", ""),
		  "c" },
		{ "menu begin m\n" L("b", "")
			  L("c", "menu default\n") "menu end\n" L("a", "menu default\n"),
		  "a" },
		{ L("a", "") "menu begin m\nmenu default\n" L("b", "") L("c", "") "menu end\n",
		  "b" },
		{ L("a", "") "menu begin m\nmenu start\n" L("b", "")
			  L("c", "menu default\n") "menu end\n",
		  "c" },
		{ L("a", "menu hide\n") L("b", ""), "b" },
		{ L("a", "") "menu begin m\n" L("b", "") "menu end\ndefault b\n", "b" },
		{ "menu begin m\nmenu end\n", NULL },
	};
#undef L

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct boot_menu menu = { 0 };
		char file[512];

		(void)snprintf(file, sizeof(file), "ui menu.c32\n%s", rows[i].file);
		assert_int_equal(extlinux_parse(text(file), false, NULL, &menu), 0);
		if (!rows[i].id)
			assert_int_equal(menu.default_index, menu.n_entries);
		else if (menu.default_index >= menu.n_entries ||
			 strcmp(menu.entries[menu.default_index].id, rows[i].id) != 0)
			fail_msg("row %zu: %zu, expected %s", i, menu.default_index, rows[i].id);
		boot_menu_done(&menu);
	}
}

/* com32/mboot/mboot.c and com32/modules/linux.c of syslinux. */
static void test_extlinux_modules(void **state)
{
	struct boot_menu menu = { 0 };

	assert_int_equal(extlinux_parse(text("default x\n"
					     "label x\ncom32 mboot.c32\n"
					     "append xen.gz com1=115200 --- vmlinuz ro --- initrd\n"
					     "label l\nkernel /boot/linux.c32\n"
					     "append /vmlinuz initrd=/i root=1\n"),
					false, NULL, &menu),
			 0);
	assert_int_equal(menu.n_entries, 2);
	assert_int_equal(menu.entries[0].type, ENTRY_MULTIBOOT);
	assert_true(menu.entries[0].bootable);
	assert_string_equal(menu.entries[0].kernel, "xen.gz");
	assert_string_equal(menu.entries[0].cmdline, "com1=115200");
	assert_int_equal(menu.entries[0].modules.n, 2);
	assert_string_equal(menu.entries[0].modules.v[0], "vmlinuz ro");
	assert_string_equal(menu.entries[0].modules.v[1], "initrd");
	assert_int_equal(menu.entries[1].type, ENTRY_LINUX);
	assert_string_equal(menu.entries[1].kernel, "/vmlinuz");
	assert_string_equal(menu.entries[1].initrds.v[0], "/i");
	assert_string_equal(menu.entries[1].cmdline, "BOOT_IMAGE=/vmlinuz root=1");
	boot_menu_done(&menu);
}

/* U-Boot: labels of several words, one initrd, comments only where a line begins. */
static void test_uboot(void **state)
{
	struct boot_menu menu = { 0 };

	assert_int_equal(extlinux_parse(text("default two words\n"
					     "label one\n kernel /a\n initrd /i1\n initrd /i2\n"
					     "label two words\n"
					     " menu label Two ^Words\n linux /b\n fdt /b.dtb\n"
					     " append root=/dev/mmcblk0p2 initrd=/i3,x #y\n"),
					true, NULL, &menu),
			 0);
	assert_int_equal(menu.n_entries, 2);
	assert_int_equal(menu.default_index, 1);
	assert_int_equal(menu.entries[0].initrds.n, 1);
	assert_string_equal(menu.entries[0].initrds.v[0], "/i1");
	assert_string_equal(menu.entries[1].title, "Two ^Words");
	assert_string_equal(menu.entries[1].devicetree, "/b.dtb");
	assert_string_equal(menu.entries[1].cmdline, "root=/dev/mmcblk0p2 #y");
	boot_menu_done(&menu);
}

/* U-Boot, common/cli_simple.c, process_macros(). */
static void test_uboot_words(void **state)
{
	static const struct {
		const char *append, *cmdline;
		bool has_variables;
	} rows[] = {
		{ "a=b  c", "a=b  c", false },
		{ "a='x y' b", "a=x y b", false },
		{ "a='x\\y'", "a=x\\y", false },
		{ "a='x\\'y'", "a=x\\'y", false },
		{ "a='x", "a=x", false },
		{ "b=\\\"q\\\"", "b=\"q\"", false },
		{ "b=\"q\"", "b=\"q\"", false },
		{ "c=\\\\d", "c=\\d", false },
		{ "c=\\\\\\d", "c=\\\\d", false },
		{ "c=\\'d", "c='d", false },
		{ "c=\\\\'d", "c=\\'d", false },
		{ "end\\", "end", false },
		{ "a$b $$(c) $", "a$b $$(c) ", false },
		{ "a=\\${b}", "a=${b}", false },
		{ "a='${b}'", "a=${b}", false },
		{ "a=${b}c", "a=${b}c", true },
		{ "a=$(b)c", "a=$(b)c", true },
		{ "a=${b", "a=${b", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool has_variables = false;
		char *cmdline = NULL;

		assert_int_equal(uboot_expand(rows[i].append, &cmdline, &has_variables), 0);
		if (strcmp(cmdline, rows[i].cmdline) != 0 || has_variables != rows[i].has_variables)
			fail_msg("row %zu: %s", i, cmdline);
		free(cmdline);
	}
}

/* U-Boot, boot/pxe_utils.c: what is in a label, and which one is the default. */
static void test_uboot_labels(void **state)
{
	static const struct {
		const char *file;
		size_t chosen;
		const char *cmdline; /* of the first label */
	} rows[] = {
		/* case counts, the last label of a name wins */
		{ "default L1\nlabel l0\nkernel /a\nlabel l1\nkernel /b\n", 0, "" },
		{ "default x\nlabel x\nkernel /a\nlabel x\nkernel /b\n", 1, "" },
		/* nothing holds for all labels, and "-" is a word */
		{ "append all\nlabel l0\nkernel /a\n", 0, "" },
		{ "label l0\nkernel /a\nappend -\n", 0, "-" },
		/* a word that labels do not have ends it */
		{ "label l0\nkernel /a\nsay hello\nappend late\n", 0, "" },
		{ "label l0\nkernel /a\ntimeout 3\nappend late\n", 0, "" },
		{ "label l0\nkernel /a\nkaslrseed\nappend in\n", 0, "in" },
		/* seen on U-Boot 2023.01: the first MENU DEFAULT; a file with a line without a
		 * value is not taken at all */
		{ "label l0\nkernel /a\nlabel l1\nkernel /b\nmenu default\nlabel l2\nkernel /c\n"
		  "menu default\n",
		  1, "" },
		{ "label l0\nkernel /a\nmenu default\nlabel l1\nkernel /b\ndefault l1\n", 1, "" },
		{ "label l0\nkernel /a\nappend #n x\n", 1, "#n x" },
		{ "label l0\nkernel /a\ninitrd /i\nappend x\ninitrd /j\nappend late\n", 0, "x" },
		{ "label l0\nkernel /a\nlabel\n", 2, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct boot_menu menu = { 0 };

		assert_int_equal(extlinux_parse(text(rows[i].file), true, NULL, &menu), 0);
		if (menu.default_index != rows[i].chosen ||
		    strcmp(menu.entries[0].cmdline, rows[i].cmdline) != 0)
			fail_msg("row %zu: %zu \"%s\"", i, menu.default_index,
				 menu.entries[0].cmdline);
		boot_menu_done(&menu);
	}
}

/* Names of kernels in the packages of distributions. */
static void test_scan_version(void **state)
{
	static const struct {
		const char *name, *version;
	} rows[] = {
		{ "vmlinuz-6.1.0-10-amd64", "6.1.0-10-amd64" },
		{ "vmlinuz-linux-lts", "linux-lts" },
		{ "vmlinuz", "" },
		{ "Image-6.4.0-default", "6.4.0-default" },
		{ "kernel-genkernel-x86_64-5.15", "genkernel-x86_64-5.15" },
		{ "vmlinuz-0-rescue-4098b3f648d74c13b1f04ccfba7798e8", NULL },
		{ "vmlinuz-6.5.hmac", NULL },
		{ "vmlinux-6.4.0-1-default.gz", NULL },
		{ "initrd.img-6.1", NULL },
		{ "config-6.1", NULL },
		{ "System.map-6.1", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *v = scan_version(rows[i].name);

		if (rows[i].version)
			assert_string_equal(v, rows[i].version);
		else
			assert_null(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),	       cmocka_unit_test(test_efi_string),
		cmocka_unit_test(test_efi_numbers),    cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_fstab),	       cmocka_unit_test(test_os_release),
		cmocka_unit_test(test_legacy_default), cmocka_unit_test(test_extlinux_default),
		cmocka_unit_test(test_extlinux_menus), cmocka_unit_test(test_extlinux_modules),
		cmocka_unit_test(test_uboot),	       cmocka_unit_test(test_uboot_words),
		cmocka_unit_test(test_uboot_labels),   cmocka_unit_test(test_scan_version),
		cmocka_unit_test(test_cutting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
