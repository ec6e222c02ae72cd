// SPDX-License-Identifier: LGPL-2.1-or-later
/* A crash on purpose: written down before it, closed by the next boot. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "crash/trial.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define BOOT "/proc/sys/kernel/random/boot_id"
#define OLD "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17\n"
#define NEW "11111111-7b64-4c0d-9a55-0d6c1f8e2b17\n"

struct machine {
	struct root root;
	int fd;
};

static void machine_new(struct machine *m)
{
	root_new(&m->root);
	root_put(&m->root, BOOT, OLD);
	root_put(&m->root, "/proc/stat", "cpu 1 2 3\nbtime 1060\nprocesses 1\n");
	root_put(&m->root, "/var/crash/202601010000/dump.202601010000", "older");
	m->fd = open(m->root.path, O_RDONLY | O_DIRECTORY);
	assert_true(m->fd >= 0);
}

static void machine_done(struct machine *m)
{
	close(m->fd);
	root_free(&m->root);
}

static void begin_at(const struct machine *m, const char *place, uint64_t now)
{
	struct kx_error err = { 0 };

	assert_int_equal(crash_trial_begin(m->fd, "/var/crash", place, now, &err), 0);
}

static void begin(const struct machine *m, uint64_t now)
{
	begin_at(m, NULL, now);
}

static int close_it(const struct machine *m, struct crash_trial *ret)
{
	struct kx_error err = { 0 };

	return crash_trial_close(m->fd, ret, &err);
}

/* Another machine is not looked at: that nothing came here is no failure, and a dump here is one. */
static void test_sent(void **state)
{
	_cleanup_crash_trial_ struct crash_trial t = { 0 }, again = { 0 };
	struct machine m;

	machine_new(&m);
	begin_at(&m, "dumps@server", 1000);
	root_put(&m.root, BOOT, NEW);
	assert_int_equal(close_it(&m, &t), 1);
	assert_int_equal(t.result, CRASH_TRIAL_SENT);
	assert_string_equal(crash_trial_result_name(t.result), "sent");
	assert_string_equal(t.place, "dumps@server");
	assert_int_equal(t.good_at, 0);
	assert_int_equal(t.back_at, 1060);
	assert_int_equal(close_it(&m, &again), 0);
	assert_int_equal(again.result, CRASH_TRIAL_SENT);
	assert_string_equal(again.place, "dumps@server");
	machine_done(&m);
	(void)state;
}

static void test_sent_is_here(void **state)
{
	_cleanup_crash_trial_ struct crash_trial t = { 0 };
	struct machine m;

	machine_new(&m);
	begin_at(&m, "dumps@server", 1000);
	root_put(&m.root, BOOT, NEW);
	root_put(&m.root, "/var/crash/202611291200/dump.202611291200", "12345");
	assert_int_equal(close_it(&m, &t), 1);
	assert_int_equal(t.result, CRASH_TRIAL_SAVED);
	assert_string_equal(t.place, "dumps@server");
	machine_done(&m);
	(void)state;
}

static void test_saved(void **state)
{
	_cleanup_crash_trial_ struct crash_trial same = { 0 }, t = { 0 }, again = { 0 };
	struct machine m;

	machine_new(&m);
	begin(&m, 1000);
	/* in the same boot nothing has come of it yet */
	assert_int_equal(close_it(&m, &same), 0);
	assert_int_equal(same.result, CRASH_TRIAL_OPEN);
	root_put(&m.root, BOOT, NEW);
	root_put(&m.root, "/var/crash/202611291200/dump.202611291200", "12345");
	root_put(&m.root, "/var/crash/202611291200/rapidreboot.txt",
		 "by=rapidreboot\nstarted-ms=100\nmodules-ms=200\nmounted-ms=300\nlog-ms=400\n"
		 "other-ms=9\ndump-ms=5000\nkernel=6.1\n");
	assert_int_equal(close_it(&m, &t), 1);
	assert_int_equal(t.result, CRASH_TRIAL_SAVED);
	assert_string_equal(t.dump, "/var/crash/202611291200/dump.202611291200");
	assert_int_equal(t.dump_bytes, 5);
	assert_int_equal(t.started_at, 1000);
	assert_int_equal(t.back_at, 1060);
	assert_int_equal(t.good_at, 1000);
	assert_int_equal(t.steps_ms[CRASH_STEP_STARTED], 100);
	assert_int_equal(t.steps_ms[CRASH_STEP_DUMP], 5000);
	/* once only, and a dump that is removed later does not change it */
	root_remove(&m.root, "/var/crash/202611291200/dump.202611291200");
	assert_int_equal(close_it(&m, &again), 0);
	assert_int_equal(again.result, CRASH_TRIAL_SAVED);
	assert_int_equal(again.steps_ms[CRASH_STEP_LOG], 400);
	machine_done(&m);
}

