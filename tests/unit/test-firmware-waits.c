// SPDX-License-Identifier: LGPL-2.1-or-later
/* What waits for the firmware is carried over fast reboots, and ends with a start through it. The loader of
 * a kernel is told by /proc/sys/kernel/bootloader_type: 0xD is kexec, 0x7 GRUB (boot.rst). */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "record/firmware-waits.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct root root;
static int fd;

static void setup(void)
{
	root_new(&root);
	root_put(&root, "/var/lib/rapidreboot/x", "");
	fd = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
}

static void teardown(void)
{
	(void)close(fd);
	root_free(&root);
}

/* The next system: @loader, when its kernel began, packages that ask for a reboot there. */
static void start(const char *loader, const char *stat, const char *packages)
{
	root_put(&root, "/proc/sys/kernel/bootloader_type", loader);
	root_put(&root, "/proc/stat", stat);
	root_put(&root, "/run/reboot-required.pkgs", packages);
}

static void expect(const char *wants, uint64_t since)
{
	struct firmware_waits waits;

	assert_int_equal(firmware_waits_read(fd, &waits), 0);
	assert_string_equal(waits.wants.s ? waits.wants.s : "", wants);
	assert_int_equal(waits.since, since);
	firmware_waits_done(&waits);
}

static void test_chain(void **state)
{
	setup();
	start("114\n", "cpu 1\nbtime 1000\n", "libc6\nshim-signed\n");
	expect("wants shim-signed\n", 1000);
	assert_int_equal(firmware_waits_keep(fd), 0);
	start("208\n", "btime 2000\n", "grub-efi-amd64\nshim-signed\n");
	expect("wants shim-signed\nwants grub-efi-amd64\n", 1000);
	assert_int_equal(firmware_waits_keep(fd), 0);
	start("208\n", "btime 3000\n", "");
	expect("wants shim-signed\nwants grub-efi-amd64\n", 1000);
	/* through the firmware, and on from there */
	start("114\n", "btime 4000\n", "");
	expect("", 4000);
	assert_int_equal(firmware_waits_keep(fd), 0);
	start("208\n", "btime 5000\n", "");
	expect("", 4000);
	teardown();
}

static void test_suse(void **state)
{
	setup();
	start("114\n", "btime 1000\n", "");
	root_put(&root, "/run/reboot-needed", "reboot\n");
	assert_int_equal(firmware_waits_keep(fd), 0);
	root_put(&root, "/run/reboot-needed", "kexec\n");
	start("208\n", "btime 2000\n", "");
	expect("wants reboot-needed\n", 1000);
	teardown();
}

/* The note is printed, so it must not have control characters. */
static void test_hostile(void **state)
{
	setup();
	start("208\n", "", "shim\x1b[2J\nshim\n");
	root_put(&root, FIRMWARE_WAITS, "since x\nwants a b\nwants \x1b[2J\nwants \nnonsense\n");
	expect("wants shim\n", 0);
	teardown();
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} cases[] = {
		/* Debian, Ubuntu, Fedora, openSUSE */
		{ "shim-signed", true },
		{ "grub-efi-amd64-signed", true },
		{ "grub-pc", true },
		{ "shim-x64", true },
		{ "grub2-efi-x64", true },
		{ "grub2-x86_64-efi", true },
		{ "systemd-boot", true },
		{ "fwupd", true },
		{ "u-boot-rpi", true },
		{ "raspi-firmware", true },
		{ "rpi-eeprom", true },
		{ "systemd", false },
		{ "linux-image-amd64", false },
		{ "intel-microcode", false },
		{ "libc6", false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(is_firmware_package((struct bytes){ (const uint8_t *)cases[i].name,
								     strlen(cases[i].name) }),
				 cases[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_suse),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
