// SPDX-License-Identifier: LGPL-2.1-or-later
/* What of a reboot took long. Sources: systemd.io/JOURNAL_EXPORT_FORMATS, sd-messages.h,
 * Documentation/ABI/testing/dev-kmsg. */
#include <stdio.h>
#include <string.h>

#include "record/slow.h"
#include "tests/unit/cmocka-shim.h"

#define STOPPING "de5b426a63be47a7b6ac3eaac82e2f6f"
#define STOPPED "9d1aaa27d60140bd96365438aad20286"
#define STARTING "7d4958e842da4a758f6c1cdc7b36dcc5"
#define STARTED "39f53479d3a045ac8e11786248231fbf"
#define FAILED "be02cf6855d2428ba40df7e9d022f03d"

#define ENTRY(real, us, id, unit)                                                         \
	"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=" real "\n__MONOTONIC_TIMESTAMP=" us "\n" \
	"_BOOT_ID=3f2a9c1e7b644c0d9a550d6c1f8e2b17\nUNIT=" unit "\nMESSAGE_ID=" id "\n\n"

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void expect(const struct slow *all, const char *want)
{
	char text[400];

	slow_format(all, text, sizeof(text));
	assert_string_equal(text, want);
}

static const struct {
	enum slow_when when;
	const char *journal, *want;
} journals[] = {
	{ SLOW_STOP,
	  ENTRY("2000", "1000000", STOPPING, "networking.service")
		  ENTRY("2001", "1100000", STOPPING, "cron.service")
			  ENTRY("2002", "1200000", STOPPED, "cron.service")
				  ENTRY("2003", "2102999", STOPPED, "networking.service"),
	  "stop/networking.service=1102" },
	/* in the other direction the same messages say nothing */
	{ SLOW_START,
	  ENTRY("2000", "1", STOPPING, "a.service") ENTRY("2001", "9000000", STOPPED, "a.service"),
	  "" },
	/* one that fails took its time, too; one that never ends is not told */
	{ SLOW_START,
	  ENTRY("2000", "1", STARTING, "a.service") ENTRY("2000", "2", STARTING, "b.service")
		  ENTRY("2001", "90000001", FAILED, "a.service"),
	  "start/a.service=90000" },
	/* from before the reboot was asked for; and the last entry needs no empty line */
	{ SLOW_STOP,
	  ENTRY("1999", "1", STOPPING, "a.service") ENTRY(
		  "1999", "700001", STOPPED,
		  "a.service") "__REALTIME_TIMESTAMP=2000\n__MONOTONIC_TIMESTAMP=800000\nUNIT=b.service\n"
			       "MESSAGE_ID=" STOPPING "\n\n__REALTIME_TIMESTAMP=2000\n"
			       "__MONOTONIC_TIMESTAMP=1300000\nUNIT=b.service\nMESSAGE_ID=" STOPPED,
	  "stop/b.service=500" },
	/* below the limit; an end without a beginning; a clock that goes back; no unit */
	{ SLOW_STOP,
	  ENTRY("2000", "1", STOPPING, "a.service") ENTRY("2000", "499999", STOPPED, "a.service")
		  ENTRY("2000", "900000", STOPPED, "b.service") ENTRY("2000", "900000", STOPPING,
								      "c.service")
			  ENTRY("2000", "1", STOPPED, "c.service") ENTRY("2000", "1", STOPPING, "")
				  ENTRY("2000", "9000000", STOPPED, ""),
	  "" },
	/* nothing of a name gets into the record that is not of a name */
	{ SLOW_STOP,
	  ENTRY("2000", "1", STOPPING, "a\tb=c d/\x1b.service")
		  ENTRY("2000", "1000001", STOPPED, "a\tb=c d/\x1b.service"),
	  "stop/a_b_c_d__.service=1000" },
};

static void test_journal(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(journals); i++) {
		struct slow all = { .n = 0 };

		slow_in_journal(text_of(journals[i].journal), journals[i].when, 2000, &all);
		expect(&all, journals[i].want);
	}
}