/* An old dump, and one that is not whole, are none. The last good test is remembered. */
static void test_nothing(void **state)
{
	_cleanup_crash_trial_ struct crash_trial first = { 0 }, t = { 0 };
	struct machine m;

	machine_new(&m);
	begin(&m, 1000);
	root_put(&m.root, BOOT, NEW);
	root_put(&m.root, "/var/crash/202611291200/dump.202611291200", "x");
	assert_int_equal(close_it(&m, &first), 1);
	begin(&m, 2000);
	root_put(&m.root, BOOT, OLD);
	root_put(&m.root, "/var/crash/202611291300/dump.202611291300.incomplete", "x");
	assert_int_equal(close_it(&m, &t), 1);
	assert_int_equal(t.result, CRASH_TRIAL_NOTHING);
	assert_null(t.dump);
	assert_int_equal(t.good_at, 1000);
	machine_done(&m);
}

/* Where only the log came it is told, with what the program noted of the dump; an older one's notes do not count. */
static void test_log_alone(void **state)
{
	static const struct {
		const char *notes, *reason; /* NULL: no log of this crash */
	} rows[] = {
		{ "by=rapidreboot\ncrashed=2001\ndump-error=/x: No space left on device\n",
		  "/x: No space left on device" },
		{ "crashed=2001\nlog-ms=1\n", "it was interrupted" },
		{ "crashed=1000\ndump-error=an old one\n", NULL },
		{ "by=rapidreboot\n", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_crash_trial_ struct crash_trial t = { 0 }, again = { 0 };
		struct machine m;

		machine_new(&m);
		begin(&m, 2000);
		root_put(&m.root, BOOT, NEW);
		root_put(&m.root, "/var/crash/202611291300/dmesg.202611291300", "x");
		root_put(&m.root, "/var/crash/202611291300/rapidreboot.txt", rows[i].notes);
		assert_int_equal(close_it(&m, &t), 1);
		assert_int_equal(t.result, CRASH_TRIAL_NOTHING);
		assert_int_equal(close_it(&m, &again), 0);
		assert_int_equal(!again.log, !rows[i].reason);
		if (rows[i].reason) {
			assert_string_equal(again.log,
					    "/var/crash/202611291300/dmesg.202611291300");
			assert_string_equal(again.reason, rows[i].reason);
		}
		machine_done(&m);
	}
}

static void test_fallback(void **state)
{
	_cleanup_crash_trial_ struct crash_trial t = { 0 };
	struct machine m;

	machine_new(&m);
	begin(&m, 1000);
	root_put(&m.root, BOOT, NEW);
	root_put(&m.root, CRASH_FALLBACK_DIRECTORY "/202611291300/dump.202611291300", "x");
	assert_int_equal(close_it(&m, &t), 1);
	assert_string_equal(t.dump, CRASH_FALLBACK_DIRECTORY "/202611291300/dump.202611291300");
	machine_done(&m);
}

static void test_dropped(void **state)
{
	_cleanup_crash_trial_ struct crash_trial t = { 0 };
	struct kx_error err = { 0 };
	struct machine m;

	machine_new(&m);
	assert_int_equal(close_it(&m, &t), -ENOENT);
	begin(&m, 1000);
	assert_int_equal(crash_trial_drop(m.fd, &err), 0);
	assert_int_equal(close_it(&m, &t), -ENOENT);
	machine_done(&m);
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"boot=1\n",
		"directory=/\n",
		"boot=1\ndirectory=/\nresult=other\n",
		"boot=1\ndirectory=/\nresult=saved\n",
		"boot=1\ndirectory=/\nstarted-at=x\n",
		"boot=1\ndirectory=/\nlog-ms=-1\n",
	};
	struct machine m;

	machine_new(&m);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct crash_trial t = { .started_at = 4711 };

		root_put(&m.root, CRASH_TRIAL_FILE, texts[i]);
		assert_int_equal(close_it(&m, &t), -EBADMSG);
		assert_int_equal(t.started_at, 4711);
	}
	machine_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_saved),	     cmocka_unit_test(test_sent),
		cmocka_unit_test(test_sent_is_here), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_log_alone),    cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_dropped),	     cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
