// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "handover/arm.h"
#include "handover/exit-initramfs.h"
#include "handover/init.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

#define ID "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17"
#define HEAD "rapidreboot-request 2\n"
#define WHOLE HEAD "boot-id " ID "\nmode kexec\ntime 5000\n"

/* A machine that runs nothing: programs print a text of the test's own. */
static const char *program_output;
static int program_result;
static uint64_t now_ms;

int process_run(struct sys *sys, char *const argv[], const char *setting, char **ret_output)
{
	if (program_result == 0 && ret_output)
		*ret_output = strdup(program_output);
	return program_result;
}

int process_run_quiet(struct sys *sys, char *const argv[], const char *setting, char **ret_output)
{
	return process_run(sys, argv, setting, ret_output);
}

int process_start(struct sys *sys, char *const argv[])
{
	return process_run(sys, argv, NULL, NULL);
}

static uint64_t boottime_ms(struct sys *sys)
{
	return now_ms;
}

static struct sys machine = { .boottime_ms = boottime_ms };

static void setup(struct root *root)
{
	root_new(root);
	root_put(root, "/proc/sys/kernel/random/boot_id", ID "\n");
	root_put(root, "/run/here", "");
	machine.root = root->path;
	now_ms = 5000;
	program_result = 0;
}

/* ---- the request file */

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void test_request_whole(void **state)
{
	struct request q;

	assert_int_equal(request_parse(text_of(WHOLE), &q, NULL), 0);
	assert_int_equal(q.mode, REBOOT_KEXEC);
	assert_string_equal(q.boot_id, ID);
	assert_int_equal(q.time_ms, 5000);
	assert_string_equal(q.digest, "");
	assert_string_equal(q.entry, "");
	assert_int_equal(request_parse(text_of(HEAD "entry Debian  GNU/Linux: 6.1\nmode cold\n"
						    "digest 0f3c\ntime 0\nboot-id " ID "\n"),
				       &q, NULL),
			 0);
	assert_int_equal(q.mode, REBOOT_COLD);
	assert_string_equal(q.digest, "0f3c");
	assert_string_equal(q.entry, "Debian  GNU/Linux: 6.1");
}

/* Any deviation from the format makes the file invalid. */
static const char *const bad_requests[] = {
	"",
	"\n",
	HEAD,
	"rapidreboot-request 1\nboot-id " ID "\nmode kexec\ntime 5000\n",
	"boot-id " ID "\nmode kexec\ntime 5000\n",
	WHOLE "mode kexec\n",
	WHOLE "mode cold\n",
	WHOLE "colour red\n",
	WHOLE "\n",
	WHOLE "digest 0F3C\n",
	WHOLE "digest 00112233445566778\n",
	WHOLE "digest \n",
	WHOLE "choice 0F3C\n",
	WHOLE "choice 0f3c\nchoice 0f3c\n",
	WHOLE "wish\n",
	WHOLE "entry\n",
	WHOLE "entry Debian",
	HEAD "mode kexec\ntime 5000\n",
	HEAD "boot-id " ID "\ntime 5000\n",
	HEAD "boot-id " ID "\nmode kexec\n",
	HEAD "boot-id " ID "\nmode Kexec\ntime 5000\n",
	HEAD "boot-id " ID "\nmode kexec cold\ntime 5000\n",
	HEAD "boot-id " ID "\nmode\ntime 5000\n",
	HEAD "boot-id " ID "0\nmode kexec\ntime 5000\n",
	HEAD "boot-id 3f2a9c1e07b64-4c0d-9a55-0d6c1f8e2b17\nmode kexec\ntime 5000\n",
	HEAD "boot-id 3F2A9C1E-7B64-4C0D-9A55-0D6C1F8E2B17\nmode kexec\ntime 5000\n",
	HEAD "boot-id " ID "\nmode kexec\ntime -5000\n",
	HEAD "boot-id " ID "\nmode kexec\ntime 18446744073709551616\n",
	HEAD "boot-id " ID "\nmode kexec\ntime 5000ms\n",
};

