// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/jobs.h"
#include "confined/reader.h"
#include "image/decompress.h"
#include "lib/arch.h"
#include "lib/unpack-answer.h"

const struct bytes *initrd_files(const struct payload *initrd, size_t *ret_n)
{
	*ret_n = initrd->parts ? initrd->n_parts : 1;
	return initrd->parts ? initrd->parts : &initrd->bytes;
}

/* In sentences about the child. */
#define DOING "unpacking it"

static int fail_no_window(struct kx_error *err)
{
	return kx_fail(err, -ENOMEM, "no address space for what it unpacks to");
}

/* Out of memory that others write to: of a fixed length, and as a string. */
static void copy_text(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	to[n - 1] = '\0';
}

static struct room window_room(const struct window *window)
{
	return (struct room){ window->p, window->n, window_ready(window) };
}

/* ---- one file */

struct file_job {
	struct bytes file;
	struct window window;
	size_t n; /* of it */
};

static int work_file(void *data, void *answer, struct kx_error *err)
{
	const struct file_job *job = data;
	struct room room = window_room(&job->window);

	room.n = job->n; /* without what was added to fill a page */
	return decompress_to(job->file, &room, answer, err);
}

int unpack_file(struct kx_ctx *ctx, struct bytes file, size_t max, struct contents *ret,
		struct kx_error *err)
{
	struct file_job job = { .file = file, .n = max + 1 };
	size_t n = 0;
	const struct reader reader = { .doing = DOING,
				       .work = work_file,
				       .data = &job,
				       .answer = &n,
				       .answer_n = sizeof(n),
				       .windows = &job.window,
				       .n_windows = 1 };
	int r;

	if (window_make(job.n, &job.window) < 0)
		return fail_no_window(err);
	r = ctx_reader_run(ctx, &reader, err);
	if (r == 0 && n > max)
		r = reader_fail_answer(DOING, err);
	if (r == 0)
		window_take(&job.window, n, ret);
	window_done(&job.window);
	return r;
}

/* ---- a kernel and an initial ramdisk */

enum { KERNEL, INITRD, N_WINDOWS };

struct all_job {
	const struct unpack_wish *wish;
	struct window windows[N_WINDOWS];
	size_t kernel_n;
	struct unpack_answer *answer;
	int r; /* of the initial ramdisk */
	struct kx_error *err;
};

static void work_kernel(struct all_job *job)
{
	const struct room room = window_room(&job->windows[KERNEL]);
	struct unpack_answer *answer = job->answer;

	answer->kernel_r = job->wish->arch->kernel_unpack(job->wish->kernel, &room, job->kernel_n,
							  &answer->kernel_why);
}

/* When leaving out modules fails, the complete ramdisk is used. Without packed parts it is that of the file. */
static void work_diet(struct all_job *job, struct diet *diet)
{
	const struct bytes plain = job->wish->initrd->bytes;
	struct unpack_answer *answer = job->answer;
	const bool was_packed = answer->initrd_n;
	uint8_t *row = job->windows[INITRD].p;
	size_t n = was_packed ? (size_t)answer->initrd_n : plain.n;

	if (answer->why_not[0]) {
		(void)snprintf(diet->why_not, sizeof(diet->why_not), "%s", "not all of it unpacks");
		return;
	}
	if (!was_packed)
		memcpy(row, plain.p, n);
	if (initrd_diet(row, n, job->wish->facts, &n, diet) < 0)
		(void)snprintf(diet->why_not, sizeof(diet->why_not), "out of memory");
	if (was_packed || !diet->why_not[0])
		answer->initrd_n = n;
}

