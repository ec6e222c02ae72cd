// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who is at work on a machine: utmp(5), and what systemd-logind writes below /run/systemd. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

#include "reboot/present.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct root root;
static int fd;

static int setup(void **state)
{
	root_new(&root);
	root_put(&root, "/proc/self/cgroup", "0::/\n");
	root_put(&root, "/run/x", "");
	fd = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0;
}

static int teardown(void **state)
{
	(void)close(fd);
	root_free(&root);
	return 0;
}

/* "NAME TERMINAL, NAME TERMINAL; HOLDER; unknown FILE" */
static void expect(const char *own_terminal, const char *expected)
{
	struct present *p = malloc(sizeof(*p));
	char text[4096] = "";

	present_read(fd, own_terminal, p);
	for (size_t i = 0; i < p->n_people; i++) {
		strcat(text, i ? "; " : "");
		strcat(strcat(strcat(text, p->people[i].name), " "), p->people[i].where);
	}
	for (size_t i = 0; i < p->n_holders; i++)
		strcat(strcat(text, "|"), p->holders[i]);
	if (p->unknown)
		strcat(strcat(text, "?"), p->unknown);
	free(p);
	assert_string_equal(text, expected);
}

static void utmp(size_t n, const struct utmpx *records)
{
	root_put_bytes(&root, "/run/utmp", records, n * sizeof(*records));
	root_put(&root, "/proc/700/comm", "login\n");
}

static void test_nobody(void **state)
{
	expect(NULL, "");
	expect("pts/0", "");
}

static void test_utmp(void **state)
{
	struct utmpx records[] = {
		{ .ut_type = BOOT_TIME, .ut_pid = 700, .ut_line = "~", .ut_user = "reboot" },
		{ .ut_type = USER_PROCESS, .ut_pid = 700, .ut_line = "pts/0", .ut_user = "ann" },
		{ .ut_type = USER_PROCESS, .ut_pid = 700, .ut_line = "pts/1", .ut_user = "ann" },
		{ .ut_type = USER_PROCESS, .ut_pid = 700, .ut_line = "tty2", .ut_user = "ann" },
		{ .ut_type = USER_PROCESS, .ut_pid = 700, .ut_line = "tty2", .ut_user = "ann" },
		/* was killed */
		{ .ut_type = USER_PROCESS, .ut_pid = 701, .ut_line = "pts/3", .ut_user = "eve" },
		{ .ut_type = DEAD_PROCESS, .ut_pid = 700, .ut_line = "pts/4", .ut_user = "eve" },
	};
	struct utmpx longest = { .ut_type = USER_PROCESS, .ut_pid = 700, .ut_line = "pts/9" };

	utmp(7, records);
	expect("pts/0", "ann pts/1, tty2");
	expect(NULL, "ann pts/0, pts/1, tty2");
	/* all of ut_user is used, and no NUL ends it; half a record follows */
	memset(longest.ut_user, 'u', sizeof(longest.ut_user));
	utmp(1, &longest);
	expect("pts/0", "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu pts/9");
	root_put_bytes(&root, "/run/utmp", &longest, sizeof(longest) / 2);
	expect("pts/0", "");
}

static void test_sessions(void **state)
{
	root_put(&root, "/run/systemd/sessions/1", "UID=0\nUSER=root\nCLASS=user\nTTY=tty1\n");
	root_put(&root, "/run/systemd/sessions/3", "UID=1000\nUSER=ann\nCLASS=user\n");
	root_put(&root, "/run/systemd/sessions/3.ref", "");
	root_put(&root, "/run/systemd/sessions/4",
		 "UID=1001\nUSER=ben\nCLASS=user\nSTATE=closing\n");
	root_put(&root, "/run/systemd/sessions/c1", "UID=110\nUSER=gdm\nCLASS=greeter\n");
	root_put(&root, "/run/systemd/sessions/c2", "UID=0\nUSER=root\nCLASS=manager-early\n");
	expect("tty1", "ann ");
	expect("pts/0", "root tty1; ann ");
	/* of ssh: the session has no terminal, but the processes are in its scope */
	root_put(&root, "/proc/self/cgroup", "0::/user.slice/user-1000.slice/session-3.scope\n");
	expect("pts/0", "root tty1");
	root_put(&root, "/proc/self/cgroup",
		 "1:name=systemd:/user.slice/user-1000.slice/session-3.scope\n0::/\n");
	expect("pts/0", "root tty1");
}

