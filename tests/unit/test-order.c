// SPDX-License-Identifier: LGPL-2.1-or-later
/* A reboot with a time, as rapidreboot(8) describes --when and --cancel: what is kept, what happens when its
 * time comes, and when it is taken back. handover/request.h has the form of the request file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handover/init.h"
#include "reboot/attempt.h"
#include "reboot/order.h"
#include "reboot/wait.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/fake-machine.h"

#define REQUEST "/run/rapidreboot/request"
#define LOADED "/run/rapidreboot/loaded"
#define RECORD "/var/lib/rapidreboot/attempts"

enum { HOUR_MS = 60 * MACHINE_MINUTE_MS };

/* Loads @entry, NULL for the default, and orders it in an hour, as `rapidreboot --when +60 ENTRY` does. */
static void order(struct fake_machine *m, const char *entry)
{
	struct request request = { .mode = REBOOT_KEXEC, .due_ms = MACHINE_BOOTTIME_MS + HOUR_MS };
	_cleanup_wish_ struct wish wish = { 0 };
	struct kx_error err = { 0 };
	struct start s;

	assert_int_equal(wish_set(&wish.entry, entry), 0);
	if (load_for_reboot(&m->rb, &wish, "command", false, &s, &err) != REASON_NONE)
		fail_msg("%s\n%s", err.message, m->told);
	order_fill(&m->rb, &wish, &s, &request);
	(void)snprintf(request.entry, sizeof(request.entry), "%s", s.choice.title);
	(void)snprintf(request.digest, sizeof(request.digest), "%s", s.digest);
	assert_int_equal(request_write(m->rb.sys, &request, NULL), 0);
	start_done(&s);
	assert_string_equal(fake_calls(m), "load");
	m->told[0] = '\0';
}

static bool is_pending(struct fake_machine *m)
{
	return strstr(fake_read(m, RECORD), "result=pending") != NULL;
}

/* Nothing of the order is left that a later hook or boot could take for one. */
static void assert_dropped(struct fake_machine *m)
{
	assert_false(fake_has(m, REQUEST));
	assert_false(fake_has(m, LOADED));
	assert_false(is_pending(m));
}

/* An order of this boot is found until ten minutes after its time; while it waits no other one is taken. */
static void test_read(void **state)
{
	static const struct {
		uint64_t at_ms;
		bool is_there;
		uint64_t left_ms;
		enum reason free;
	} cases[] = {
		{ 0, true, HOUR_MS, REASON_ORDERED },
		{ HOUR_MS - 1, true, 1, REASON_ORDERED },
		{ HOUR_MS, true, 0, REASON_NONE },
		{ HOUR_MS + 10 * MACHINE_MINUTE_MS, true, 0, REASON_NONE },
		{ HOUR_MS + 10 * MACHINE_MINUTE_MS + 1, false, 0, REASON_NONE },
	};
	struct fake_machine m;

	fake_new(&m, "systemd");
	order(&m, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct order got = { .left_ms = 0 };
		struct kx_error err = { 0 };

		fake_set_time(MACHINE_BOOTTIME_MS + cases[i].at_ms);
		assert_int_equal(order_read(&m.rb, &got), cases[i].is_there);
		assert_int_equal(got.left_ms, cases[i].left_ms);
		assert_int_equal(order_is_free(&m.rb, &err), cases[i].free);
		assert_int_equal(err.message[0] != '\0', cases[i].free != REASON_NONE);
	}
	fake_set_time(MACHINE_BOOTTIME_MS);
	fake_put(&m, "/proc/sys/kernel/random/boot_id", "4f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17\n");
	assert_int_equal(order_is_free(&m.rb, NULL), REASON_NONE);
	fake_free(&m);
}

/* systemd(1), shutdown(8) of sysvinit keep a time themselves; runit has none. */
static void test_is_ours(void **state)
{
	assert_false(order_is_ours(NULL));
	assert_false(order_is_ours(&systemd_init));
	assert_false(order_is_ours(&sysvinit_init));
	assert_true(order_is_ours(&runit_init));
	assert_true(order_is_ours(&busybox_init));
}

/* A wish that is too long for the file is not kept, and that is told: then nothing is chosen anew. */
static void test_fill(void **state)
{
	const size_t sizes[] = { 10, REQUEST_WISH_MAX };

	for (size_t i = 0; i < 2; i++) {
		struct request request = { .mode = REBOOT_KEXEC };
		_cleanup_wish_ struct wish wish = { 0 };
		struct start s = { .choice = { .digest = "0123456789abcdef" } };
		struct fake_machine m;
		const bool fits = i == 0;

		fake_new(&m, "systemd");
		wish.append = calloc(1, sizes[i] + 1);
		assert_non_null(wish.append);
		memset(wish.append, 'a', sizes[i]);
		order_fill(&m.rb, &wish, &s, &request);
		assert_string_equal(request.choice, fits ? "0123456789abcdef" : "");
		assert_string_equal(request.wish, fits ? "append aaaaaaaaaa\n" : "");
		assert_int_equal(m.told[0] != '\0', !fits);
		fake_free(&m);
	}
}

