// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kexec handover: the values of lib/kstrtox.c, kstrtobool(), and the signs that
 * Documentation/admin-guide/mm/kho.rst and Documentation/userspace-api/liveupdate.rst name. */
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/running-kernel.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static void test_words(void **state)
{
	static const struct {
		const char *cmdline;
		enum kho_word want;
	} cases[] = {
		{ "", KHO_UNSAID },
		{ "quiet", KHO_UNSAID },
		{ "kho=on", KHO_ON },
		{ "kho=ON", KHO_ON },
		{ "kho=1", KHO_ON },
		{ "quiet kho=y ro", KHO_ON },
		{ "kho=Yes", KHO_ON },
		{ "kho=true", KHO_ON },
		{ "\"kho=on\"", KHO_ON },
		{ "kho=off", KHO_OFF },
		{ "kho=0", KHO_OFF },
		{ "kho=no", KHO_OFF },
		{ "kho=F", KHO_OFF },
		/* no value, no answer: -EINVAL, and what was said before stays */
		{ "kho", KHO_UNSAID },
		{ "kho=", KHO_UNSAID },
		{ "kho=o", KHO_UNSAID },
		{ "kho=2", KHO_UNSAID },
		{ "kho=on kho=maybe", KHO_ON },
		{ "kho=on kho=off", KHO_OFF },
		{ "kho=0 kho=y", KHO_ON },
		{ "kho_scratch=1M,2M,3M", KHO_UNSAID },
		{ "nokho=1 xkho=on", KHO_UNSAID },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (kho_word_of(cases[i].cmdline) != cases[i].want)
			fail_msg("%s: %d", cases[i].cmdline, kho_word_of(cases[i].cmdline));
}

#define RELEASE "/proc/sys/kernel/osrelease", "7.2.0\n"
#define DEFAULT_ON "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n"

static void test_signs(void **state)
{
	/* more than is read at first */
	static char far_below[100000 + sizeof(DEFAULT_ON)];
	static const struct {
		const char *files[6]; /* path, text, … */
		bool want;
	} cases[] = {
		{ { NULL }, false },
		{ { "/proc/cmdline", "root=/dev/sda1\n" }, false },
		{ { "/proc/cmdline", "root=/dev/sda1 kho=1\n" }, true },
		{ { "/proc/cmdline", "kho=off\n" }, false },
		{ { "/dev/liveupdate", "" }, true },
		{ { "/sys/kernel/debug/kho/out/fdt", "" }, true },
		{ { "/sys/kernel/debug/kho/in/fdt", "" }, false },
		{ { RELEASE, "/boot/config-7.2.0", DEFAULT_ON }, true },
		{ { RELEASE, "/lib/modules/7.2.0/config", DEFAULT_ON }, true },
		{ { RELEASE, "/boot/config-7.2.1", DEFAULT_ON }, false },
		{ { RELEASE, "/boot/config-7.2.0", DEFAULT_ON, "/proc/cmdline", "kho=n\n" },
		  false },
		{ { RELEASE, "/boot/config-7.2.0", "# CONFIG_KEXEC_HANDOVER is not set\n" },
		  false },
		{ { RELEASE, "/boot/config-7.2.0",
		    "# CONFIG_KEXEC_HANDOVER is not settled\n" DEFAULT_ON },
		  true },
		{ { RELEASE, "/boot/config-7.2.0", far_below }, true },
		{ { "/boot/config-7.2.0", DEFAULT_ON }, false },
		{ { RELEASE, "/boot/config-7.2.0",
		    "CONFIG_KEXEC_HANDOVER=y\n# CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is not set\n" },
		  false },
	};

	memset(far_below, '\n', 100000);
	memcpy(far_below + 100000, DEFAULT_ON, sizeof(DEFAULT_ON));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_close_ int fd = -1;
		struct root root;

		root_new(&root);
		for (size_t n = 0; n < 6 && cases[i].files[n]; n += 2)
			root_put(&root, cases[i].files[n], cases[i].files[n + 1]);
		fd = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (kho_is_on(fd) != cases[i].want)
			fail_msg("case %zu", i);
		root_free(&root);
	}
}

/* Whole lines up to the first NUL, ended by LF, CR LF or the end of the file. */
static void test_config_has_line(void **state)
{
#define TEXT(s)                                     \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}
	static const struct {
		struct bytes config;
		bool want;
	} cases[] = {
		{ { NULL, 0 }, false },
		{ TEXT(""), false },
		{ TEXT("\n\n"), false },
		{ TEXT("CONFIG_KEXEC=y"), true },
		{ TEXT("CONFIG_KEXEC=y\n"), true },
		{ TEXT("CONFIG_KEXEC=y\r\n"), true },
		{ TEXT("CONFIG_KEXEC=y\r"), true },
		{ TEXT("# first\nCONFIG_KEXEC=y\nCONFIG_SMP=y\n"), true },
		{ TEXT("# first\n\nCONFIG_KEXEC=y"), true },
		{ TEXT("CONFIG_KEXEC=yes\n"), false },
		{ TEXT("CONFIG_KEXEC=y \n"), false },
		{ TEXT("CONFIG_KEXEC=y\r\r\n"), false },
		{ TEXT(" CONFIG_KEXEC=y\n"), false },
		{ TEXT("XCONFIG_KEXEC=y\n"), false },
		{ TEXT("# CONFIG_KEXEC=y\n"), false },
		{ TEXT("CONFIG_KEXEC=\ny\n"), false },
		{ TEXT("CONFIG_KEXEC"), false },
		{ TEXT("CONFIG_KEXEC=yCONFIG_KEXEC=y\nCONFIG_KEXEC=y\n"), true },
		{ TEXT("XCONFIG_KEXEC=y\nCONFIG_KEXEC=ym\nCONFIG_KEXEC=y"), true },
		{ TEXT("CONFIG_SMP=y\n\0CONFIG_KEXEC=y\n"), false },
		{ TEXT("CONFIG_SMP=y\0\nCONFIG_KEXEC=y\n"), false },
		{ TEXT("CONFIG_KEXEC=y\0\n"), true },
	};
#undef TEXT

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (config_has_line(cases[i].config, "CONFIG_KEXEC=y") != cases[i].want)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_config_has_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