static void work_initrd(struct all_job *job)
{
	const struct unpack_wish *wish = job->wish;
	const struct room room = window_room(&job->windows[INITRD]);
	struct unpack_answer *answer = job->answer;
	struct initrd_unpacked what = { 0 };
	struct diet diet = { 0 };
	size_t n_files, n = 0;
	const struct bytes *files = initrd_files(wish->initrd, &n_files);

	job->r = initrd_unpack_to(files, n_files, wish->max, &room, &n, &what, job->err);
	if (job->r < 0)
		return;
	answer->initrd_n = n;
	answer->n_unpacked = what.n_unpacked;
	answer->cost = what.cost;
	answer->is_damaged = what.damaged;
	memcpy(answer->why_not, what.why_not, sizeof(answer->why_not));
	if (wish->facts)
		work_diet(job, &diet);
	answer->n_modules = diet.n_modules;
	answer->n_left_out = diet.n_left_out;
	answer->left_out = diet.left_out;
	memcpy(answer->why_no_diet, diet.why_not, sizeof(answer->why_no_diet));
}

/* The initial ramdisk first: it takes longer. */
static void work_one(void *data, size_t i)
{
	struct all_job *job = data;

	if (i == 0 && job->windows[INITRD].p)
		work_initrd(job);
	if (i == 1 && job->windows[KERNEL].p)
		work_kernel(job);
}

static int work_all(void *data, void *answer, struct kx_error *err)
{
	struct all_job *job = data;

	job->answer = answer;
	job->err = err;
	jobs_run(2, work_one, job);
	return job->r;
}

/* What there is nothing for stays empty. */
static int make_windows(struct all_job *job, struct unpack_made *made)
{
	const struct unpack_wish *wish = job->wish;
	size_t n_files;
	const struct bytes *files = initrd_files(wish->initrd, &n_files);
	int r = 0;

	made->kernel_r = -ENOENT;
	if (wish->kernel)
		made->kernel_r =
			wish->arch->kernel_size(wish->kernel, &job->kernel_n, &made->kernel_why);
	if (made->kernel_r == 0)
		r = window_make(job->kernel_n + 1, &job->windows[KERNEL]);
	if (r == 0 && wish->initrd->bytes.n)
		r = window_make(initrd_room(files, n_files, wish->max), &job->windows[INITRD]);
	return r;
}

static int take_all(struct all_job *job, const struct unpack_answer *answer,
		    struct unpack_made *made, struct kx_error *err)
{
	if (answer->initrd_n > job->windows[INITRD].n ||
	    (job->windows[KERNEL].p && answer->kernel_r > 0))
		return reader_fail_answer(DOING, err);
	if (job->windows[KERNEL].p && answer->kernel_r < 0) {
		made->kernel_why = answer->kernel_why;
		made->kernel_r = reader_check_error(DOING, &made->kernel_why, answer->kernel_r);
	} else if (job->windows[KERNEL].p) {
		window_take(&job->windows[KERNEL], job->kernel_n, &made->kernel);
	}
	if (answer->initrd_n)
		window_take(&job->windows[INITRD], (size_t)answer->initrd_n, &made->initrd);
	made->what = (struct initrd_unpacked){ .n_unpacked = (size_t)answer->n_unpacked,
					       .damaged = answer->is_damaged,
					       .cost = answer->cost };
	made->diet = (struct diet){ .n_modules = (size_t)answer->n_modules,
				    .n_left_out = (size_t)answer->n_left_out,
				    .left_out = answer->left_out };
	copy_text(made->what.why_not, answer->why_not, sizeof(made->what.why_not));
	copy_text(made->diet.why_not, answer->why_no_diet, sizeof(made->diet.why_not));
	return 0;
}

static int run_all(struct kx_ctx *ctx, struct all_job *job, struct unpack_made *made,
		   struct kx_error *err)
{
	struct unpack_answer answer = { 0 };
	struct window windows[N_WINDOWS];
	struct reader reader = { .doing = DOING,
				 .work = work_all,
				 .data = job,
				 .answer = &answer,
				 .answer_n = sizeof(answer),
				 .windows = windows };
	int r;

	for (size_t i = 0; i < N_WINDOWS; i++)
		if (job->windows[i].p)
			windows[reader.n_windows++] = job->windows[i];
	if (!reader.n_windows)
		return 0;
	r = ctx_reader_run(ctx, &reader, err);
	return r < 0 ? r : take_all(job, &answer, made, err);
}

