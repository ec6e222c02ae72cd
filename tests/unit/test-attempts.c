// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/attempts.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define ID "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17"
#define LATER "00000000-7b64-4c0d-9a55-0d6c1f8e2b17"

static uint64_t realtime, boottime;

static uint64_t realtime_ms(struct sys *sys)
{
	return realtime;
}

static uint64_t boottime_ms(struct sys *sys)
{
	return boottime;
}

static struct sys machine = { .realtime_ms = realtime_ms, .boottime_ms = boottime_ms };

static void setup(struct root *root)
{
	root_new(root);
	root_put(root, "/proc/sys/kernel/random/boot_id", ID "\n");
	root_put(root, "/var/lib/x", "");
	machine.root = root->path;
	realtime = 1000000;
	boottime = 500000;
}

static const struct {
	const char *line;
	bool good;
} lines[] = {
	{ "1 pending " ID " 5 0 0 Debian GNU/Linux", true },
	{ "1 kexec " ID " 5 6 7", true },
	{ "1 kexec " ID " 5 6 7 ", true },
	{ "1 firmware " ID " 18446744073709551615 6 7 x", true },
	{ "", false },
	{ "2 kexec " ID " 5 6 7 x", false },
	{ "1 Kexec " ID " 5 6 7 x", false },
	{ "1 kexec " ID " 5 6 x", false },
	{ "1 kexec " ID " 5 6 -7 x", false },
	{ "1 kexec " ID " 18446744073709551616 6 7 x", false },
	{ "1 kexec " ID "0 5 6 7 x", false },
	{ "1 kexec 5 6 7 x", false },
	{ "1 kexec", false },
};

static void test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct attempts all = { .n = 77 };
		struct bytes text = { (const uint8_t *)lines[i].line, strlen(lines[i].line) };

		attempts_parse(text, &all);
		assert_int_equal(all.n, lines[i].good);
		if (i == 0)
			assert_string_equal(all.v[0].entry, "Debian GNU/Linux");
	}
}

/* The oldest go; what is in between and no attempt is left out. */
static void test_many(void **state)
{
	char text[ATTEMPTS_MAX * 200] = "";
	struct attempts all;
	size_t n = 0;

	for (unsigned i = 0; i < ATTEMPTS_MAX + 3; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "1 kexec " ID " %u 0 0 x\nrubbish\n", i);
	attempts_parse((struct bytes){ (uint8_t *)text, n }, &all);
	assert_int_equal(all.n, ATTEMPTS_MAX);
	assert_int_equal(all.v[0].asked_ms, 3);
	assert_int_equal(all.v[ATTEMPTS_MAX - 1].asked_ms, ATTEMPTS_MAX + 2);
}

static const struct {
	const char *bootloader_type; /* Documentation/arch/x86/boot.rst: 0xD kexec, 0x7 GRUB */
	bool at_boot;
	enum attempt_result want;
} closings[] = {
	{ "208\n", true, ATTEMPT_KEXEC },    { "209\n", true, ATTEMPT_KEXEC },
	{ "114\n", true, ATTEMPT_FIRMWARE }, { "33\n", true, ATTEMPT_FIRMWARE },
	{ "3328\n", true, ATTEMPT_UNKNOWN }, { NULL, true, ATTEMPT_UNKNOWN },
	{ "208\n", false, ATTEMPT_UNKNOWN }, { "114\n", false, ATTEMPT_UNKNOWN },
};

static void test_close(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(closings); i++) {
		struct attempts all;
		struct root root;

		setup(&root);
		assert_int_equal(attempt_begin(&machine, "a\nb", NULL), 0);
		/* nothing of this boot is closed by it */
		assert_int_equal(attempts_close(&machine, true, NULL), 0);
		assert_int_equal(attempts_read(&machine, &all, NULL), 0);
		assert_int_equal(all.n, 1);
		assert_int_equal(all.v[0].result, ATTEMPT_PENDING);
		assert_string_equal(all.v[0].entry, "a b");
		assert_int_equal(all.v[0].asked_ms, 1000000);

		root_put(&root, "/proc/sys/kernel/random/boot_id", LATER "\n");
		if (closings[i].bootloader_type)
			root_put(&root, "/proc/sys/kernel/bootloader_type",
				 closings[i].bootloader_type);
		realtime = 1015000;
		boottime = 4000;
		assert_int_equal(attempts_close(&machine, closings[i].at_boot, NULL), 0);
		assert_int_equal(attempts_read(&machine, &all, NULL), 0);
		assert_int_equal(all.v[0].result, closings[i].want);
		assert_int_equal(all.v[0].kernel_ms, closings[i].at_boot ? 1011000 : 0);
		assert_int_equal(all.v[0].closed_ms, 1015000);
		assert_int_equal(attempts_last_failed(&all), closings[i].want == ATTEMPT_FIRMWARE);
		root_free(&root);
	}
}

static void test_withdraw(void **state)
{
	struct attempts all;
	struct root root;

	setup(&root);
	assert_int_equal(attempts_read(&machine, &all, NULL), 0);
	assert_int_equal(all.n, 0);
	assert_int_equal(attempt_withdraw(&machine, NULL), 0);
	assert_int_equal(attempt_begin(&machine, "one", NULL), 0);
	assert_int_equal(attempt_begin(&machine, "two", NULL), 0);
	assert_int_equal(attempt_withdraw(&machine, NULL), 0);
	assert_int_equal(attempts_read(&machine, &all, NULL), 0);
	assert_int_equal(all.n, 1);
	/* another boot's is not ours to take back */
	root_put(&root, "/proc/sys/kernel/random/boot_id", LATER "\n");
	assert_int_equal(attempt_withdraw(&machine, NULL), 0);
	assert_int_equal(attempts_read(&machine, &all, NULL), 0);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].entry, "one");
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_withdraw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
