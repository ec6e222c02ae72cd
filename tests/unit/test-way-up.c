// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the boot service finds out about the attempt that led here. Sources: boot.rst (bootloader_type 0xd0 is
 * kexec), org.freedesktop.systemd1(5), Documentation/ABI/testing/dev-kmsg. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reboot/way-up.h"
#include "record/attempts.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/fake-machine.h"

#define NEXT_BOOT_ID "4f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17"
#define SYSTEMD_OUTPUT                          \
	"InitRDTimestampMonotonic=800000\n"     \
	"UserspaceTimestampMonotonic=1100000\n" \
	"ActiveEnterTimestampMonotonic=1900000\n"

enum { NONE = -1 };

static const struct row {
	const char *init, *loader_type, *systemctl, *kmsg;
	enum attempt_result result;
	/* microseconds of the new kernel's clock when /init, init and the target began; NONE: not known */
	int64_t initramfs, userspace, target;
	const char *told;
} rows[] = {
	{ "systemd", "208", SYSTEMD_OUTPUT, NULL, ATTEMPT_KEXEC, 800000, 1100000, 1900000,
	  "First: up " },
	/* no systemd in the initramfs: 0 is "not yet", and the kernel's log tells instead */
	{ "systemd", "208", "InitRDTimestampMonotonic=0\nUserspaceTimestampMonotonic=1100000\n",
	  "6,339,812345,-;Run /init as init process\n", ATTEMPT_KEXEC, 812345, 1100000, NONE, "" },
	/* the boot service runs when all is up */
	{ "sysvinit", "208", NULL,
	  "6,1,0,-;Linux version 6.1.0\n"
	  "6,339,812345,-;Run /init as init process\n SUBSYSTEM=x\n"
	  "7,340,812400,-;  with arguments:\n"
	  "6,400,900000,-;Run /sbin/init as init process\n",
	  ATTEMPT_KEXEC, 812345, 900000, 1958000, "First: up " },
	{ "sysvinit", "208", NULL, "damaged;Run /init as init process\n6,3;\n;\n", ATTEMPT_KEXEC,
	  NONE, NONE, 1958000, "First: up " },
	/* 0x72: GRUB 2 */
	{ "systemd", "114", SYSTEMD_OUTPUT, NULL, ATTEMPT_FIRMWARE, NONE, NONE, NONE,
	  "First: came back through the firmware: " },
};

static void put_attempt(struct fake_machine *m)
{
	const struct moment asked = moment_now(m->rb.sys);
	struct attempt a = attempt_new(&asked);

	attempt_text(a.entry, sizeof(a.entry), "First");
	attempt_text(a.why, sizeof(a.why), "command");
	assert_int_equal(attempt_begin(m->rb.sys, &a, NULL), 0);
}

/* The new kernel's clock says 1.958 s. */
static void put_next_boot(struct fake_machine *m, const struct row *row)
{
	fake_put(m, "/proc/sys/kernel/random/boot_id", NEXT_BOOT_ID "\n");
	fake_put(m, "/proc/sys/kernel/bootloader_type", row->loader_type);
	if (row->kmsg)
		fake_put(m, "/dev/kmsg", row->kmsg);
	assert_int_equal(setenv("FAKE_OUTPUT", row->systemctl ? row->systemctl : "", 1), 0);
	assert_int_equal(setenv("FAKE_TSC", "210000000000", 1), 0);
	fake_set_time(1958);
}

/* All moments are told from the request on; the kernel's clock began at POINT_KERNEL. */
static int64_t since_kernel(const struct attempt *a, enum attempt_point point)
{
	return a->at[point] == POINT_UNKNOWN ? NONE : a->at[point] - a->at[POINT_KERNEL];
}

static void check(size_t i, const struct row *row, struct fake_machine *m)
{
	static struct attempts all;
	const struct attempt *a = &all.v[0];

	assert_int_equal(attempts_read(m->rb.sys, &all, NULL), 0);
	assert_int_equal(all.n, 1);
	if (a->result != row->result)
		fail_msg("row %zu: %s", i, attempt_result_name(a->result));
	assert_string_equal(a->closed_boot_id, NEXT_BOOT_ID);
	if (!strstr(m->told, row->told))
		fail_msg("row %zu: told \"%s\"", i, m->told);
	if (row->result != ATTEMPT_KEXEC)
		return;
	if (since_kernel(a, POINT_INITRAMFS) != row->initramfs ||
	    since_kernel(a, POINT_USERSPACE) != row->userspace ||
	    since_kernel(a, POINT_TARGET) != row->target)
		fail_msg("row %zu: %lld %lld %lld", i, (long long)since_kernel(a, POINT_INITRAMFS),
			 (long long)since_kernel(a, POINT_USERSPACE),
			 (long long)since_kernel(a, POINT_TARGET));
}

static void test_closed(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_machine m;

		fake_new(&m, rows[i].init);
		/* a counter of 2 GHz that shows 100 s when the reboot is asked for */
		assert_int_equal(setenv("FAKE_TSC", "200000000000", 1), 0);
		assert_int_equal(setenv("FAKE_TSC_KHZ", "2000000", 1), 0);
		put_attempt(&m);
		put_next_boot(&m, &rows[i]);
		hook_boot(&m.rb);
		check(i, &rows[i], &m);
		fake_free(&m);
	}
}

/* No attempt waits: nobody is asked, and the boot counts as watched all the same. */
static void test_nothing_pending(void **state)
{
	const struct row row = { .loader_type = "114" };
	struct fake_machine m;

	fake_new(&m, "systemd");
	put_next_boot(&m, &row);
	hook_boot(&m.rb);
	assert_string_equal(fake_calls(&m), "");
	assert_string_equal(m.told, "");
	assert_true(fake_has(&m, "/run/rapidreboot/boot"));
	assert_false(fake_has(&m, "/var/lib/rapidreboot/attempts"));
	fake_free(&m);
}

/* Why it came through the firmware: pstore, else the journal of the boot that asked, else that no log tells;
 * then how far it is known to have come. The journal may be private, so only the kind of message is kept. */
static void test_reasons(void **state)
{
	static const struct {
		const char *pstore, *journal;
		bool stopped;
		const char *reason;
	} cases[] = {
		{ "Oops#1 Part1\n<0>[   12.3] Kernel panic - not syncing: Fatal exception\n", NULL,
		  false, "Kernel panic - not syncing" },
		{ NULL, "kernel: kexec_core: Cannot load: secret-name\n", false,
		  "kexec_core (journal of the boot before)" },
		{ NULL, "nothing of that kind\n", false, "services had not stopped yet" },
		{ NULL, NULL, true, "services had stopped" },
	};
	const struct row row = { .loader_type = "114" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct attempts all;
		struct fake_machine m;

		fake_new(&m, "systemd");
		put_attempt(&m);
		if (cases[i].stopped)
			assert_int_equal(attempt_stopped(m.rb.sys, NULL), 0);
		if (cases[i].pstore)
			fake_put(&m, "/sys/fs/pstore/dmesg-efi-1", cases[i].pstore);
		put_next_boot(&m, &row);
		if (cases[i].journal) {
			fake_put_program(&m, "/usr/bin/journalctl");
			assert_int_equal(setenv("FAKE_OUTPUT", cases[i].journal, 1), 0);
		}
		hook_boot(&m.rb);
		assert_int_equal(attempts_read(m.rb.sys, &all, NULL), 0);
		if (!strstr(all.v[0].reason, cases[i].reason) || strstr(all.v[0].reason, "secret"))
			fail_msg("case %zu: \"%s\"", i, all.v[0].reason);
		fake_free(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_nothing_pending),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
