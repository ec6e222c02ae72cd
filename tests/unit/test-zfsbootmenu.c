// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernels as ZFSBootMenu 3 finds them: find_be_kernels() and find_root_prefix() of its core library. */
#include <stdlib.h>
#include <string.h>

#include "entry/zfsbootmenu.h"
#include "tests/unit/cmocka-shim.h"

static void test_kernels(void **state)
{
	static const struct {
		const char *name;
		bool is_kernel;
	} rows[] = {
		{ "vmlinuz", true },	     { "vmlinuz-6.1.0-1-amd64", true },
		{ "linux-lts", true },	     { "vmlinux-6.6_1", true },
		{ "kernel-6.1", true },	     { "linuz", true },
		{ "vmlinuz.old", false },    { "vmlinuz6", false },
		{ "bzImage-6.1", false },    { "config-6.1", false },
		{ "initrd.img-6.1", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (zbm_is_kernel(rows[i].name) != rows[i].is_kernel)
			fail_msg("%s", rows[i].name);
}

/* The order: endings, then initramfs before initrd, then the whole name before the version, then the
 * name behind the ending. */
static void test_initramfs(void **state)
{
	static const struct {
		const char *names[4], *kernel, *expected;
	} rows[] = {
		{ { "initrd.img-6.1-amd64" }, "vmlinuz-6.1-amd64", "initrd.img-6.1-amd64" },
		{ { "initramfs-6.6_1.img" }, "vmlinuz-6.6_1", "initramfs-6.6_1.img" },
		{ { "initramfs-linux-lts.img", "initramfs-linux-lts-fallback.img" },
		  "vmlinuz-linux-lts",
		  "initramfs-linux-lts.img" },
		{ { "initramfs-lts" }, "vmlinuz-lts", "initramfs-lts" },
		{ { "initrd-6.1.img", "initramfs-6.1.img" }, "vmlinuz-6.1", "initramfs-6.1.img" },
		{ { "initramfs-6.1", "initrd-6.1.img" }, "vmlinuz-6.1", "initrd-6.1.img" },
		{ { "initramfs-6.1.img", "initramfs-vmlinuz-6.1.img" },
		  "vmlinuz-6.1",
		  "initramfs-vmlinuz-6.1.img" },
		{ { "initrd-6.1.gz", "initrd-6.1.img.xz" }, "vmlinuz-6.1", "initrd-6.1.img.xz" },
		{ { "initramfs-vmlinuz.img" }, "vmlinuz", "initramfs-vmlinuz.img" },
		{ { "initramfs.img", "initrd.img-6.2" }, "vmlinuz-6.1", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_strlist_ struct strlist names = { 0 };
		const char *got;

		for (size_t k = 0; k < 4 && rows[i].names[k]; k++)
			assert_int_equal(strlist_add(&names, rows[i].names[k]), 0);
		got = zbm_initramfs(&names, rows[i].kernel);
		if ((got != NULL) != (rows[i].expected != NULL) ||
		    (got && strcmp(got, rows[i].expected) != 0))
			fail_msg("row %zu: %s", i, got ? got : "none");
	}
}

static void test_prefix(void **state)
{
	assert_string_equal(zbm_root_prefix("void", NULL), "root=zfs:");
	assert_string_equal(zbm_root_prefix("arch", NULL), "zfs=");
	assert_string_equal(zbm_root_prefix("endeavouros", "arch"), "zfs=");
	assert_string_equal(zbm_root_prefix("alpine", ""), "root=ZFS=");
	assert_string_equal(zbm_root_prefix("pop", "ubuntu debian"), "root=zfs:");
	assert_string_equal(zbm_root_prefix("chimera", NULL), "root=zfs:");
	assert_string_equal(zbm_root_prefix(NULL, NULL), "root=zfs:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_initramfs),
		cmocka_unit_test(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
