// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The child that reads configurations of boot loaders (src/lib/entries-read.c), with a reader that does what somebody
 * would make it do who has broken into it. Each runs in a real child; the linker puts it in front of ours in this
 * program only (--wrap in meson.build).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confined/channel.h"
#include "confined/reader-reply.h"
#include "entry/choose.h"
#include "fundamental/put.h"
#include "lib/outside-channel.h"
#include "tests/fake/misdeeds.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"

/* ---- in front of ours */

static void (*hostile)(void);	/* what it does first, or NULL */
static struct entry_fs *reader; /* what it was called with */
static struct window answer;	/* for the list */
static struct reply *reply;

int __wrap_window_make(size_t n, struct window *ret);
int __real_window_make(size_t n, struct window *ret);
int __wrap_window_make(size_t n, struct window *ret)
{
	const int r = __real_window_make(n, ret);

	if (r == 0 && n > 1 << 20)
		answer = *ret;
	else if (r == 0)
		reply = (struct reply *)(void *)ret->p;
	return r;
}

int __wrap_boot_menu_find(struct entry_fs *fs, const struct boot_find_opts *opts,
			  struct boot_menu *ret, struct kx_error *err);
int __real_boot_menu_find(struct entry_fs *fs, const struct boot_find_opts *opts,
			  struct boot_menu *ret, struct kx_error *err);
int __wrap_boot_menu_find(struct entry_fs *fs, const struct boot_find_opts *opts,
			  struct boot_menu *ret, struct kx_error *err)
{
	reader = fs;
	if (hostile)
		hostile();
	return __real_boot_menu_find(fs, opts, ret, err);
}

/* ---- what it does beside the misdeeds that all have in common */

static void send_question(const uint8_t *question, uint32_t n)
{
	uint8_t length[4];

	put_le32(length, n);
	(void)!write(0, length, sizeof(length));
	(void)!write(0, question, n);
	for (;;)
		(void)!read(0, length, sizeof(length));
}

static void ask_nonsense(void)
{
	static const uint8_t question[] = { 0xff, 0xff, 0xff, 0xff, 1, 2, 3 };

	send_question(question, sizeof(question));
}

/* The parent gets no more than the longest question has, and does not wait for the rest. */
static void ask_too_long(void)
{
	static const uint8_t question[QUESTION_MAX + 1];

	send_question(question, sizeof(question));
}

/* Who waits for an answer asks nothing else. */
static void ask_two_at_once(void)
{
	uint8_t both[2 * 8];

	for (size_t i = 0; i < 2; i++) {
		put_le32(both + i * 8, 4);
		put_le32(both + i * 8 + 4, ASK_MOUNTS);
	}
	(void)!write(0, both, sizeof(both));
	for (;;)
		(void)!read(0, both, sizeof(both));
}

/* The parent's budget is not the child's: who counts nothing is counted. */
static void ask_for_ever(void)
{
	uint8_t head[16];
	size_t n;

	reader->budget = NULL;
	for (;;)
		if (reader->head(reader, ENTRY_SYSTEM, "/boot/kernel", head, sizeof(head), &n) < 0)
			confine_leave(0);
}

/* A path that is relative to whatever directory the parent is in. */
static void ask_for_others(void)
{
	uint8_t question[64];
	struct message_out out = { .p = question, .max = sizeof(question) };

	message_put_u32(&out, ASK_READ);
	message_put_text(&out, "etc/passwd");
	message_put_u64(&out, 100);
	send_question(question, (uint32_t)out.n);
}

static void say(size_t n)
{
	reply->magic = REPLY_MAGIC;
	reply->size = sizeof(n);
	reply->r = 0;
	memcpy(reply->answer, &n, sizeof(n));
	reply->stage = STAGE_DONE;
	confine_leave(0);
}

static void answer_nonsense(void)
{
	memset(answer.p, 0xa5, 4096);
	say(4096);
}

static void answer_too_much(void)
{
	say(SIZE_MAX / 2);
}

