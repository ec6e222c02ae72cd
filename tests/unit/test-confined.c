// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The child that unpacks (src/confined/reader.c), with decoders that do what somebody would make them do who has
 * broken into one. Each runs in a real child; the linker puts them in the place of ours in this program only
 * (--wrap in meson.build).
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/jobs.h"
#include "base/mapped.h"
#include "confined/reader-reply.h"
#include "confined/reader.h"
#include "image/decompress.h"
#include "lib/part.h"
#include "lib/unpack-answer.h"
#include "tests/fake/misdeeds.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/lib-fixture.h"
#include "tests/unit/vmlinux-make.h"

enum { MEMORY = 256 << 20 };

/* ---- in the place of ours */

static void (*hostile)(void);	 /* what the decoder of gzip does first, or NULL */
static struct unpacked *decoder; /* what it was called with */
static struct reply *reply;	 /* of the next child, which can find it in its memory */

int __wrap_window_make(size_t n, struct window *ret);
int __real_window_make(size_t n, struct window *ret);
int __wrap_window_make(size_t n, struct window *ret)
{
	int r = __real_window_make(n, ret);

	if (r == 0)
		reply = (struct reply *)(void *)ret->p; /* the last one that is made */
	return r;
}

unpack_fn __wrap_unpack_gzip, __real_unpack_gzip;
int __wrap_unpack_gzip(struct bytes in, struct unpacked *out, size_t *ret_used,
		       struct kx_error *err)
{
	decoder = out;
	if (hostile)
		hostile();
	return __real_unpack_gzip(in, out, ret_used, err);
}

static void (*hostile_headers)(void); /* what the parser of headers does first, or NULL */

int __wrap_image_parse(const struct image_formats *formats, struct bytes file, const char *demanded,
		       struct image *ret, struct kx_error *err);
int __real_image_parse(const struct image_formats *formats, struct bytes file, const char *demanded,
		       struct image *ret, struct kx_error *err);
int __wrap_image_parse(const struct image_formats *formats, struct bytes file, const char *demanded,
		       struct image *ret, struct kx_error *err)
{
	if (hostile_headers)
		hostile_headers();
	return __real_image_parse(formats, file, demanded, ret, err);
}

/* ---- what they do beside the misdeeds that all have in common */