static void test_request_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_requests); i++) {
		struct request q = { .time_ms = 77 };
		struct kx_error err = { 0 };

		assert_int_equal(request_parse(text_of(bad_requests[i]), &q, &err), -EBADMSG);
		assert_int_equal(q.time_ms, 77);
		assert_true(err.message[0]);
	}
	assert_int_equal(
		request_parse((struct bytes){ (const uint8_t *)WHOLE "\0\n", sizeof(WHOLE) + 1 },
			      &(struct request){ 0 }, NULL),
		-EBADMSG);
}

static void test_request_long(void **state)
{
	char text[REQUEST_FILE_MAX + 64];
	struct request q;
	size_t n = strlen(WHOLE "entry ");

	memset(text, 'x', sizeof(text));
	memcpy(text, WHOLE "entry ", n);
	text[n + 255] = '\n';
	assert_int_equal(request_parse((struct bytes){ (uint8_t *)text, n + 256 }, &q, NULL), 0);
	text[n + 255] = 'x';
	text[n + 256] = '\n';
	assert_int_equal(request_parse((struct bytes){ (uint8_t *)text, n + 257 }, &q, NULL),
			 -EBADMSG);
	text[sizeof(text) - 1] = '\n';
	assert_int_equal(request_parse((struct bytes){ (uint8_t *)text, sizeof(text) }, &q, NULL),
			 -EBADMSG);
}

/* What chose the kernel of a reboot with a time, line by line. */
static void test_request_wish(void **state)
{
	struct request q = { .mode = REBOOT_KEXEC,
			     .choice = "0f3c",
			     .wish = "append a b=\"c\"\nsafe yes\n" };
	char text[2 * REQUEST_WISH_MAX] = WHOLE "wish ";
	struct request back;
	struct root root;

	setup(&root);
	assert_int_equal(request_write(&machine, &q, NULL), 0);
	assert_int_equal(request_read(&machine, &back, NULL), 0);
	assert_string_equal(back.choice, q.choice);
	assert_string_equal(back.wish, q.wish);
	root_free(&root);
	/* with its newline and the end of the text it just fits */
	memset(text + strlen(text), 'x', REQUEST_WISH_MAX - 2);
	text[strlen(text)] = '\n';
	assert_int_equal(request_parse(text_of(text), &back, NULL), 0);
	assert_int_equal(strlen(back.wish), REQUEST_WISH_MAX - 1);
	memcpy(text + strlen(text), "wish y\n", sizeof("wish y\n"));
	assert_int_equal(request_parse(text_of(text), &back, NULL), -EBADMSG);
}

