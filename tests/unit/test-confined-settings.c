// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The child that reads the settings of another system (src/config/foreign.c), with parsers that do what somebody would
 * make them do who has broken into one. The linker puts them in front of ours in this program only (--wrap in
 * meson.build).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/lines.h"
#include "config/config.h"
#include "config/foreign.h"
#include "config/legacy.h"
#include "confined/message.h"
#include "confined/reader-reply.h"
#include "confined/reader.h"
#include "tests/fake/misdeeds.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

/* ---- in front of ours */

static void (*hostile)(void);	   /* what the parser of shell files does first, or NULL */
static void (*hostile_copy)(void); /* what those of the other files do before they copy a value */
static struct window answer;	   /* for the rows, which is made before the other one */
static struct reply *reply;
static unsigned n_windows;
static pid_t parsed_by; /* in this process's memory */

int __wrap_window_make(size_t n, struct window *ret);
int __real_window_make(size_t n, struct window *ret);
int __wrap_window_make(size_t n, struct window *ret)
{
	const int r = __real_window_make(n, ret);

	if (r == 0 && n_windows++ % 2 == 0)
		answer = *ret;
	else if (r == 0)
		reply = (struct reply *)(void *)ret->p;
	return r;
}

int __wrap_assign_each(struct bytes text, assign_fn fn, void *data);
int __real_assign_each(struct bytes text, assign_fn fn, void *data);
int __wrap_assign_each(struct bytes text, assign_fn fn, void *data)
{
	parsed_by = getpid();
	if (hostile)
		hostile();
	return __real_assign_each(text, fn, data);
}

char *__wrap_bytes_dup(struct bytes b);
char *__real_bytes_dup(struct bytes b);
char *__wrap_bytes_dup(struct bytes b)
{
	if (hostile_copy)
		hostile_copy();
	return __real_bytes_dup(b);
}

/* ---- what they do beside the misdeeds that all have in common */

static void say(int r, size_t n)
{
	reply->magic = REPLY_MAGIC;
	reply->size = sizeof(n);
	reply->r = r;
	memcpy(reply->answer, &n, sizeof(n));
	reply->stage = STAGE_DONE;
	confine_leave(0);
}

static void say_row(const char *name, const char *value, const char *skipped)
{
	struct message_out out = { .p = answer.p, .max = answer.n };

	message_put_u32(&out, 1);
	message_put_text(&out, name);
	message_put_text(&out, value);
	message_put_text(&out, skipped);
	say(0, out.n);
}

static void say_nonsense(void)
{
	memset(answer.p, 0xa5, 64);
	say(0, 64);
}

static void say_too_much(void)
{
	say(0, answer.n + 1);
}

static void say_half(void)
{
	answer.p[0] = 1;
	say(0, 7);
}

static void say_name_alone(void)
{
	say_row("APPEND", NULL, NULL);
}

static void say_both(void)
{
	say_row("APPEND", "x", "a command");
}

static void say_neither(void)
{
	say_row(NULL, NULL, NULL);
}

/* The file is there. */
static void say_missing(void)
{
	say(-ENOENT, 0);
}

static const struct misdeed answers[] = {
	{ "nonsense", say_nonsense, -EPROTO, "cannot be" },
	{ "too much", say_too_much, -EPROTO, "cannot be" },
	{ "half", say_half, -EPROTO, "cannot be" },
	{ "name alone", say_name_alone, -EPROTO, "cannot be" },
	{ "both", say_both, -EPROTO, "cannot be" },
	{ "neither", say_neither, -EPROTO, "cannot be" },
	{ "missing", say_missing, -EPROTO, "cannot be" },
};

/* ---- a system that somebody else wrote */

struct told {
	unsigned n;
	char last[1024];
};

static void tell(void *data, enum tell kind, const char *sentence)
{
	struct told *told = data;

	assert_int_equal(kind, TELL_DETAIL);
	told->n++;
	(void)snprintf(told->last, sizeof(told->last), "%s", sentence);
}

