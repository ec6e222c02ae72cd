// SPDX-License-Identifier: LGPL-2.1-or-later
/* When a hook jumps: the rule of handover/arm.h, the sign of a request, and what BusyBox init shows of itself. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "handover/arm.h"
#include "handover/init.h"
#include "reboot/ask.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define BOOT_ID "0b4c4d4e-7b64-4c0d-9a55-0d6c1f8e2b18"

/* Process 1 of Debian's busybox 1.35 and of one of before 1.33, at work, waiting and on the way down. The
 * functions are those of Linux 6.1 and 6.12. */
static void test_busybox_begins(void **state)
{
#define CLEAR "SigBlk:\t0000000000000000\nSigCgt:\t0000000000000000\n"
	static const struct {
		const char *status, *wchan;
		bool want;
	} rows[] = {
		/* 1.35: at work, waiting, and when it runs ::shutdown: lines */
		{ "SigBlk:\t0000000020014a07\nSigCgt:\t0000000000000000\n", "do_wait", false },
		{ CLEAR, "do_sigtimedwait", false },
		{ CLEAR, "do_sigtimedwait.isra.0", false },
		{ CLEAR, "do_wait", true },
		{ CLEAR, "hrtimer_nanosleep", true },
		/* before 1.33 */
		{ "SigBlk:\t0000000000000000\nSigCgt:\t0000000020014a07\n", "do_wait", false },
		{ "Name:\tinit\nSigBlk:\t0000000000000000\nSigCgt:\t0000000000010000\n", "do_wait",
		  true },
		/* one of the three is enough: it still takes orders */
		{ "SigBlk:\t0000000000000200\nSigCgt:\t0000000000000000\n", "do_wait", false },
		{ "SigBlk:\t0000000000000800\nSigCgt:\t0000000000000000\n", "do_wait", false },
		{ "SigBlk:\t0000000000000000\nSigCgt:\t0000000000004000\n", "do_wait", false },
		/* what cannot be read has not been seen */
		{ "SigBlk:\t0000000000000000\n", "do_wait", false },
		{ "SigBlk:\t0\nSigCgt:\t0\n", "do_wait", false },
		{ "", "do_wait", false },
		{ CLEAR, "0", false },
		{ CLEAR, "", false },
	};
	struct sys machine = { .root = NULL };
	struct root root;

	root_new(&root);
	root_put(&root, "/proc/here", "");
	machine.root = root.path;
	assert_false(busybox_init.has_begun(&machine));
	root_put(&root, "/proc/1/status", CLEAR);
	assert_false(busybox_init.has_begun(&machine));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		root_put(&root, "/proc/1/status", rows[i].status);
		root_put(&root, "/proc/1/wchan", rows[i].wchan);
		assert_int_equal(busybox_init.has_begun(&machine), rows[i].want);
	}
	root_free(&root);
#undef CLEAR
}

static void test_sign(void **state)
{
	static const struct {
		enum request_sign sign;
		uint64_t age_ms;
		bool want;
	} rows[] = {
		{ SIGN_NONE, 0, false },     { SIGN_NONE, 15000, false },  { SIGN_ASKED, 0, true },
		{ SIGN_ASKED, 15000, true }, { SIGN_ASKED, 15001, false }, { SIGN_DOWN, 0, true },
		{ SIGN_DOWN, 599999, true },
	};
	const struct request later = { .sign = SIGN_ASKED, .time_ms = 5001 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct request q = { .sign = rows[i].sign, .time_ms = 5000 };

		assert_int_equal(request_is_sign(&q, 5000 + rows[i].age_ms), rows[i].want);
	}
	assert_false(request_is_sign(&later, 5000));
}

static uint64_t boottime_ms(struct sys *sys)
{
	return 5000;
}

static struct sys machine = { .boottime_ms = boottime_ms };