/* A window of a desktop is a unit of its user's systemd: the session is hers, and so is what utmp has of her. */
static void test_desktop(void **state)
{
	const struct utmpx records[] = {
		{ .ut_type = USER_PROCESS, .ut_pid = 700, .ut_line = "tty2", .ut_user = "ann" },
		{ .ut_type = USER_PROCESS, .ut_pid = 700, .ut_line = "pts/7", .ut_user = "ben" },
	};

	utmp(2, records);
	root_put(&root, "/run/systemd/sessions/2", "UID=1000\nUSER=ann\nCLASS=user\nTTY=tty2\n");
	root_put(&root, "/proc/self/cgroup",
		 "0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope\n");
	expect("pts/0", "ben pts/7");
}

static void test_holders(void **state)
{
	root_put(&root, "/run/systemd/inhibit/1",
		 "WHAT=sleep:shutdown\nMODE=block\nWHO=apt\nWHY=upgrades packages\n");
	root_put(&root, "/run/systemd/inhibit/1.ref", "");
	root_put(&root, "/run/systemd/inhibit/2",
		 "WHAT=shutdown\nMODE=delay\nWHO=kubelet\nWHY=p\\303\\266ds\n");
	root_put(&root, "/run/systemd/inhibit/3", "WHAT=sleep\nMODE=block\nWHO=x\nWHY=y\n");
	root_put(&root, "/run/systemd/inhibit/4", "WHAT=shutdown\nMODE=block-weak\nWHO=ann\n");
	root_put(&root, "/run/systemd/inhibit/5", "WHAT=shutdown\nMODE=later\nWHO=x\nWHY=y\n");
	expect(NULL, "|apt holds shutdowns off: upgrades packages"
		     "|kubelet may delay it by some seconds: p\xc3\xb6"
		     "ds"
		     "|ann wants the machine to stay up: ?");
}

/* What cannot be read is not nobody. */
static void test_unknown(void **state)
{
	root_put(&root, "/run/systemd/sessions", "a file");
	expect(NULL, "?/run/systemd/sessions");
	root_put(&root, "/run/systemd/inhibit/1/x", "");
	expect(NULL, "?/run/systemd/inhibit");
	root_put(&root, "/run/utmp/x", "");
	root_remove(&root, "/run/systemd/inhibit/1/x");
	expect(NULL, "?/run/systemd/inhibit");
}

static void test_many(void **state)
{
	struct utmpx records[PRESENT_MAX + 3] = { 0 };
	struct present *p = malloc(sizeof(*p));

	for (size_t i = 0; i < PRESENT_MAX + 3; i++) {
		records[i].ut_type = USER_PROCESS;
		records[i].ut_pid = 700;
		records[i].ut_user[0] = (char)('a' + i);
	}
	utmp(PRESENT_MAX + 3, records);
	present_read(fd, NULL, p);
	assert_int_equal(p->n_people, PRESENT_MAX);
	assert_int_equal(p->more_people, 3);
	free(p);
}

static void test_host(void **state)
{
	static const char *const rows[][2] = { { "web1\n", "web1" },
					       { "(none)\n", "this machine" },
					       { "\n", "this machine" } };
	char host[PRESENT_HOST_MAX];

	present_host(fd, host);
	assert_string_equal(host, "this machine");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		root_put(&root, "/proc/sys/kernel/hostname", rows[i][0]);
		present_host(fd, host);
		assert_string_equal(host, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_utmp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sessions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_desktop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_holders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
