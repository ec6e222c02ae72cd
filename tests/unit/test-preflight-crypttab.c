// SPDX-License-Identifier: LGPL-2.1-or-later
/* F1: tables of volumes, and words that switch them off. What they mean is in crypttab(5),
 * systemd-cryptsetup-generator(8), and in the script of OpenRC's service dmcrypt. */
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"
#include "tests/unit/preflight-volumes.h"

static void test_words(void **state)
{
	const struct row rows[] = {
		/* systemd-cryptsetup-generator(8): luks=no disables it in the system, too; rd.luks= does not */
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("var UUID=2 none luks\n") },
		  ENTRY(.cmdline = "luks=no"),
		  OK },
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("var UUID=2 none luks\n") },
		  ENTRY(.cmdline = "luks.crypttab=F"),
		  OK },
		{ "F1",
		  { UNENCRYPTED, CRYPTTAB("var UUID=2 none luks\n") },
		  ENTRY(.cmdline = "rd.luks=no"),
		  REFUSE },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

/* The service's script in Gentoo's sys-fs/cryptsetup; Alpine's package cryptsetup-openrc has it as well. */
static void test_dmcrypt(void **state)
{
#define IN_BOOT                                   \
	{                                         \
		"/etc/runlevels/boot/dmcrypt", "" \
	}
#define DMCRYPT(text)                       \
	{                                   \
		"/etc/conf.d/dmcrypt", text \
	}
	const struct row rows[] = {
		{ "F1",
		  { UNENCRYPTED, IN_BOOT, DMCRYPT("target=home\nsource='/dev/sdb1'\n") },
		  REFUSE,
		  .evidence = "dmcrypt opens \"home\" on /dev/sdb1, key none" },
		{ "F1",
		  { UNENCRYPTED, IN_BOOT, DMCRYPT("target=home\nsource=UUID=\"1-2\"\n") },
		  TTY,
		  WARN },
		/* in no runlevel, or in that of the way down alone: nobody reads it */
		{ "F1", { UNENCRYPTED, DMCRYPT("target=home\nsource=/dev/sdb1\n") }, OK },
		{ "F1",
		  { UNENCRYPTED,
		    { "/etc/runlevels/shutdown/dmcrypt", "" },
		    DMCRYPT("target=home\nsource=/dev/sdb1\n") },
		  OK },
		/* the file as it is installed */
		{ "F1",
		  { UNENCRYPTED, IN_BOOT, DMCRYPT("#target=home\n#source='/dev/sdb1'\n") },
		  OK },
		{ "F1",
		  { UNENCRYPTED,
		    IN_BOOT,
		    DMCRYPT("target=crypt\nsource=/dev/sdb1\nkey='/etc/k'\n"),
		    { "/etc/k", "x" } },
		  OK },
		{ "F1",
		  { UNENCRYPTED, IN_BOOT,
		    DMCRYPT("target=crypt\nsource=/dev/sdb1\nkey=/etc/k:reg\n") },
		  UNKNOWN },
		{ "F1",
		  { UNENCRYPTED,
		    IN_BOOT,
		    DMCRYPT("target=crypt\nsource=/dev/sdb1\nkey=/etc/k:gpg\n"),
		    { "/etc/k", "x" } },
		  REFUSE },
		{ "F1",
		  { UNENCRYPTED,
		    IN_BOOT,
		    DMCRYPT("target=c\nsource=/dev/sdb1\nkey=/k\nremdev=/dev/sdc1\n"),
		    { "/dev/null", "" } },
		  REFUSE },
		{ "F1",
		  { UNENCRYPTED,
		    IN_BOOT,
		    DMCRYPT("target=c\nsource=/dev/sdb1\nkey=/k\nremdev=/dev/sdc1\n"),
		    { "/dev/null", "" },
		    { "/dev/sdc1", "" } },
		  OK },
		/* swap gets a new key, unless its options take that away */
		{ "F1", { UNENCRYPTED, IN_BOOT, DMCRYPT("swap=s\nsource='/dev/sdb2'\n") }, OK },
		{ "F1",
		  { UNENCRYPTED, IN_BOOT,
		    DMCRYPT("swap=s\nsource=/dev/sdb2\noptions='-c aes -d /dev/urandom'\n") },
		  OK },
		{ "F1",
		  { UNENCRYPTED, IN_BOOT, DMCRYPT("swap=s\nsource=/dev/sdb2\noptions='-c aes'\n") },
		  REFUSE },
		/* the second of two sections */
		{ "F1",
		  { UNENCRYPTED, IN_BOOT,
		    DMCRYPT("swap=s\nsource=/dev/sdb2\ntarget=srv\nsource=/dev/sdb3\n") },
		  REFUSE },
		/* an instance of its own */
		{ "F1",
		  { UNENCRYPTED,
		    { "/etc/runlevels/default/dmcrypt.data", "" },
		    { "/etc/conf.d/dmcrypt.data", "target=data\nsource=/dev/sdb1\n" } },
		  REFUSE },
		/* what only a shell can tell */
		{ "F1",
		  { UNENCRYPTED, IN_BOOT, DMCRYPT("target=t\nsource=/dev/sdb1\nkey=$(find /k)\n") },
		  UNKNOWN },
		/* the initrd has opened it */
		{ "F1",
		  { LUKS, IN_BOOT, DMCRYPT("target=crypt\nsource=/dev/sda3\n"),
		    CRYPTTAB("crypt UUID=1 - tpm2-device=auto\n") },
		  OK },
	};

	rows_check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_dmcrypt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