/* proc_pid_stat(5) of the process that asks, while a hook looks. */
static void test_orphan(void **state)
{
#define STAT(id, s, start) id " (a) b) " s " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " start " 0\n"
	static const struct {
		const char *asker, *init;
		bool want;
	} rows[] = {
		{ STAT("812", "S", "9917"), STAT("1", "S", "2"), false },
		{ STAT("812", "Z", "9917"), STAT("1", "S", "2"), true },
		{ STAT("812", "S", "9918"), STAT("1", "S", "2"),
		  true }, /* another one has its number */
		{ NULL, STAT("1", "S", "2"), true },
		{ NULL, NULL, false }, /* /proc is not mounted any more */
		{ "812 (a", STAT("1", "S", "2"), false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request q = { .sign = SIGN_ASKED }, back;
		struct root root;

		root_new(&root);
		root_put(&root, "/proc/sys/kernel/random/boot_id", BOOT_ID "\n");
		root_put(&root, "/run/here", "");
		machine.root = root.path;
		root_put(&root, "/proc/self/stat", STAT("812", "R", "9917"));
		request_set_asker(&machine, &q);
		assert_int_equal(q.asker, getpid());
		q.asker = 812;
		assert_int_equal(request_write(&machine, &q, NULL), 0);
		assert_int_equal(request_read(&machine, &back, NULL), 0);
		assert_int_equal(back.asker_start, 9917);
		if (rows[i].asker)
			root_put(&root, "/proc/812/stat", rows[i].asker);
		if (rows[i].init)
			root_put(&root, "/proc/1/stat", rows[i].init);
		assert_int_equal(request_is_orphan(&machine, &back), rows[i].want);
		back.sign = SIGN_DOWN; /* it has seen init begin */
		assert_false(request_is_orphan(&machine, &back));
		root_free(&root);
	}
}

/* ---- the arming rule, all of it */

enum { NO_REQUEST = -1 };

static const struct {
	enum going going;
	int request; /* enum reboot_mode or NO_REQUEST */
	enum hook_action mounted, mounted_enabled, end;
} arming[] = {
	{ GOING_NOWHERE, NO_REQUEST, HOOK_NOTHING, HOOK_NOTHING, HOOK_NOTHING },
	{ GOING_NOWHERE, REBOOT_KEXEC, HOOK_NOTHING, HOOK_NOTHING, HOOK_NOTHING },
	{ GOING_NOWHERE, REBOOT_COLD, HOOK_NOTHING, HOOK_NOTHING, HOOK_NOTHING },
	/* a poweroff is never turned into a reboot by an earlier request */
	{ GOING_DOWN, NO_REQUEST, HOOK_UNLOAD, HOOK_UNLOAD, HOOK_UNLOAD },
	{ GOING_DOWN, REBOOT_KEXEC, HOOK_UNLOAD, HOOK_UNLOAD, HOOK_UNLOAD },
	{ GOING_DOWN, REBOOT_COLD, HOOK_UNLOAD, HOOK_UNLOAD, HOOK_UNLOAD },
	/* init gives no sign */
	{ GOING_UNKNOWN, NO_REQUEST, HOOK_NOTHING, HOOK_NOTHING, HOOK_NOTHING },
	{ GOING_UNKNOWN, REBOOT_KEXEC, HOOK_NOTHING, HOOK_NOTHING, HOOK_NOTHING },
	{ GOING_UNKNOWN, REBOOT_COLD, HOOK_UNLOAD, HOOK_UNLOAD, HOOK_UNLOAD },
	{ GOING_REBOOT, NO_REQUEST, HOOK_NOTHING, HOOK_LOAD, HOOK_JUMP },
	{ GOING_REBOOT, REBOOT_KEXEC, HOOK_LOAD, HOOK_LOAD, HOOK_JUMP },
	{ GOING_REBOOT, REBOOT_COLD, HOOK_UNLOAD, HOOK_UNLOAD, HOOK_UNLOAD },
	{ GOING_KEXEC, NO_REQUEST, HOOK_LOAD, HOOK_LOAD, HOOK_JUMP },
	{ GOING_KEXEC, REBOOT_KEXEC, HOOK_LOAD, HOOK_LOAD, HOOK_JUMP },
	{ GOING_KEXEC, REBOOT_COLD, HOOK_UNLOAD, HOOK_UNLOAD, HOOK_UNLOAD },
};

static void test_arming(void **state)
{
	assert_int_equal(ARRAY_SIZE(arming), 5 * 3);
	for (size_t i = 0; i < ARRAY_SIZE(arming); i++) {
		struct request request = { .mode = (enum reboot_mode)arming[i].request };
		struct hook_facts facts = {
			.going = arming[i].going,
			.request = arming[i].request == NO_REQUEST ? NULL : &request,
		};

		assert_int_equal(hook_while_mounted(&facts), arming[i].mounted);
		assert_int_equal(hook_at_the_end(&facts), arming[i].end);
		/* where init says nothing the sign decides, and nowhere else */
		facts.armed = facts.request != NULL;
		assert_int_equal(hook_while_mounted(&facts), arming[i].mounted);
		assert_int_equal(hook_at_the_end(&facts),
				 arming[i].going == GOING_UNKNOWN &&
						 arming[i].request == REBOOT_KEXEC
					 ? HOOK_JUMP
					 : arming[i].end);
		facts.armed = false;
		facts.enabled = true;
		assert_int_equal(hook_while_mounted(&facts), arming[i].mounted_enabled);
		assert_int_equal(hook_at_the_end(&facts), arming[i].end);
		/* a reboot with a time that comes before it */
		facts.enabled = false;
		facts.ordered = true;
		assert_int_equal(hook_while_mounted(&facts), arming[i].mounted_enabled);
		assert_int_equal(hook_at_the_end(&facts), arming[i].end);
	}
}

/* ---- asking an init that is busy */

static struct root *busy_root;
static int rounds;

/* It ends processes, and reaps them, for a while before it is seen asleep. */
static void sleep_ms(struct sys *sys, unsigned ms)
{
	if (rounds-- == 0)
		root_put(busy_root, "/proc/1/wchan", "do_wait");
}

static void test_asked_when_busy(void **state)
{
	static const struct {
		const char *asks; /* a shell's words in the place of `reboot` */
		int rounds;	  /* until init is seen on its way down */
		int want;
	} rows[] = {
		{ "exit 0", 0, 0 },
		{ "exit 0", 50, 0 },
		{ "exit 0", 1000, -ETIMEDOUT },
		{ "kill -TERM $$", 0, 0 },
		{ "kill -TERM $$", 15, 0 },
		{ "kill -KILL $$", 15, 0 },
		{ "kill -TERM $$", 21, -EINTR },
		{ "exit 1", 50, -EIO },
	};
	static char sh[] = "/bin/sh", c[] = "-c";
	struct sys sys = { .boottime_ms = boottime_ms, .sleep_ms = sleep_ms };
	const struct reboot rb = { .sys = &sys };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reboot_call call = { .words = { sh, c, (char *)(uintptr_t)rows[i].asks },
					    .n_words = 3 };
		struct request request = { .mode = REBOOT_KEXEC }, left;
		struct kx_error err = { 0 };
		struct root root;

		root_new(&root);
		sys.root = root.path;
		busy_root = &root;
		rounds = rows[i].rounds;
		root_put(&root, "/proc/sys/kernel/random/boot_id", BOOT_ID "\n");
		root_put(&root, "/proc/1/status",
			 "SigBlk:\t0000000000000000\nSigCgt:\t0000000000000000\n");
		root_put(&root, "/proc/1/wchan", "0");
		root_put(&root, "/run/here", "");
		assert_int_equal(ask_with_sign(&rb, &busybox_init, &call, &request, &err),
				 rows[i].want);
		assert_int_equal(err.message[0] != '\0',
				 rows[i].want < 0 || strstr(rows[i].asks, "kill") != NULL);
		assert_int_equal(request_read(&sys, &left, NULL), 0);
		assert_int_equal(left.sign, rows[i].want == 0 ? SIGN_DOWN : SIGN_ASKED);
		root_free(&root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_busybox_begins),	cmocka_unit_test(test_sign),
		cmocka_unit_test(test_orphan),		cmocka_unit_test(test_arming),
		cmocka_unit_test(test_asked_when_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