static void answer_nothing(void)
{
	say(0);
}

/* As malloc(3) gets it; it ends with an error in words, whatever the machine has. */
static void eat(void)
{
	for (;;)
		if (mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
			misdeed_crash();
}

static const struct misdeed questions[] = {
	{ "nonsense", ask_nonsense, -EPROTO, "cannot be" },
	{ "too long", ask_too_long, -EPROTO, "cannot be" },
	{ "two at once", ask_two_at_once, -EPROTO, "cannot be" },
	{ "for ever", ask_for_ever, BUDGET_SPENT, "asks for more than" },
	{ "others", ask_for_others, -EPROTO, "cannot be" },
	{ "answer", answer_nonsense, -EPROTO, "cannot be" },
	{ "too much", answer_too_much, -EPROTO, "cannot be" },
	{ "nothing", answer_nothing, -EPROTO, "cannot be" },
	{ "memory", eat, -EBADMSG, "crashed" },
};

static void expect_no_list(struct fixture *f, const struct misdeed *m)
{
	struct kx_entries *list = NULL;
	struct kx_error err = { 0 };
	int r;

	hostile = m->does;
	r = kx_entries_new(f->ctx, NULL, &list, &err);
	hostile = NULL;
	if (r != m->code || !strstr(err.message, m->says))
		fail_msg("%s: %d, \"%s\"", m->name, r, err.message);
	assert_non_null(strstr(err.message, "boot loader"));
	assert_null(list);
	assert_int_equal(err.step, KX_STEP_MACHINE);
	assert_int_equal(f->n_loads, 0);
}

static void test_hostile(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < n_misdeeds; i++)
		expect_no_list(f, &misdeeds[i]);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
		expect_no_list(f, &questions[i]);
	assert_null(strstr(f->log, "not confined"));
}

/* ---- one that neither asks nor ends, with shorter limits than usual */

static void keep_nothing(void *data, int channel)
{
}

static int refuse(void *data, struct bytes question, struct reader_answer *ret,
		  struct kx_error *err)
{
	return kx_fail(err, -EPROTO, "nothing is answered");
}

static int never_end(void *data, void *to, struct kx_error *err)
{
	misdeed_never_end();
}

static int stand_still(void *data, void *to, struct kx_error *err)
{
	uint8_t byte;

	return read(0, &byte, 1) == 1; /* an answer to nothing */
}

static void test_limits(void **state)
{
	static const struct reader_limits limits = { .confine = { .cpu_s = 1 }, .idle_s = 1 };
	static const struct {
		int (*work)(void *data, void *to, struct kx_error *err);
		const char *says;
	} ends[] = { { never_end, "processor time" }, { stand_still, "stood still" } };
	const struct reader_service service = { keep_nothing, refuse, NULL };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct reader job = { .doing = "reading it",
					    .work = ends[i].work,
					    .service = &service,
					    .limits = &limits };
		struct kx_error err = { 0 };

		assert_int_equal(ctx_reader_run(f->ctx, &job, &err), -ETIMEDOUT);
		assert_non_null(strstr(err.message, ends[i].says));
	}
}

/* ---- where nothing can be confined it goes on, and says so */

static size_t count(struct fixture *f)
{
	struct kx_entries_info info = { .size = sizeof(info) };
	struct kx_entries *list = NULL;

	assert_int_equal(kx_entries_new(f->ctx, NULL, &list, NULL), 0);
	assert_int_equal(kx_entries_info(list, &info), 0);
	kx_entries_free(list);
	return info.n_entries;
}

static void test_not_confined(void **state)
{
	struct fixture *f = *state;
	const size_t n = count(f);
	int status = -1;
	pid_t pid;

	assert_int_not_equal(n, 0);
	assert_null(strstr(f->log, "not confined"));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		refuse_filters();
		_exit(count(f) == n && strstr(f->log, "boot loader's configuration is not confined")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { WITH_MACHINE(test_hostile), WITH_MACHINE(test_limits),
					    WITH_MACHINE(test_not_confined) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