int unpack_all(struct kx_ctx *ctx, const struct unpack_wish *wish, struct unpack_made *ret,
	       struct kx_error *err)
{
	struct all_job job = { .wish = wish };
	struct unpack_made made = { 0 };
	int r = make_windows(&job, &made);

	r = r < 0 ? fail_no_window(err) : run_all(ctx, &job, &made, err);
	for (size_t i = 0; i < N_WINDOWS; i++)
		window_done(&job.windows[i]);
	if (r < 0)
		unpack_made_done(&made);
	else
		*ret = made;
	return r;
}

void unpack_made_done(struct unpack_made *made)
{
	contents_done(&made->kernel);
	contents_done(&made->initrd);
}

/* ---- an initial ramdisk, packed anew */

struct pack_answer {
	uint64_t n;
	uint64_t n_modules, n_left_out, left_out;
	uint32_t is_packed;
	char why[sizeof(((struct initrd_repacked *)0)->why)];
	char why_no_diet[sizeof(((struct diet *)0)->why_not)];
};

struct pack_job {
	const struct payload *initrd;
	const struct repack_wish *wish;
	struct window window;
};

static int work_pack(void *data, void *answer, struct kx_error *err)
{
	const struct pack_job *job = data;
	struct initrd_repacked what = { 0 };
	struct pack_answer *to = answer;
	size_t n_files;
	const struct bytes *files = initrd_files(job->initrd, &n_files);
	int r = initrd_repack(files, n_files, job->initrd->bytes, job->wish, &what, err);

	if (r < 0)
		return r;
	if (what.n > job->window.n)
		r = kx_fail(err, -EFBIG, "packed anew it is larger than it was");
	else if (what.n)
		memcpy(job->window.p, what.p, what.n);
	free(what.p);
	to->n = what.n;
	to->is_packed = what.is_packed;
	memcpy(to->why, what.why, sizeof(to->why));
	to->n_modules = what.diet.n_modules;
	to->n_left_out = what.diet.n_left_out;
	to->left_out = what.diet.left_out;
	memcpy(to->why_no_diet, what.diet.why_not, sizeof(to->why_no_diet));
	return r;
}

static void take_packed(struct pack_job *job, const struct pack_answer *answer,
			struct pack_made *made)
{
	made->is_packed = answer->is_packed;
	made->diet = (struct diet){ .n_modules = (size_t)answer->n_modules,
				    .n_left_out = (size_t)answer->n_left_out,
				    .left_out = answer->left_out };
	copy_text(made->why, answer->why, sizeof(made->why));
	copy_text(made->diet.why_not, answer->why_no_diet, sizeof(made->diet.why_not));
	if (answer->n)
		window_take(&job->window, (size_t)answer->n, &made->initrd);
}

int unpack_and_pack(struct kx_ctx *ctx, const struct payload *initrd,
		    const struct repack_wish *wish, struct pack_made *ret, struct kx_error *err)
{
	struct pack_job job = { .initrd = initrd, .wish = wish };
	struct pack_answer answer = { 0 };
	struct pack_made made = { 0 };
	const struct reader reader = { .doing = DOING,
				       .work = work_pack,
				       .data = &job,
				       .answer = &answer,
				       .answer_n = sizeof(answer),
				       .windows = &job.window,
				       .n_windows = 1 };
	size_t n_files;
	const struct bytes *files = initrd_files(initrd, &n_files);
	int r;

	if (window_make(initrd_room(files, n_files, wish->max), &job.window) < 0)
		return fail_no_window(err);
	r = ctx_reader_run(ctx, &reader, err);
	if (r == 0 && (answer.n > job.window.n || (answer.n_left_out && !answer.n)))
		r = reader_fail_answer(DOING, err);
	if (r == 0) {
		take_packed(&job, &answer, &made);
		*ret = made;
	}
	window_done(&job.window);
	return r;
}