static const struct {
	int64_t initramfs, userspace;
	const char *log, *want;
} logs[] = {
	{ 2300000, 6000000,
	  "6,1,0,-;Linux version 6.1.0\n6,2,100000,-;x\n SUBSYSTEM=block\n"
	  "6,3,2200000,-;ata1: SATA link up\n6,4,2300000,-;Run /init as init process\n"
	  "6,5,3800000,-;EXT4-fs (vda1): mounted\n6,6,9000000,-;late: one\n",
	  "kernel/ata1=2100 initramfs/EXT4-fs=1500" },
	/* nobody knows when the initramfs ended: nothing after its start is told */
	{ 3000000, -1, "6,1,0,-;a\n6,2,3000000,-;b\n6,3,9000000,-;c\n", "kernel/b=3000" },
	{ -1, 3000000, "6,1,0,-;a\n6,2,3000000,-;b\n6,3,9000000,-;c\n", "kernel/b=3000" },
	{ -1, -1, "x\n6,1\n;\n6,2,;a\n6,3,99999999999999999999999,-;b\n", "" },
};

static void test_kernel_log(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		struct slow all = { .n = 0 };

		slow_in_kernel_log(text_of(logs[i].log), logs[i].initramfs, logs[i].userspace,
				   &all);
		expect(&all, logs[i].want);
	}
}

/* The longest ones are kept, and come back as they were; what fits is written. */
static void test_record(void **state)
{
	struct slow all = { .n = 0 }, again;
	char journal[8192] = "", small[40], text[400];

	for (unsigned i = 1; i <= SLOW_MAX + 2; i++)
		(void)snprintf(journal + strlen(journal), sizeof(journal) - strlen(journal),
			       "UNIT=u%u.service\n__MONOTONIC_TIMESTAMP=1\nMESSAGE_ID=" STOPPING
			       "\n\nUNIT=u%u.service\n__MONOTONIC_TIMESTAMP=%u000001\n"
			       "MESSAGE_ID=" STOPPED "\n\n",
			       i, i, i);
	slow_in_journal(text_of(journal), SLOW_STOP, 0, &all);
	expect(&all, "stop/u8.service=8000 stop/u7.service=7000 stop/u6.service=6000 "
		     "stop/u5.service=5000 stop/u4.service=4000 stop/u3.service=3000");
	slow_format(&all, small, sizeof(small));
	assert_string_equal(small, "stop/u8.service=8000");
	slow_format(&all, text, sizeof(text));
	slow_parse(text, &again);
	expect(&again, text);
	slow_parse("stop/a=600 later/b=700 kernel/c=x /d=900 e=900 stop/=900 start/f.service=501",
		   &again);
	expect(&again, "stop/a=600 start/f.service=501");
}

static void test_advice(void **state)
{
	static const struct {
		enum slow_when when;
		const char *what, *word;
	} rows[] = {
		{ SLOW_STOP, "networking.service", "dhclient sleeps" },
		{ SLOW_START, "networking.service", "DHCP" },
		{ SLOW_START, "ifupdown-pre.service", "udevadm settle" },
		{ SLOW_START, "systemd-networkd-wait-online.service", "systemctl disable" },
		{ SLOW_START, "NetworkManager-wait-online.service", "systemctl disable" },
		{ SLOW_STOP, "user@1000.service", "loginctl" },
		{ SLOW_STOP, "x.service", "TimeoutStopSec=" },
		{ SLOW_START, "x.service", "critical-chain" },
		{ SLOW_KERNEL, "ata1", "initcall_debug" },
		{ SLOW_INITRAMFS, "sda", "root device" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slow_item item = { .when = rows[i].when };

		(void)snprintf(item.what, sizeof(item.what), "%s", rows[i].what);
		if (!strstr(slow_advice(&item), rows[i].word))
			fail_msg("%s: %s", rows[i].what, slow_advice(&item));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_kernel_log),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