static void test_request_check(void **state)
{
	static const struct {
		uint64_t written, now;
		int r;
	} cases[] = {
		{ 5000, 5000, 0 },	 { 5000, 605000, 0 },		{ 5000, 605001, -ESTALE },
		{ 5001, 5000, -ESTALE }, { UINT64_MAX, 5000, -ESTALE }, { 0, UINT64_MAX, -ESTALE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct request q = { .boot_id = ID, .time_ms = cases[i].written };

		assert_int_equal(request_check(&q, ID, cases[i].now, NULL), cases[i].r);
		assert_int_equal(request_check(&q, "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b18",
					       cases[i].now, NULL),
				 -ESTALE);
	}
}

static void test_request_file(void **state)
{
	struct request q = { .mode = REBOOT_KEXEC, .digest = "12ab", .entry = "a\nmode cold" },
		       back;
	char path[128];
	struct root root;

	setup(&root);
	assert_int_equal(request_read(&machine, &back, NULL), -ENOENT);
	assert_int_equal(request_write(&machine, &q, NULL), 0);
	assert_int_equal(request_read(&machine, &back, NULL), 0);
	assert_int_equal(back.mode, REBOOT_KEXEC);
	assert_string_equal(back.entry, "a mode cold");
	assert_string_equal(back.digest, "12ab");
	now_ms += REQUEST_AGE_MAX_MS + 1;
	assert_int_equal(request_read(&machine, &back, NULL), -ESTALE);
	now_ms = 5000;

	/* only what is root's alone counts */
	(void)snprintf(path, sizeof(path), "%s/run/rapidreboot/request", root.path);
	for (unsigned bit = 040; bit; bit >>= 1) {
		assert_int_equal(chmod(path, 0600 | bit), 0);
		assert_int_equal(request_read(&machine, &back, NULL), -EPERM);
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(request_remove(&machine, NULL), 0);
	assert_int_equal(request_remove(&machine, NULL), 0);
	assert_int_equal(request_read(&machine, &back, NULL), -ENOENT);
	root_free(&root);
}

/* Another name of a file, or a way to one, is not the file that was written. */
static void test_request_links(void **state)
{
	struct request q = { .mode = REBOOT_KEXEC }, back;
	char path[128], other[128];
	struct root root;

	setup(&root);
	assert_int_equal(request_write(&machine, &q, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/run/rapidreboot/request", root.path);
	(void)snprintf(other, sizeof(other), "%s/run/other", root.path);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(request_read(&machine, &back, NULL), -EPERM);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(request_read(&machine, &back, NULL), -ENOENT);
	assert_int_equal(symlink("/run/other", path), 0);
	assert_int_equal(request_read(&machine, &back, NULL), -ELOOP);
	/* replaced, not written through */
	assert_int_equal(request_write(&machine, &q, NULL), 0);
	assert_int_equal(request_read(&machine, &back, NULL), 0);
	root_free(&root);
}

/* ---- which init */

static const struct {
	const char *exe, *comm;
	bool systemd;
	const struct init_system *want;
} inits[] = {
	{ "/usr/lib/systemd/systemd", NULL, true, &systemd_init },
	{ "/lib/systemd/systemd (deleted)", NULL, false, &systemd_init },
	{ "/init", "init", true, &systemd_init },
	{ "/usr/sbin/openrc-init", NULL, false, &openrc_init },
	{ "/sbin/init", NULL, false, &sysvinit_init },
	{ "/usr/sbin/init (deleted)", NULL, false, &sysvinit_init },
	{ "/bin/busybox", NULL, false, &busybox_init },
	{ "/usr/sbin/runit", NULL, false, &runit_init },
	{ "/usr/bin/runit-init", NULL, false, &runit_init },
	{ "/usr/bin/s6-svscan", NULL, false, &s6_init },
	{ "/usr/sbin/dinit", NULL, false, &dinit_init },
	{ "/sbin/finit", NULL, false, &finit_init },
	{ NULL, "shepherd", false, &shepherd_init },
	{ NULL, "runit", false, &runit_init },
	{ NULL, "init", false, NULL }, /* several are called so */
	{ NULL, NULL, false, NULL },
	{ "/bin/bash", "init", false, NULL },
	{ "/usr/bin/tini", NULL, false, NULL },
	{ "", NULL, false, NULL },
};

static void test_detect(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(inits); i++) {
		struct pid1 pid1;
		struct root root;
		char path[128];

		setup(&root);
		root_put(&root, "/proc/1/stat", "");
		(void)snprintf(path, sizeof(path), "%s/proc/1/exe", root.path);
		if (inits[i].exe && inits[i].exe[0])
			assert_int_equal(symlink(inits[i].exe, path), 0);
		if (inits[i].comm)
			root_put(&root, "/proc/1/comm", inits[i].comm);
		if (inits[i].systemd)
			root_put(&root, "/run/systemd/system/x", "");
		pid1_read(&machine, &pid1);
		assert_ptr_equal(init_detect(&pid1), inits[i].want);
		root_free(&root);
	}
}

/* Of a system that does not run: what /sbin/init leads to. Paths as packages have them. */
static void test_by_program(void **state)
{
	static const struct {
		const char *name;
		const struct init_system *want;
	} programs[] = {
		{ "systemd", &systemd_init },
		{ "openrc-init", &openrc_init },
		{ "busybox", &busybox_init },
		{ "runit-init", &runit_init },
		{ "s6-linux-init", &s6_init },
		{ "s6-svscan", &s6_init },
		{ "dinit", &dinit_init },
		{ "finit", &finit_init },
		{ "shepherd", &shepherd_init },
		{ "init", NULL },
		{ "bash", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		assert_ptr_equal(init_by_program(programs[i].name), programs[i].want);
}

static void test_spares_pages(void **state)
{
	static const char umountfs[] = "/etc/init.d/umountfs", openrc[] = "/run/openrc/softlevel";
	static const struct {
		const char *exe, *there;
		bool want;
	} rows[] = {
		{ "/usr/lib/systemd/systemd", "/run/systemd/system/x", true },
		{ "/sbin/openrc-init", NULL, true },
		{ "/sbin/init", umountfs, true },
		{ "/sbin/init", openrc, true },
		{ "/sbin/init", NULL, false },
		{ "/usr/sbin/runit", umountfs, true },
		{ "/usr/bin/runit", NULL, false },
		{ "/bin/busybox", umountfs, false },
		{ "/usr/sbin/finit", umountfs, false },
		{ "/bin/bash", umountfs, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct root root;
		char path[128];

		setup(&root);
		root_put(&root, "/proc/1/stat", "");
		(void)snprintf(path, sizeof(path), "%s/proc/1/exe", root.path);
		assert_int_equal(symlink(rows[i].exe, path), 0);
		if (rows[i].there)
			root_put(&root, rows[i].there, "");
		assert_int_equal(init_spares_pages(&machine), rows[i].want);
		root_free(&root);
	}
}

/* ---- where the machine goes */

static const struct {
	const struct init_system *init;
	struct signals signals;
	enum going want;
} signals[] = {
	{ &sysvinit_init, { .runlevel = "6" }, GOING_REBOOT },
	{ &sysvinit_init, { .runlevel = "0" }, GOING_DOWN },
	{ &sysvinit_init, { .runlevel = "1" }, GOING_DOWN },
	{ &sysvinit_init, { .runlevel = "S" }, GOING_DOWN },
	{ &sysvinit_init, { .runlevel = "2" }, GOING_NOWHERE },
	{ &sysvinit_init, { .runlevel = "66" }, GOING_UNKNOWN },
	{ &sysvinit_init, { .runlevel = "" }, GOING_UNKNOWN },
	{ &sysvinit_init, { 0 }, GOING_UNKNOWN },
	/* inittab: l6 = openrc reboot, l0 = openrc shutdown */
	{ &sysvinit_init, { .runlevel = "0", .rc_reboot = "YES" }, GOING_DOWN },
	{ &sysvinit_init, { .rc_reboot = "YES", .rc_down = "YES" }, GOING_REBOOT },
	{ &sysvinit_init, { .rc_down = "YES" }, GOING_UNKNOWN },
	{ &openrc_init, { .rc_reboot = "YES", .rc_down = "YES" }, GOING_REBOOT },
	{ &openrc_init, { .rc_down = "YES" }, GOING_DOWN },
	{ &openrc_init, { .rc_reboot = "NO", .rc_down = "YES" }, GOING_DOWN },
	{ &openrc_init, { .rc_reboot = "" }, GOING_NOWHERE },
	{ &openrc_init, { 0 }, GOING_NOWHERE },
	{ &openrc_init, { .runlevel = "6" }, GOING_NOWHERE },
	{ &busybox_init, { .rc_reboot = "YES", .runlevel = "6", .verb = "reboot" }, GOING_UNKNOWN },
	{ &s6_init, { .verb = "reboot" }, GOING_UNKNOWN },
	{ &shepherd_init, { .verb = "reboot" }, GOING_UNKNOWN },
	{ &dinit_init, { .verb = "reboot" }, GOING_REBOOT },
	{ &dinit_init, { .verb = "poweroff" }, GOING_DOWN },
	{ &dinit_init, { .verb = "halt" }, GOING_DOWN },
	{ &dinit_init, { .verb = "soft" }, GOING_DOWN },
	{ &dinit_init, { .verb = "Reboot" }, GOING_UNKNOWN },
	{ &dinit_init, { 0 }, GOING_UNKNOWN },
	/* FINIT_SHUTDOWN, finit's plugins.md */
	{ &finit_init, { .verb = "reboot", .runlevel = "2" }, GOING_REBOOT },
	{ &finit_init, { .verb = "poweroff", .runlevel = "6" }, GOING_DOWN },
	{ &finit_init, { .verb = "halt" }, GOING_DOWN },
	{ &finit_init, { .verb = "" }, GOING_UNKNOWN },
	{ &finit_init, { 0 }, GOING_UNKNOWN },
	{ &systemd_init, { .verb = "kexec" }, GOING_KEXEC },
	{ &systemd_init, { .verb = "reboot" }, GOING_REBOOT },
	{ &systemd_init, { .verb = "poweroff" }, GOING_DOWN },
	{ &systemd_init, { .verb = "power-off" }, GOING_DOWN },
	{ &systemd_init, { .verb = "" }, GOING_UNKNOWN },
};

static void test_signals(void **state)
{
	struct root root;

	setup(&root);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		assert_int_equal(signals[i].init->going(&machine, &signals[i].signals),
				 signals[i].want);
	root_free(&root);
}

/* `systemctl list-jobs --plain --no-legend` of systemd 252, units shortened */
#define STOPPING "101 cron.service stop running\n102 umount.target start waiting\n"

static const struct {
	const char *jobs;
	enum going want;
} job_lists[] = {
	{ "", GOING_NOWHERE },
	{ "No jobs running.\n", GOING_NOWHERE },
	{ "8 cron.service restart running\n", GOING_NOWHERE },
	{ STOPPING "100 reboot.target start waiting\n", GOING_REBOOT },
	{ "100 kexec.target start waiting\n" STOPPING, GOING_KEXEC },
	{ STOPPING " 100 poweroff.target start waiting\n", GOING_DOWN },
	{ STOPPING "100 halt.target start waiting\n", GOING_DOWN },
	{ STOPPING "100 soft-reboot.target start waiting\n", GOING_DOWN },
	{ "100 rescue.target start waiting\n", GOING_DOWN },
	{ "100 reboot.target stop waiting\n", GOING_NOWHERE },
	{ "100 my-reboot.target start waiting\n", GOING_NOWHERE },
	{ "100 kexec.target start waiting\n90 poweroff.target start waiting\n", GOING_DOWN },
	{ "90 poweroff.target start waiting\n100 kexec.target start waiting\n", GOING_DOWN },
	{ "90 kexec.target start waiting\n100 reboot.target start waiting\n", GOING_KEXEC },
};

static void test_systemd_jobs(void **state)
{
	const struct signals none = { 0 };
	struct root root;
	char path[128];

	setup(&root);
	/* without its program nobody can say */
	assert_int_equal(systemd_init.going(&machine, &none), GOING_UNKNOWN);
	root_put(&root, "/usr/bin/systemctl", "");
	(void)snprintf(path, sizeof(path), "%s/usr/bin/systemctl", root.path);
	assert_int_equal(chmod(path, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(job_lists); i++) {
		program_output = job_lists[i].jobs;
		assert_int_equal(systemd_init.going(&machine, &none), job_lists[i].want);
	}
	program_output = "100 kexec.target start waiting\n";
	program_result = 1;
	assert_int_equal(systemd_init.going(&machine, &none), GOING_UNKNOWN);
	program_result = -ENOENT;
	assert_int_equal(systemd_init.going(&machine, &none), GOING_UNKNOWN);
	root_free(&root);
}

/* init's own title goes before the environment, which comes from anywhere. */
static void test_sysvinit_title(void **state)
{
	static const struct {
		const char *title, *runlevel, *rc_reboot;
		enum going want;
	} rows[] = {
		{ "init [6]  ", NULL, NULL, GOING_REBOOT },
		{ "init [6]", "2", NULL, GOING_REBOOT },
		{ "init [0]", "6", "YES", GOING_DOWN },
		{ "init [2]", NULL, NULL, GOING_NOWHERE },
		{ "init [2]", "6", "YES", GOING_NOWHERE },
		{ "/sbin/init", "6", NULL, GOING_REBOOT },
		{ "/sbin/init", NULL, "YES", GOING_REBOOT },
		{ "/sbin/init", NULL, NULL, GOING_UNKNOWN },
		{ "init [", NULL, NULL, GOING_UNKNOWN },
		{ "init [6", NULL, NULL, GOING_UNKNOWN },
		{ "init [66]", NULL, NULL, GOING_UNKNOWN },
		{ "init [9]", NULL, NULL, GOING_UNKNOWN },
		{ "", NULL, NULL, GOING_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct signals s = { .runlevel = rows[i].runlevel, .rc_reboot = rows[i].rc_reboot };
		struct root root;

		setup(&root);
		root_put(&root, "/proc/1/cmdline", rows[i].title);
		assert_int_equal(sysvinit_init.going(&machine, &s), rows[i].want);
		root_free(&root);
	}
}

/* The bit counts, not whether access(2) would allow it. */
static void test_runit_bit(void **state)
{
	static const char *const flags[] = { "/run/runit.reboot", "/run/runit/reboot",
					     "/etc/runit/reboot" };
	const struct signals none = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct root root;
		char path[128];

		setup(&root);
		assert_int_equal(runit_init.going(&machine, &none), GOING_UNKNOWN);
		root_put(&root, flags[i], "");
		if (i == 0) { /* Debian's is there from boot on */
			assert_int_equal(runit_init.going(&machine, &none), GOING_NOWHERE);
			root_put(&root, "/run/runit.runlevel", "6");
		}
		(void)snprintf(path, sizeof(path), "%s%s", root.path, flags[i]);
		assert_int_equal(chmod(path, 0100), 0);
		assert_int_equal(runit_init.going(&machine, &none), GOING_REBOOT);
		assert_int_equal(chmod(path, 0), 0);
		assert_int_equal(runit_init.going(&machine, &none), GOING_DOWN);
		assert_int_equal(chmod(path, 0011), 0);
		assert_int_equal(runit_init.going(&machine, &none), GOING_DOWN);
		root_free(&root);
	}
}

/* ---- the initramfs that takes the root apart */

static void test_exit_initramfs(void **state)
{
	_cleanup_(root_free) struct root root;
	struct kx_error err = { 0 };
	_cleanup_close_ int fd = -1;
	_cleanup_free_ uint8_t *text = NULL;
	struct stat st;
	size_t n;

	setup(&root);
	root_put(&root, "/usr/local/sbin/kexec", "ELF");
	assert_int_equal(exit_initramfs_prepare(&machine, &err), 0);

	root_put(&root, "/run/initramfs/.need_shutdown", "");
	assert_int_equal(exit_initramfs_prepare(&machine, &err), -ENOENT);
	assert_non_null(strstr(err.message, "kexec"));
	root_link(&root, "/proc/self/exe", "/usr/local/sbin/rapidreboot");
	assert_int_equal(exit_initramfs_prepare(&machine, &err), 1);
	fd = machine_open(&machine);
	assert_int_equal(read_file_in(fd, "/run/initramfs/usr/bin/kexec", 10, &text, &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(text, "ELF", 3);
	assert_int_equal(fstatat(fd, "run/initramfs/usr/bin/kexec", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0755);

	/* unpacked before anything was loaded */
	assert_int_equal(unlinkat(fd, "run/initramfs/.need_shutdown", 0), 0);
	assert_int_equal(unlinkat(fd, "run/initramfs/usr/bin/kexec", 0), 0);
	assert_int_equal(exit_initramfs_prepare(&machine, &err), 0);
	root_put(&root, "/run/initramfs/shutdown", "");
	assert_int_equal(exit_initramfs_prepare(&machine, &err), 1);
	assert_int_equal(fstatat(fd, "run/initramfs/usr/bin/kexec", &st, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_whole),  cmocka_unit_test(test_request_bad),
		cmocka_unit_test(test_request_long),   cmocka_unit_test(test_request_wish),
		cmocka_unit_test(test_request_check),  cmocka_unit_test(test_request_file),
		cmocka_unit_test(test_request_links),  cmocka_unit_test(test_by_program),
		cmocka_unit_test(test_spares_pages),   cmocka_unit_test(test_detect),
		cmocka_unit_test(test_signals),	       cmocka_unit_test(test_systemd_jobs),
		cmocka_unit_test(test_runit_bit),      cmocka_unit_test(test_sysvinit_title),
		cmocka_unit_test(test_exit_initramfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