/* With ENOSYS it goes on, as without the file that it wanted: what it unpacks is then right. */
static void try_others(void)
{
	static const long calls[] = {
		SYS_read,  SYS_write, SYS_unlinkat, SYS_prlimit64, SYS_setns,
		SYS_fcntl, SYS_chdir, SYS_ioctl,    SYS_clone3,	   SYS_sendto
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (syscall(calls[i], 0L, 0L, 0L, 0L, 0L, 0L) != -1 || errno != ENOSYS)
			abort();
}

static void wait_for_nothing(void)
{
	static int zero;

	for (;;)
		(void)syscall(SYS_futex, &zero, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

/* ---- answers that are none */

static void reply_done(int r, size_t answer, size_t size)
{
	reply->magic = REPLY_MAGIC;
	reply->size = (uint32_t)size;
	reply->r = r;
	memcpy(reply->answer, &answer, sizeof(answer));
	reply->stage = STAGE_DONE;
	confine_leave(0);
}

static void say_too_much(void)
{
	reply_done(0, SIZE_MAX / 2, sizeof(size_t));
}

static void say_one_more(void)
{
	reply_done(0, decoder->max + 1, sizeof(size_t));
}

static void say_other_size(void)
{
	reply_done(0, 0, 64 * sizeof(size_t));
}

static void say_ones(void)
{
	memset(reply->answer, 0xff, sizeof(struct unpack_answer));
	reply_done(0, SIZE_MAX, sizeof(struct unpack_answer));
}

static void say_wrong_magic(void)
{
	reply->magic = 1;
	reply->size = sizeof(size_t);
	reply->stage = STAGE_DONE;
	confine_leave(0);
}

static void say_no_errno(void)
{
	reply_done(-100000, 0, sizeof(size_t));
}

static void say_endless_sentence(void)
{
	memset(&reply->err, 'x', sizeof(reply->err));
	reply_done(-EBADMSG, 0, sizeof(size_t));
}

/* An error that points somewhere, as it would be printed. */
static void say_pointer(void)
{
	reply->err.type = (const char *)(uintptr_t)1;
	memcpy(reply->err.message, "a", 2);
	reply_done(-EBADMSG, 0, sizeof(size_t));
}

static const struct misdeed answers[] = {
	{ "too much", say_too_much, -EPROTO, "cannot be" },
	{ "one more", say_one_more, -EPROTO, "cannot be" },
	{ "other size", say_other_size, -EPROTO, "cannot be" },
	{ "magic", say_wrong_magic, -EPROTO, "cannot be" },
	{ "no errno", say_no_errno, -EPROTO, "cannot be" },
	{ "endless", say_endless_sentence, -EBADMSG, "xxxxxxxx" },
	{ "pointer", say_pointer, -EBADMSG, "a" },
};

/* ---- through the library's calls: a kernel that is packed as a whole, and the one in a bzImage */

static void put_packed(struct fixture *f)
{
	uint8_t plain[ELF_N] = { 0 }, packed[ELF_N + GZIP_EXTRA];
	struct bytes gz;

	(void)make_elf(plain, false);
	gz = make_gzip(packed, (struct bytes){ plain, sizeof(plain) });
	root_put_bytes(&f->root, "/boot/packed", gz.p, gz.n);
}

static void expect_refused(const struct misdeed *m, int r, const struct kx_error *err,
			   const struct fixture *f)
{
	if (r != m->code || !strstr(err->message, m->says) || strlen(err->message) > 503)
		fail_msg("%s: %d, \"%.500s\"", m->name, r, err->message);
	assert_int_equal(err->code, r);
	assert_null(err->type);
	assert_int_equal(f->n_loads, 0);
}

static void expect_no_image(struct fixture *f, const struct misdeed *m)
{
	struct kx_image *image = NULL;
	struct kx_error err = { 0 };
	int r;

	hostile = m->does;
	r = kx_image_open(f->ctx, "/boot/packed", NULL, &image, &err);
	hostile = NULL;
	assert_null(image);
	assert_int_equal(err.step, KX_STEP_KERNEL_UNPACK);
	assert_non_null(strstr(err.file, "/boot/packed"));
	expect_refused(m, r, &err, f);
}

static void test_hostile_file(void **state)
{
	put_packed(*state);
	for (size_t i = 0; i < n_misdeeds; i++)
		expect_no_image(*state, &misdeeds[i]);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		expect_no_image(*state, &answers[i]);
}

/* The first 8 KiB of what it left are ones: no number, length or flag in it can be. */
static void say_headers(void)
{
	memset(reply->answer, 0xff, 8192);
	reply->magic = REPLY_MAGIC;
	reply->r = 0;
	reply->stage = STAGE_DONE;
	confine_leave(0);
}

static void expect_no_headers(struct fixture *f, const struct misdeed *m)
{
	struct kx_image *image = NULL;
	struct kx_error err = { 0 };
	int r;

	hostile_headers = m->does;
	r = kx_image_open(f->ctx, "/boot/kernel", NULL, &image, &err);
	hostile_headers = NULL;
	assert_null(image);
	assert_int_equal(err.step, KX_STEP_KERNEL_TYPE);
	assert_non_null(strstr(err.message, "/boot/kernel: reading its headers "));
	expect_refused(m, r, &err, f);
}

static void test_hostile_headers(void **state)
{
	static const struct misdeed ones = { "ones", say_headers, -EPROTO, "cannot be" };

	for (size_t i = 0; i < n_misdeeds; i++)
		expect_no_headers(*state, &misdeeds[i]);
	expect_no_headers(*state, &ones);
}

static void expect_no_plan(struct fixture *f, const struct misdeed *m)
{
	struct kx_image *image = fixture_kernel(f, "/boot/kernel");
	const char *initrd = "/boot/initrd";
	const struct kx_request req = { .size = sizeof(req),
					.image = image,
					.initrds = &initrd,
					.n_initrds = 1,
					.flags = KX_REQ_FAST };
	struct kx_plan *plan = NULL;
	struct kx_error err = { 0 };
	int r;

	hostile = m->does;
	r = kx_plan_new(f->ctx, &req, &plan, &err);
	hostile = NULL;
	assert_null(plan);
	expect_refused(m, r, &err, f);
	kx_image_free(image);
}

/* The answer about kernel and ramdisk is another struct than the one of a file. */
static void test_hostile_kernel(void **state)
{
	static const struct misdeed ones = { "ones", say_ones, -EPROTO, "cannot be" };

	for (size_t i = 0; i < n_misdeeds; i++)
		expect_no_plan(*state, &misdeeds[i]);
	expect_no_plan(*state, &ones);
}

/* ---- limits, shorter than usual */

struct job {
	void (*does)(void);
};

static int work(void *data, void *answer, struct kx_error *err)
{
	const struct job *job = data;

	job->does();
	return 0;
}

static int eat(void *data, void *answer, struct kx_error *err)
{
	for (size_t n = 0; n < SIZE_MAX; n += 1 << 20) {
		/* as malloc(3) gets it, which a sanitizer replaces by one that never fails */
		uint8_t *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return kx_fail(err, -ENOMEM, "no memory after %zu MiB", n >> 20);
		memset(p, 1, 1 << 20);
		*(size_t *)answer = n;
	}
	return 0;
}

static void test_limits(void **state)
{
	static const struct reader_limits limits = { .confine = { .memory = MEMORY, .cpu_s = 1 },
						     .idle_s = 1 };
	static const struct {
		void (*does)(void);
		const char *says;
	} ends[] = { { misdeed_never_end, "processor time" }, { wait_for_nothing, "stood still" } };
	struct fixture *f = *state;
	struct kx_error err;
	size_t eaten = 0;
	struct reader reader = { .doing = "unpacking it", .limits = &limits };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct job job = { ends[i].does };

		err = (struct kx_error){ 0 };
		reader.work = work;
		reader.data = &job;
		assert_int_equal(ctx_reader_run(f->ctx, &reader, &err), -ETIMEDOUT);
		assert_non_null(strstr(err.message, ends[i].says));
	}
	err = (struct kx_error){ 0 };
	reader.work = eat;
	reader.answer = &eaten;
	reader.answer_n = sizeof(eaten);
	assert_int_equal(ctx_reader_run(f->ctx, &reader, &err), -ENOMEM);
	assert_non_null(strstr(err.message, "no memory after"));
	assert_int_equal(eaten, 0); /* a failure leaves the answer as it was */
}

/* ---- what works */

static void thread(void *data, size_t i)
{
	size_t *sums = data;
	uint8_t *p = malloc(1 << 22);

	for (size_t k = 0; p && k < 1 << 22; k++)
		p[k] = (uint8_t)(k ^ i);
	for (size_t k = 0; p && k < 1 << 22; k++)
		sums[i] += p[k];
	free(p);
}

static int use_threads(void *data, void *answer, struct kx_error *err)
{
	jobs_run(8, thread, answer);
	return 0;
}

static void expect_threads(struct fixture *f)
{
	size_t sums[8] = { 0 };
	const struct reader reader = { .work = use_threads,
				       .answer = sums,
				       .answer_n = sizeof(sums) };

	assert_int_equal(ctx_reader_run(f->ctx, &reader, NULL), 0);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(sums[i], (size_t)255 * 128 << 14);
}

static void test_threads(void **state)
{
	struct fixture *f = *state;

	expect_threads(f);
	assert_null(strstr(f->log, "not confined"));
}

/* A program that ignores SIGCHLD gets no status of its children. */
static void test_no_status(void **state)
{
	struct fixture *f = *state;
	struct job job = { misdeed_crash };
	const struct reader reader = { .work = work, .data = &job };

	(void)signal(SIGCHLD, SIG_IGN);
	expect_threads(f);
	assert_int_equal(ctx_reader_run(f->ctx, &reader, NULL), -EPROTO);
	(void)signal(SIGCHLD, SIG_DFL);
}

/* ---- inputs and windows that are not there */

struct look {
	struct contents file;
	struct window window;
};

static int look_at_input(void *data, void *answer, struct kx_error *err)
{
	const struct look *look = data;
	unsigned sum = 0;

	for (size_t i = 0; i < look->file.n; i++)
		sum += look->file.p[i];
	*(unsigned *)answer = sum;
	return 0;
}

/* SIGBUS in the child: this program has no handler of its own. */
static void test_input_shrinks(void **state)
{
	struct fixture *f = *state;
	static uint8_t ones[3 * 4096];
	const uint64_t before = mapped_changes();
	struct kx_error err = { 0 };
	struct look look = { 0 };
	unsigned sum = 1;
	const struct reader reader = {
		.work = look_at_input, .data = &look, .answer = &sum, .answer_n = sizeof(sum)
	};
	char full[256];
	int fd;

	memset(ones, 1, sizeof(ones));
	root_put_bytes(&f->root, "/boot/shrinks", ones, sizeof(ones));
	fd = fixture_open(f, "/boot/shrinks");
	assert_int_equal(contents_open(fd, 1 << 20, &look.file), 0);
	assert_true(look.file.is_mapped);
	assert_int_equal(truncate(fixture_path(f, "/boot/shrinks", full), 4096), 0);
	assert_int_equal(ctx_reader_run(f->ctx, &reader, &err), 0);
	assert_int_equal(sum, 4096);
	assert_int_equal(mapped_check(before, &err), -ESTALE);
	contents_done(&look.file);
	close(fd);
}

static int fill_window(void *data, void *answer, struct kx_error *err)
{
	const struct look *look = data;

	memset(look->window.p, 1, look->window.n);
	return 0;
}

/* A window whose pages cannot be had: here because its file is shorter. */
static void test_no_page(void **state)
{
	struct fixture *f = *state;
	const int fd = memfd_create("short", MFD_CLOEXEC);
	struct kx_error err = { 0 };
	struct look look = { .window = { .n = 8192, .is_shared = true } };
	const struct reader reader = {
		.work = fill_window, .data = &look, .windows = &look.window, .n_windows = 1
	};

	assert_int_equal(ftruncate(fd, 4096), 0);
	look.window.p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(look.window.p, MAP_FAILED);
	assert_int_equal(ctx_reader_run(f->ctx, &reader, &err), -ENOMEM);
	assert_non_null(strstr(err.message, "no memory"));
	window_done(&look.window);
	close(fd);
}

/* ---- secrets */

static int look_at_part(void *data, void *answer, struct kx_error *err)
{
	const struct payload *part = data;

	*(uint8_t *)answer = part->bytes.p[part->bytes.n - 1];
	return 0;
}

/* Whoever breaks into a decoder does not find them: no page of a secret part is in the child. */
static void test_secret_parts(void **state)
{
	static const uint8_t bytes[] = "secret";
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++) {
		const bool is_secret = i % 2;
		const struct kx_part part = { .size = sizeof(part),
					      .path = i < 2 ? "/boot/initrd" : NULL,
					      .bytes = i < 2 ? NULL : bytes,
					      .n = i < 2 ? 0 : sizeof(bytes) - 1,
					      .flags = is_secret ? KX_PART_SECRET : 0 };
		struct payload payload = { .fd = -1 };
		uint8_t last = 0;
		const struct reader reader = {
			.work = look_at_part, .data = &payload, .answer = &last, .answer_n = 1
		};
		const int r = part_contents(f->ctx, &part, 100, &payload, NULL);

		assert_int_equal(r, 0);
		assert_int_equal(ctx_reader_run(f->ctx, &reader, NULL), is_secret ? -EBADMSG : 0);
		assert_int_equal(last, is_secret ? 0 : 't');
		payload_done(&payload);
	}
}

/* ---- where nothing can be confined it goes on, and says so */

static void expect_open(struct fixture *f)
{
	struct kx_image *image = NULL;

	put_packed(f);
	assert_int_equal(kx_image_open(f->ctx, "/boot/packed", NULL, &image, NULL), 0);
	kx_image_free(image);
}

static void test_not_confined(void **state)
{
	struct fixture *f = *state;
	int status = -1;
	pid_t pid;

	hostile = try_others;
	expect_open(f);
	hostile = NULL;
	assert_null(strstr(f->log, "not confined"));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		refuse_filters();
		expect_open(f);
		_exit(strstr(f->log, "not confined to a process of its own: the kernel filters no")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MACHINE(test_hostile_file),   WITH_MACHINE(test_hostile_headers),
		WITH_MACHINE(test_hostile_kernel), WITH_MACHINE(test_limits),
		WITH_MACHINE(test_threads),	   WITH_MACHINE(test_no_status),
		WITH_MACHINE(test_input_shrinks),  WITH_MACHINE(test_no_page),
		WITH_MACHINE(test_secret_parts),   WITH_MACHINE(test_not_confined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