enum change { SAME, KERNEL, COMMAND_LINE, NEW_DEFAULT, GONE, TO_FIRMWARE, REFUSED_LOAD };

static void make_change(struct fake_machine *m, enum change change)
{
	switch (change) {
	case SAME:
		return;
	case KERNEL:
		fake_replace_kernel(m, 1);
		return;
	case COMMAND_LINE:
		fake_put_menu(m, "First", "/dev/sdb9");
		return;
	case NEW_DEFAULT:
		fake_put_menu(m, "Newer", "/dev/sdc1");
		return;
	case GONE:
		fake_put(m, "/boot/grub/grub.cfg", "menuentry 'First' {\n chainloader +1\n}\n");
		return;
	case TO_FIRMWARE:
		fake_replace_kernel(m, 1);
		fake_put(m, "/run/systemd/reboot-to-firmware-setup", "");
		return;
	case REFUSED_LOAD:
		fake_replace_kernel(m, 1);
		assert_int_equal(setenv("FAKE_ERRORS", "load=1,file_load=1", 1), 0); /* EPERM */
		return;
	}
}

/* When its time comes the same wish is asked again. */
static void test_renew(void **state)
{
	static const struct {
		const char *entry;
		enum change change;
		enum reason reason;
		const char *calls, *title;
	} cases[] = {
		{ NULL, SAME, REASON_NONE, "", "First" },
		{ "Second", SAME, REASON_NONE, "", "Second" },
		{ NULL, KERNEL, REASON_NONE, "unload; load", "First" },
		{ NULL, COMMAND_LINE, REASON_NONE, "unload; load", "First" },
		{ "Second", COMMAND_LINE, REASON_NONE, "", "Second" },
		/* the boot loader's default was ordered, and is another one now */
		{ NULL, NEW_DEFAULT, REASON_NONE, "unload; load", "Newer" },
		/* number 0 was agreed to when it was another entry */
		{ "0", NEW_DEFAULT, REASON_OTHER_ENTRY, "unload", NULL },
		{ "Second", GONE, REASON_NO_ENTRY, "unload", NULL },
		{ NULL, TO_FIRMWARE, REASON_FIRMWARE, "unload; unload", NULL },
		{ NULL, REFUSED_LOAD, REASON_LOAD, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_machine m;
		struct kx_error err = { 0 };
		struct order got;
		enum reason reason;
		char before[17];

		fake_new(&m, "sysvinit");
		order(&m, cases[i].entry);
		make_change(&m, cases[i].change);
		assert_true(order_read(&m.rb, &got));
		(void)snprintf(before, sizeof(before), "%s", got.request.digest);
		fake_set_time(MACHINE_BOOTTIME_MS + HOUR_MS);
		reason = order_renew(&m.rb, &got.request, true, &err);
		if (reason != cases[i].reason)
			fail_msg("case %zu: %s: %s\n%s", i, reason_name(reason), err.message,
				 m.told);
		if (cases[i].calls)
			fake_assert_calls(&m, "renew", i, cases[i].calls);
		if (reason != REASON_NONE) {
			assert_true(err.message[0]);
			assert_dropped(&m);
			fake_free(&m);
			continue;
		}
		/* what is loaded anew is known by another digest, in every place */
		assert_true(order_read(&m.rb, &got));
		assert_string_equal(got.request.entry, cases[i].title);
		if ((strcmp(got.request.digest, before) != 0) != (*cases[i].calls != '\0'))
			fail_msg("case %zu: digest %s, before %s", i, got.request.digest, before);
		assert_non_null(strstr(fake_read(&m, LOADED), got.request.digest));
		/* the attempt counts from now */
		assert_non_null(strstr(fake_read(&m, RECORD), "boottime=4600000000\t"));
		assert_true(is_pending(&m));
		fake_free(&m);
	}
}

/* It was written without a wish: what is loaded is started. */
static void test_renew_without_wish(void **state)
{
	struct fake_machine m;
	struct order got;

	fake_new(&m, "sysvinit");
	order(&m, NULL);
	make_change(&m, KERNEL);
	assert_true(order_read(&m.rb, &got));
	got.request.choice[0] = '\0';
	assert_int_equal(order_renew(&m.rb, &got.request, true, NULL), REASON_NONE);
	fake_assert_calls(&m, "renew without wish", 0, "");
	fake_free(&m);
}

/* A hook program that says no to what is loaded anew. */
static void test_renew_hook(void **state)
{
	struct kx_error err = { 0 };
	struct fake_machine m;
	struct order got;

	fake_new(&m, "sysvinit");
	order(&m, NULL);
	make_change(&m, KERNEL);
	fake_put_program(&m, "/etc/rapidreboot/hooks.d/10-test");
	assert_int_equal(setenv("FAKE_EXITS", "10-test=1", 1), 0);
	assert_true(order_read(&m.rb, &got));
	assert_int_equal(order_renew(&m.rb, &got.request, true, &err), REASON_HOOK);
	assert_dropped(&m);
	fake_free(&m);
}

static void test_cancel(void **state)
{
	static const struct {
		const char *init, *errors, *exits;
		bool ordered;
		enum reason reason;
		const char *calls;
	} cases[] = {
		{ "systemd", "", "", true, REASON_NONE, "run /usr/sbin/shutdown -c; unload" },
		{ "sysvinit", "", "", true, REASON_NONE, "run /sbin/shutdown -c; unload" },
		{ "runit", "", "", true, REASON_NONE, "unload" },
		{ "systemd", "", "", false, REASON_NOT_ORDERED, "" },
		/* init goes on with it: then its kernel has to stay */
		{ "systemd", "", "shutdown=1", true, REASON_INIT, "run /usr/sbin/shutdown -c" },
		{ "", "", "", true, REASON_INIT_UNKNOWN, "" },
		{ "runit", "unload=1,file_unload=1", "", true, REASON_UNLOAD, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_machine m;
		struct kx_error err = { 0 };

		fake_new(&m, cases[i].init);
		if (cases[i].ordered)
			order(&m, NULL);
		assert_int_equal(setenv("FAKE_ERRORS", cases[i].errors, 1), 0);
		assert_int_equal(setenv("FAKE_EXITS", cases[i].exits, 1), 0);
		assert_int_equal(order_cancel(&m.rb, &err), cases[i].reason);
		if (cases[i].calls)
			fake_assert_calls(&m, "cancel", i, cases[i].calls);
		if (cases[i].reason == REASON_NONE)
			assert_dropped(&m);
		else
			assert_true(err.message[0]);
		assert_int_equal(fake_has(&m, REQUEST),
				 cases[i].ordered && cases[i].reason != REASON_NONE);
		fake_free(&m);
	}
}

/* The hook "cancelled": logind's schedule went. systemd.special(7), logind.c: /run/systemd/shutdown/scheduled. */
static void test_was_cancelled(void **state)
{
	static const char jobs[] =
		"run /usr/bin/systemctl list-jobs --plain --no-legend --no-pager";
	static const struct {
		const char *file, *jobs;
		bool stays;
		const char *calls; /* after the question for jobs; NULL: it is not asked */
	} cases[] = {
		{ NULL, "", false, "; unload" },
		{ "/run/systemd/shutdown/scheduled", "", true, NULL },
		{ NULL, "12 kexec.target start waiting\n", true, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_machine m;
		char expected[256] = "";

		fake_new(&m, "systemd");
		order(&m, NULL);
		if (cases[i].file)
			fake_put(&m, cases[i].file, "");
		assert_int_equal(setenv("FAKE_OUTPUT", cases[i].jobs, 1), 0);
		order_was_cancelled(&m.rb);
		if (cases[i].calls)
			(void)snprintf(expected, sizeof(expected), "%s%s", jobs, cases[i].calls);
		fake_assert_calls(&m, "was cancelled", i, expected);
		assert_int_equal(fake_has(&m, REQUEST), cases[i].stays);
		assert_int_equal(is_pending(&m), cases[i].stays);
		fake_free(&m);
	}
}

/* Where init knows no time: reboot(8) of runit is `runit-init 6`. */
static void test_wait(void **state)
{
	static const struct {
		enum change change;
		bool unloaded;			  /* by somebody else */
		const char *exits, *calls, *mode; /* NULL: no request is left */
	} cases[] = {
		{ SAME, false, "", "run /usr/sbin/runit-init 6", "\nmode kexec\n" },
		{ KERNEL, false, "", "unload; load; run /usr/sbin/runit-init 6", "\nmode kexec\n" },
		/* a reboot was ordered, and there is no kernel for a fast one: through the firmware */
		{ GONE, false, "", "unload; run /usr/sbin/runit-init 6", "\nmode cold\n" },
		{ SAME, true, "", "unload", NULL },
		{ SAME, false, "runit-init=1", "run /usr/sbin/runit-init 6; unload", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_machine m;

		fake_new(&m, "runit");
		order(&m, "Second");
		make_change(&m, cases[i].change);
		if (cases[i].unloaded)
			fake_put(&m, "/sys/kernel/kexec_loaded", "0\n");
		fake_set_time(MACHINE_BOOTTIME_MS + HOUR_MS);
		assert_int_equal(setenv("FAKE_EXITS", cases[i].exits, 1), 0);
		wait_for_order(&m.rb);
		fake_assert_calls(&m, "wait", i, cases[i].calls);
		if (cases[i].mode)
			assert_non_null(strstr(fake_read(&m, REQUEST), cases[i].mode));
		else
			assert_dropped(&m);
		fake_free(&m);
	}
}

/* It waits as long as the request stays as it is: looked at every 30 seconds. */
static void test_wait_taken_back(void **state)
{
	static const char *const meanwhile[] = {
		"rm '%s" REQUEST "'",
		"sed -i 's/^time .*/time 1000001/' '%s" REQUEST "'",
		"sed -i '/^due /d' '%s" REQUEST "'",
	};

	for (size_t i = 0; i < sizeof(meanwhile) / sizeof(meanwhile[0]); i++) {
		struct fake_machine m;
		char command[512];

		fake_new(&m, "runit");
		order(&m, NULL);
		(void)snprintf(command, sizeof(command), "%s", meanwhile[i]);
		(void)snprintf(strstr(command, "%s"), sizeof(command) - 128, "%s%s", m.root.path,
			       strstr(meanwhile[i], "%s") + 2);
		assert_int_equal(setenv("FAKE_ASLEEP", command, 1), 0);
		wait_for_order(&m.rb);
		fake_assert_calls(&m, "wait taken back", 0, "");
		fake_free(&m);
	}
}

/* The program that waits is this one; without /proc it cannot be named. */
static void test_wait_call(void **state)
{
	struct reboot_call call = { .needs_hook = true };
	struct kx_error err = { 0 };
	struct fake_machine m;

	fake_new(&m, "runit");
	assert_int_equal(wait_call(m.rb.sys, &call, &err), 0);
	assert_true(call.waits);
	assert_string_equal(call.words[0], "/usr/sbin/rapidreboot");
	assert_string_equal(call.words[1], "hook");
	assert_string_equal(call.words[2], "wait");
	assert_null(call.words[3]);
	fake_remove(&m, "/proc/self/exe");
	assert_int_equal(wait_call(m.rb.sys, &call, &err), -ENOENT);
	assert_non_null(strstr(err.message, "/proc"));
	reboot_call_done(&call);
	fake_free(&m);
}

/* attempts.h has the form of a line. What cannot be recorded does not go on unless a person agreed to it. */
static void test_remember(void **state)
{
	struct fake_machine m;
	char title[] = "First";
	struct start s = { .plan_info = { .rung = "bzImage", .way = KX_WAY_FILE },
			   .image_info = { .version = "6.1.0-test" },
			   .choice = { .title = title },
			   .why = "menu" };
	struct kx_error err = { 0 };
	const char *record;

	fake_new(&m, "systemd");
	assert_int_equal(attempt_remember(&m.rb, &s, NULL), REASON_NONE);
	record = fake_read(&m, RECORD);
	assert_non_null(strstr(record, "result=pending\tboot=" MACHINE_BOOT_ID "\t"));
	for (size_t i = 0; i < 6; i++) {
		static const char *const fields[] = {
			"\twhy=menu\t",	    "\tway=kexec_file_load\t", "\trung=bzImage\t",
			"\tinit=systemd\t", "\tversion=6.1.0-test\t",  "\tentry=First\t"
		};

		if (!strstr(record, fields[i]))
			fail_msg("no \"%s\" in %s", fields[i], record);
	}
	assert_string_equal(m.told, "");
	fake_free(&m);

	fake_new(&m, "systemd");
	fake_put(&m, RECORD "/is-a-directory", "");
	assert_int_equal(attempt_remember(&m.rb, &s, &err), REASON_UNRECORDED);
	assert_non_null(strstr(err.message, "cannot be recorded"));
	assert_string_equal(m.told, "");
	s.person_agreed = true;
	assert_int_equal(attempt_remember(&m.rb, &s, NULL), REASON_NONE);
	assert_non_null(strstr(m.told, "not recorded"));
	fake_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_is_ours),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_renew_without_wish),
		cmocka_unit_test(test_renew_hook),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_was_cancelled),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_wait_taken_back),
		cmocka_unit_test(test_wait_call),
		cmocka_unit_test(test_remember),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
