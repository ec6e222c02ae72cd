// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why a machine came back through the firmware, out of the logs that it left behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "record/reason.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct sys machine;

static void setup(struct root *root)
{
	root_new(root);
	machine.root = root->path;
}

static const struct {
	const char *log, *want; /* NULL: nothing in it tells */
} logs[] = {
	{ "[    1.0] x\n<0>[   12.3] Kernel panic - not syncing: Attempted to kill init!\n",
	  "Kernel panic - not syncing: Attempted to kill init!" },
	{ "<4>[1.0] kexec_core: Starting new kernel\n<1>[1.2] BUG: kernel NULL pointer\n",
	  "BUG: kernel NULL pointer" },
	{ "kexec_core: one\nrapidreboot: two\n", "kexec_core: one" },
	{ "rapidreboot: one\nrapidreboot: two\n", "rapidreboot: two" },
	{ "all is well\n", NULL },
	{ "", NULL },
};

static void test_reason(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		char reason[200] = "untouched";
		struct bytes log = { (const uint8_t *)logs[i].log, strlen(logs[i].log) };

		assert_int_equal(reason_in_log(log, reason, sizeof(reason)), logs[i].want != NULL);
		assert_string_equal(reason, logs[i].want ? logs[i].want : "untouched");
	}
}

/* What the record, which everybody may read, says of a log that not everybody may. */
static void test_private_reason(void **state)
{
	static const struct {
		const char *log, *want;
	} rows[] = {
		{ "Kernel panic - not syncing: VFS: Unable to mount root fs on /dev/secret\n",
		  "Kernel panic - not syncing" },
		{ "BUG: unable to handle page fault for address: ffffdead00000000\n", "BUG" },
		{ "Oops: 0002 [#1] SMP\n", "Oops" },
		{ "kexec_core: Starting new kernel at 0x123\n", "kexec_core" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bytes log = { (const uint8_t *)rows[i].log, strlen(rows[i].log) };
		char reason[200];

		assert_true(reason_in_private_log(log, reason, sizeof(reason)));
		assert_string_equal(reason, rows[i].want);
	}
}

static void set_mode(const struct root *root, const char *path, unsigned mode)
{
	char whole[200];

	(void)snprintf(whole, sizeof(whole), "%s%s", root->path, path);
	assert_int_equal(chmod(whole, mode), 0);
}

/* Who may read it is the file's mode, its directory's, and the kernel's own rule. */
static void test_private_pstore(void **state)
{
	static const struct {
		unsigned directory, file;
		const char *restricted, *want;
	} rows[] = {
		{ 0755, 0444, "0\n", "Oops: 0002 [#1] SMP (/sys/fs/pstore/dmesg-efi-1)" },
		{ 0750, 0444, "0\n", "Oops (/sys/fs/pstore/dmesg-efi-1)" },
		{ 0755, 0440, "0\n", "Oops (/sys/fs/pstore/dmesg-efi-1)" },
		{ 0755, 0444, "1\n", "Oops (/sys/fs/pstore/dmesg-efi-1)" },
	};
	const uint64_t now_ms = (uint64_t)time(NULL) * 1000;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char reason[200];
		struct root root;

		setup(&root);
		root_put(&root, "/sys/fs/pstore/dmesg-efi-1", "Oops: 0002 [#1] SMP\n");
		root_put(&root, "/proc/sys/kernel/dmesg_restrict", rows[i].restricted);
		set_mode(&root, "/sys/fs/pstore/dmesg-efi-1", rows[i].file);
		set_mode(&root, "/sys/fs/pstore", rows[i].directory);
		assert_true(reason_in_firmware_store(&machine, now_ms, reason, sizeof(reason)));
		assert_string_equal(reason, rows[i].want);
		root_free(&root);
	}
}

static void test_pstore(void **state)
{
	const uint64_t now_ms = (uint64_t)time(NULL) * 1000;
	char reason[200];
	struct root root;

	setup(&root);
	assert_false(reason_in_firmware_store(&machine, now_ms, reason, sizeof(reason)));
	root_put(&root, "/var/lib/systemd/pstore/17/dmesg.txt",
		 "<0>Kernel panic - not syncing: X\n");
	assert_true(reason_in_firmware_store(&machine, now_ms, reason, sizeof(reason)));
	assert_string_equal(reason, "Kernel panic - not syncing: X "
				    "(/var/lib/systemd/pstore/17/dmesg.txt)");
	root_put(&root, "/sys/fs/pstore/dmesg-efi-1", "Oops: 0002 [#1] SMP\n");
	assert_true(reason_in_firmware_store(&machine, now_ms, reason, sizeof(reason)));
	assert_string_equal(reason, "Oops: 0002 [#1] SMP (/sys/fs/pstore/dmesg-efi-1)");
	/* a crash before the attempt is not its reason */
	assert_false(
		reason_in_firmware_store(&machine, now_ms + 7 * 86400000, reason, sizeof(reason)));
	root_put(&root, "/sys/class/watchdog/watchdog0/bootstatus", "32\n");
	assert_true(
		reason_in_firmware_store(&machine, now_ms + 7 * 86400000, reason, sizeof(reason)));
	assert_non_null(strstr(reason, "watchdog"));
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_private_reason),
		cmocka_unit_test(test_private_pstore),
		cmocka_unit_test(test_pstore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
