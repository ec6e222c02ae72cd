// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limine's configuration. Values: CONFIG.md of release 11 and what its code does where that says nothing,
 * common/menu.c (should_skip_entry, find_entry_by_path, _menu) and common/lib/config.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "entry/limine.h"
#include "tests/unit/cmocka-shim.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

#define LINUX(name, path) "/" name "\nprotocol: linux\npath: boot():/" path "\n"

/* Rows: A, Open (a directory that is open), B in it, Closed (a directory), C in it. */
#define TREE            \
	LINUX("A", "a") \
	"/+Open\n/" LINUX("B", "b") "/Closed\n/" LINUX("C", "c")

static void check_default(size_t row, const char *file, const struct limine_facts *facts,
			  const char *expected)
{
	struct boot_menu menu = { 0 };
	const char *id = NULL;

	assert_int_equal(limine_parse(text(file), facts, &menu), 0);
	if (menu.default_index < menu.n_entries)
		id = menu.entries[menu.default_index].id;
	if (!id != !expected || (id && strcmp(id, expected) != 0))
		fail_msg("row %zu: %s, expected %s", row, id ? id : "none",
			 expected ? expected : "none");
	boot_menu_done(&menu);
}

static void test_default(void **state)
{
	static const struct {
		const char *first;
		struct limine_facts facts;
		const char *id;
	} rows[] = {
		/* default_entry: rows that are visible, from 1 */
		{ "\n", { .last_row = -1 }, "A" },
		{ "default_entry: 1\n", { .last_row = -1 }, "A" },
		{ "default_entry: 2\n", { .last_row = -1 }, NULL }, /* the open directory */
		{ "default_entry: 3\n", { .last_row = -1 }, "Open>B" },
		{ "default_entry: 4\n", { .last_row = -1 }, NULL }, /* the closed directory */
		{ "default_entry: 5\n", { .last_row = -1 }, "A" },  /* out of range */
		{ "default_entry: 0\n", { .last_row = -1 }, "A" },
		{ "default_entry: 3\ndefault_entry: 1\n", { .last_row = -1 }, "Open>B" },
		/* or a path */
		{ "default_entry: A\n", { .last_row = -1 }, "A" },
		{ "default_entry: Open/B\n", { .last_row = -1 }, "Open>B" },
		{ "default_entry: Closed/C\n", { .last_row = -1 }, "Closed>C" },
		{ "default_entry: Closed\n", { .last_row = -1 }, "A" }, /* a directory is none */
		{ "default_entry: B\n", { .last_row = -1 }, "A" },
		{ "default_entry: open/B\n", { .last_row = -1 }, "A" }, /* case counts */
		{ "default_entry: A#1\n", { .last_row = -1 }, "A" },
		/* what was started last: UEFI only, and only when asked */
		{ "default_entry: 3\n", { .is_efi = true, .last_row = 0 }, "Open>B" },
		{ "remember_last_entry: yes\ndefault_entry: 3\n",
		  { .is_efi = true, .last_row = 0 },
		  "A" },
		{ "remember_last_entry: yes\ndefault_entry: 3\n", { .last_row = 0 }, "Open>B" },
		{ "remember_last_entry: yes\ndefault_entry: 3\n",
		  { .is_efi = true, .last_row = -1 },
		  "Open>B" },
		{ "remember_last_entry: yes\n",
		  { .is_efi = true, .last_row = -1, .last_path = "Closed/C" },
		  "Closed>C" },
		{ "remember_last_entry: yes\ndefault_entry: 3\n",
		  { .is_efi = true, .last_row = -1, .last_path = "Closed/Gone" },
		  "Open>B" },
		/* Boot Loader Interface: one shot before all, the default before default_entry */
		{ "remember_last_entry: yes\ndefault_entry: 3\n",
		  { .is_efi = true, .last_row = 0, .oneshot = "Closed/C" },
		  "Closed>C" },
		{ "default_entry: 3\n",
		  { .is_efi = true, .last_row = -1, .fallback = "Closed/C" },
		  "Closed>C" },
		{ "remember_last_entry: yes\n",
		  { .is_efi = true, .last_row = -1, .last_path = "A", .fallback = "Closed/C" },
		  "A" },
		{ "default_entry: 3\n",
		  { .is_efi = true, .last_row = -1, .oneshot = "x.conf", .fallback = "y.conf" },
		  "Open>B" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char file[512];

		(void)snprintf(file, sizeof(file), "%s%s", rows[i].first, TREE);
		check_default(i, file, &rows[i].facts, rows[i].id);
	}
}

/* Which rows the menu has, and names in paths. Each file has the facts of x86_64 with UEFI. */
static void test_rows(void **state)
{
	static const struct {
		const char *file, *id;
		bool is_bios;
	} rows[] = {
		{ "#\n" LINUX("A", "a") "if_fw_type: BIOS\n" LINUX("B", "b"), "B", false },
		{ "#\n" LINUX("A", "a") "if_fw_type: bios\n" LINUX("B", "b"), "A", true },
		{ "#\n" LINUX("A", "a") "IF_ARCH: aarch64 riscv64\n" LINUX("B", "b"), "B", false },
		{ "#\n" LINUX("A", "a") "if_arch: ia-32  X86-64\n" LINUX("B", "b"), "A", false },
		{ "default_entry: 2\n/Old\nprotocol: bios\n" LINUX("A", "a") LINUX("B", "b"), "B",
		  false },
		{ "default_entry: 2\n/Old\nprotocol: bios\n" LINUX("A", "a") LINUX("B", "b"), "A",
		  true },
		{ "default_entry: 2\n/W\nprotocol: efi_boot_entry\n" LINUX("A", "a")
			  LINUX("B", "b"),
		  "B", true },
		/* a directory that is hidden hides what is in it */
		{ "#\n/+D\nif_fw_type: BIOS\n/" LINUX("A", "a") LINUX("B", "b"), "B", false },
		{ "default_entry: D/A\n/D\nif_fw_type: BIOS\n/" LINUX("A", "a") LINUX("B", "b"),
		  "B", false },
		/* the second of two with one name, of those that are shown */
		{ "default_entry: A#1\n" LINUX("A", "a") "/A\nprotocol: bios\n" LINUX(
			  "B", "b") "/+A\n/" LINUX("x", "x") LINUX("A", "c"),
		  "A", false },
		{ "default_entry: 1\\/2\\#3\\\\\n" LINUX("B", "b") LINUX("1/2#3\\", "a"), "1/2#3\\",
		  false },
		{ "default_entry: 1#x\n" LINUX("B", "b") LINUX("1#x", "a"), "1#x", false },
		/* 63 bytes of a line that begins an entry are kept */
		{ "default_entry: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" LINUX(
			  "B", "b")
			  LINUX("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
				"a"),
		  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", false },
		/* options that hold for all entries stand before the first one, unless the file
		 * begins with it */
		{ "#\n" LINUX("A", "a") LINUX("B", "b") "default_entry: 2\n", "A", false },
		{ LINUX("A", "a") LINUX("B", "b") "default_entry: 2\n", "B", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct limine_facts facts = { .machine = "x86_64",
						    .is_efi = !rows[i].is_bios,
						    .last_row = -1 };

		check_default(i, rows[i].file, &facts, rows[i].id);
	}
}

/* config_get_value(): the first line with a key counts; boot(): KERNEL_CMDLINE, then CMDLINE;
 * linux_load(): PATH, then KERNEL_PATH; efi chain loading: PATH, then IMAGE_PATH. */
static void test_keys(void **state)
{
	static const struct {
		const char *body, *kernel, *cmdline;
		enum entry_type type;
	} rows[] = {
		{ "protocol: linux\npath: p\npath: q\ncmdline: one\ncmdline: two\n", "p", "one",
		  ENTRY_LINUX },
		{ "protocol: linux\nkernel_path: k\npath: p\n", "p", "", ENTRY_LINUX },
		{ "protocol: linux\nKERNEL_PATH: k\nCMDLINE: c\nKernel_Cmdline: kc\n", "k", "kc",
		  ENTRY_LINUX },
		{ "protocol: efi\nimage_path: i\n", "i", NULL, ENTRY_CHAINLOAD },
		{ "protocol: uefi\nimage_path: i\npath: p\ncmdline: c\n", "p", "c",
		  ENTRY_CHAINLOAD },
		{ "protocol: multiboot2\npath: p\nmodule_path: m\n", "p", "", ENTRY_MULTIBOOT },
		/* macros: those of Limine, unknown ones, defined later, defined twice */
		{ "protocol: linux\npath: p\ncmdline: ${ARCH} ${FW_TYPE}\n", "p", "x86-64 UEFI",
		  ENTRY_LINUX },
		{ "protocol: linux\npath: p\ncmdline: a${NOPE}b ${x\n", "p", "ab ${x",
		  ENTRY_LINUX },
		{ "protocol: linux\npath: p\ncmdline: ${M}\n${M}=later\n", "p", "later",
		  ENTRY_LINUX },
		{ "${M}=1\nprotocol: linux\npath: p\ncmdline: ${M}\n${M}=2\n", "p", "2",
		  ENTRY_LINUX },
	};
	static const struct limine_facts facts = { .machine = "x86_64",
						   .is_efi = true,
						   .last_row = -1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct boot_menu menu = { 0 };
		char file[512];
		const struct boot_entry *e;

		(void)snprintf(file, sizeof(file), "timeout: 3\n/A\n%s", rows[i].body);
		assert_int_equal(limine_parse(text(file), &facts, &menu), 0);
		assert_int_equal(menu.n_entries, 1);
		e = &menu.entries[0];
		if (e->type != rows[i].type || strcmp(e->kernel, rows[i].kernel) != 0 ||
		    !e->cmdline != !rows[i].cmdline ||
		    (e->cmdline && strcmp(e->cmdline, rows[i].cmdline) != 0))
			fail_msg("row %zu: %d %s, \"%s\"", i, e->type, e->kernel,
				 e->cmdline ? e->cmdline : "");
		boot_menu_done(&menu);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