static int open_root(const struct root *root)
{
	int fd = open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int read_own(int fd, const struct foreign *foreign, struct kx_error *err)
{
	struct config c;
	int r;

	assert_int_equal(config_init(&c), 0);
	r = config_read_foreign(fd, foreign, &c, err);
	if (r == 0)
		assert_string_equal(c.append, "quiet");
	else
		assert_null(c.append);
	config_done(&c);
	return r;
}

static const struct legacy_machine machine = { "6.1", "x86_64", NULL };

static int read_others(int fd, const struct foreign *foreign, struct kx_error *err)
{
	struct legacy legacy = { 0 };
	const int r = legacy_read(fd, foreign, &machine, &legacy, err);

	if (r == 0)
		assert_string_equal(legacy.kernel, "/boot/k");
	legacy_done(&legacy);
	return r;
}

/* Each is a file of its own format, which is the last that is read. */
static const struct {
	int (*read)(int fd, const struct foreign *foreign, struct kx_error *err);
	const char *file, *text, *with, *with_text; /* the last two: a file beside it */
	bool is_shell;
} files[] = {
	{ read_own, "/etc/rapidreboot.conf", "APPEND=quiet\n", NULL, NULL, true },
	{ read_own, "/etc/rapidreboot.conf.d/a.conf", "APPEND=quiet\n", NULL, NULL, true },
	{ read_others, "/etc/default/kexec", "KERNEL_IMAGE=/boot/k\n", NULL, NULL, true },
	{ read_others, "/etc/default/kexec.d/a", "KERNEL_IMAGE=/boot/k\n", "/etc/default/kexec", "",
	  true },
	{ read_others, "/etc/conf.d/kexec", "KERNEL=k\n", NULL, NULL, true },
	{ read_others, "/etc/kexec.conf", "KNAME=k\n", NULL, NULL, true },
	{ read_others, "/etc/kernel-img.conf", "link_in_boot = yes\n", "/etc/default/kexec",
	  "KERNEL_IMAGE=/boot/k\n", false },
	{ read_others, "/var/lib/misc/installkernel", "0\t1\t2\t3\tgrub\t5\t6\t/boot\tk\ti\n",
	  "/etc/kexec.conf", "", false },
};

static void expect_refusal(size_t i, int fd, const struct misdeed *m)
{
	struct told told = { 0 };
	const struct teller teller = { tell, &told };
	const struct foreign foreign = { &teller };
	struct kx_error err = { 0 };
	int r;

	n_windows = 0;
	*(files[i].is_shell ? &hostile : &hostile_copy) = m->does;
	r = files[i].read(fd, &foreign, &err);
	hostile = hostile_copy = NULL;
	if (r != m->code || !strstr(err.message, m->says))
		fail_msg("%s, %s: %d, \"%s\"", files[i].file, m->name, r, err.message);
	if (strncmp(err.message, files[i].file, strlen(files[i].file)) != 0 &&
	    (!files[i].with || strncmp(err.message, files[i].with, strlen(files[i].with)) != 0))
		fail_msg("%s: \"%s\"", files[i].file, err.message);
	assert_int_equal(told.n, 0);
}

static void test_hostile(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct root root;
		int fd;

		root_new(&root);
		root_put(&root, files[i].file, files[i].text);
		if (files[i].with)
			root_put(&root, files[i].with, files[i].with_text);
		fd = open_root(&root);
		assert_int_equal(files[i].read(fd, &(struct foreign){ 0 }, NULL), 0);
		for (size_t k = 0; k < n_misdeeds; k++)
			expect_refusal(i, fd, &misdeeds[k]);
		/* the answer to the first file is taken for this one's where there are two */
		for (size_t k = 0; k < ARRAY_SIZE(answers); k++)
			expect_refusal(i, fd, &answers[k]);
		fd_close(fd);
		root_free(&root);
	}
}

/* The parser of another system's files runs in a process that is gone; that of ours in this one. */
static void test_who_reads(void **state)
{
	struct root root;
	struct config c;
	int fd;

	root_new(&root);
	root_put(&root, "/etc/rapidreboot.conf", "APPEND=quiet\n");
	fd = open_root(&root);
	parsed_by = 0;
	assert_int_equal(read_own(fd, &(struct foreign){ 0 }, NULL), 0);
	assert_int_equal(parsed_by, 0);
	assert_int_equal(config_read(fd, &c, NULL), 0);
	assert_string_equal(c.append, "quiet");
	assert_int_equal(parsed_by, getpid());
	config_done(&c);
	fd_close(fd);
	root_free(&root);
}

static void test_not_confined(void **state)
{
	struct told told = { 0 };
	const struct teller teller = { tell, &told };
	const struct foreign foreign = { &teller };
	struct root root;
	int fd, status = -1;
	pid_t pid;

	root_new(&root);
	root_put(&root, "/etc/rapidreboot.conf", "APPEND=quiet\n");
	fd = open_root(&root);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		refuse_filters();
		_exit(read_own(fd, &foreign, NULL) == 0 && parsed_by == getpid() && told.n == 1 &&
				      strstr(told.last, "is not confined")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fd_close(fd);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_who_reads),
		cmocka_unit_test(test_not_confined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
