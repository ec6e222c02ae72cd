// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the record says about modules that were left out of an initial ramdisk. */
#include <string.h>

#include "record/attempts.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define ID "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static struct sys machine;

/* Only the last attempt at that kernel that had modules left out says something about it. */
static void test_diet(void **state)
{
#define LINE(result, rest) "2\tresult=" result "\tboot=" ID "\tasked=1\t" rest "\tend\n"
	static const struct {
		const char *text;
		bool failed;
	} rows[] = {
		{ "", false },
		{ LINE("firmware", "diet=1\tversion=6.1"), true },
		{ LINE("unknown", "diet=1\tversion=6.1"), true },
		{ LINE("kexec", "diet=1\tversion=6.1"), false },
		{ LINE("firmware", "diet=0\tversion=6.1"), false },
		{ LINE("firmware", "version=6.1"), false },
		{ LINE("firmware", "diet=1\tversion=6.2"), false },
		{ LINE("firmware", "diet=1\tversion=6.1") LINE("kexec", "version=6.1"), true },
		{ LINE("firmware", "diet=1\tversion=6.1\tcleared=7"), true },
		{ LINE("firmware", "diet=1\tversion=6.1") LINE("kexec", "diet=1\tversion=6.2"),
		  true },
		{ LINE("firmware", "diet=1\tversion=6.1") LINE("kexec", "diet=1\tversion=6.1"),
		  false },
		{ LINE("kexec", "diet=1\tversion=6.1") LINE("firmware", "diet=1\tversion=6.1"),
		  true },
		/* its boot was never confirmed */
		{ LINE("kexec", "diet=1\tversion=6.1\twaits=1"), true },
		/* of this boot: it has not been tried yet */
		{ LINE("pending", "diet=1\tversion=6.1\twatched=1"), false },
	};
	static struct attempts all;
	struct root root;

	root_new(&root);
	root_put(&root, BOOT_ID, ID "\n");
	machine.root = root.path;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = rows[i].text;

		attempts_parse((struct bytes){ (const uint8_t *)text, strlen(text) }, &all);
		assert_int_equal(all.damaged, 0);
		if (attempts_diet_failed(&machine, &all, "6.1") != rows[i].failed)
			fail_msg("%s", text);
	}
	/* the same, seen from a boot that should have closed it */
	root_put(&root, BOOT_ID, "00000000-7b64-4c0d-9a55-0d6c1f8e2b17\n");
	if (!attempts_diet_failed(&machine, &all, "6.1"))
		fail_msg("one that was never closed");
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_diet) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
