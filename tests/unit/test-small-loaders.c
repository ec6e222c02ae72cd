// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loaders with small configurations of their own. Values: Raspberry Pi documentation, config.txt. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/raspberry.h"
#include "tests/unit/cmocka-shim.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void test_raspberry_filters(void **state)
{
	static const struct {
		const char *file, *model, *kernel, *initramfs;
	} rows[] = {
		{ "kernel=a\nkernel=b\n", "Raspberry Pi 4 Model B", "b", NULL },
		{ "[pi4]\nkernel=a\n", "Raspberry Pi 4 Model B", "a", NULL },
		{ "[pi4]\nkernel=a\n", "Raspberry Pi 400 Rev 1.0", "a", NULL },
		{ "[pi400]\nkernel=a\n", "Raspberry Pi 4 Model B Rev 1.4", NULL, NULL },
		{ "[cm4]\nkernel=a\n", "Raspberry Pi Compute Module 4S Rev 1.0", NULL, NULL },
		{ "[pi0w]\nkernel=a\n", "Raspberry Pi Zero 2 W Rev 1.0", "a", NULL },
		{ "[pi3]\nkernel=a\n[pi4]\nkernel=b\n", "Raspberry Pi 3 Model B", "a", NULL },
		{ "[pi3]\nkernel=a\n[all]\nkernel=b\n", "Raspberry Pi 3 Model B", "b", NULL },
		{ "[pi4]\n[tryboot]\nkernel=a\n[all]\n", "Raspberry Pi 4 Model B", NULL, NULL },
		{ "[tryboot]\n[pi4]\nkernel=a\n", "Raspberry Pi 4 Model B", NULL, NULL },
		{ "[0x12345678]\nkernel=a\n", "Raspberry Pi 4 Model B", NULL, NULL },
		{ "[pi3]\nkernel=a\n", NULL, NULL, NULL },
		{ "initramfs i.img 0x00800000\n", NULL, NULL, "i.img" },
		{ "ramfsfile = a,b\n", NULL, NULL, "a,b" },
		{ "#kernel=a\n  kernel = c \r\n", NULL, "c", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct raspberry_conf conf;

		assert_int_equal(raspberry_parse(text(rows[i].file), rows[i].model, &conf), 0);
		if ((rows[i].kernel != NULL) != (conf.kernel != NULL))
			fail_msg("row %zu", i);
		assert_text(conf.kernel, rows[i].kernel);
		assert_text(conf.initramfs, rows[i].initramfs);
		raspberry_conf_done(&conf);
	}
}

/* Settings that cannot be evaluated here and could change what is started lead to a warning. */
static void test_raspberry_unknown(void **state)
{
	static const struct {
		const char *file;
		bool is_partial;
	} rows[] = {
		{ "kernel=a\n", false },
		{ "include more.txt\n", true },
		{ "[pi3]\ninclude more.txt\n", false },
		{ "[gpio4=1]\nkernel=a\n", true },
		{ "[gpio4=1]\ndtparam=audio=on\n", false },
		{ "[gpio4=1]\n[all]\nkernel=a\n", false },
		{ "[EDID=VSC-TD2220]\n[pi4]\ncmdline = b.txt\n", true },
		{ "[pi3]\n[0x12345678]\ninitramfs i.img followkernel\n", false },
		{ "[board-type=0x14]\nos_prefix=x/\n", true },
		{ "[none]\nkernel=a\n[tryboot]\nkernel=b\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct raspberry_conf conf;

		assert_int_equal(
			raspberry_parse(text(rows[i].file), "Raspberry Pi 4 Model B", &conf), 0);
		if (conf.is_partial != rows[i].is_partial)
			fail_msg("row %zu", i);
		raspberry_conf_done(&conf);
	}
}

static void test_raspberry_kernels(void **state)
{
	static const struct {
		const char *machine, *model;
		int is_64bit;
		const char *first;
	} rows[] = {
		{ "aarch64", "Raspberry Pi 5 Model B Rev 1.0", -1, "kernel_2712.img" },
		{ "aarch64", "Raspberry Pi 4 Model B", -1, "kernel8.img" },
		{ "armv7l", "Raspberry Pi 4 Model B", 0, "kernel7l.img" },
		{ "armv7l", "Raspberry Pi 4 Model B", 1, "kernel8.img" },
		{ "armv7l", "Raspberry Pi 3 Model B", -1, "kernel7.img" },
		{ "armv6l", "Raspberry Pi Zero W", -1, "kernel.img" },
	};
	char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_text(raspberry_kernels(rows[i].machine, rows[i].model, rows[i].is_64bit)[0],
			    rows[i].first);
	assert_int_equal(raspberry_initramfs("kernel8.img", &name), 0);
	assert_string_equal(name, "initramfs8");
	free(name);
	assert_int_equal(raspberry_initramfs("kernel_2712.img", &name), 0);
	assert_string_equal(name, "initramfs_2712");
	free(name);
	assert_int_equal(raspberry_initramfs("vmlinuz", &name), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raspberry_filters),
		cmocka_unit_test(test_raspberry_unknown),
		cmocka_unit_test(test_raspberry_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
