// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/image-read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confined/reader.h"
#include "lib/image-answer.h"

#define DOING "reading its headers"

/* An answer of 64 initial ramdisks and 64 segments takes 5 KiB. */
enum { MESSAGE_MAX = 8 << 10, TITLE_MAX = 1024 };

struct answer {
	int32_t r;
	uint32_t
		type; /* of the error, as struct kx_error has it: one more than its index; 0: none */
	struct kx_error why;
	uint32_t has_title;
	char title[TITLE_MAX];
	uint64_t n;
	uint8_t message[MESSAGE_MAX];
};

struct job {
	const struct arch *arch;
	struct bytes file;
	const char *demanded;
	const struct image *packed; /* what @file was packed in, or NULL */
};

/* ---- types by name: those of the formats, and that of unified kernel images */

static const char *type_name(const struct image_formats *formats, uint32_t i)
{
	return i < formats->n ? formats->v[i].name : "uki";
}

static uint32_t number_of_type(const struct image_formats *formats, const char *name)
{
	uint32_t i = 0;

	if (!name)
		return 0;
	while (i < formats->n && strcmp(formats->v[i].name, name) != 0)
		i++;
	return i + 1;
}

/* ---- in the child */

static int parse(const struct job *job, struct image *image, struct kx_error *err)
{
	int r;

	if (!job->packed)
		return image_parse(job->arch->formats, job->file, job->demanded, image, err);
	*image = *job->packed;
	r = image_parse_unpacked(job->arch->formats, job->file, image, err);
	/* the rest is of another file, and known */
	image->is_uki = false;
	image->type = image->inner;
	return r;
}

static int put_title(const struct image *image, struct answer *answer)
{
	_cleanup_free_ char *title = NULL;
	int r = image->is_uki ? uki_title(&image->uki, &title) : -ENOENT;

	answer->has_title = r == 0;
	(void)snprintf(answer->title, sizeof(answer->title), "%s", title ? title : "");
	return r == -ENOENT ? 0 : r;
}

static int work(void *data, void *to, struct kx_error *err)
{
	const struct job *job = data;
	struct answer *answer = to;
	struct image image;
	size_t n = 0;

	answer->r = parse(job, &image, &answer->why);
	if (answer->r < 0) {
		answer->type = number_of_type(job->arch->formats, answer->why.type);
		return 0;
	}
	if (put_title(&image, answer) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");
	if (image_encode(job->arch, job->file, &image, answer->message, MESSAGE_MAX, &n) < 0)
		return kx_fail(err, -EFBIG, "its headers name more parts than a kernel has");
	answer->n = n;
	return 0;
}

/* ---- in the parent */

static int take_error(const struct job *job, struct answer *answer, struct kx_error *err)
{
	const struct image_formats *formats = job->arch->formats;
	const int r = reader_check_error(DOING, &answer->why, answer->r);

	(void)kx_fail_as(err, r, &answer->why);
	return answer->type ? kx_fail_type(err, r, type_name(formats, answer->type - 1)) : r;
}

static int take_image(const struct job *job, const struct answer *answer, struct image *ret,
		      struct kx_error *err)
{
	struct image image;

	if (answer->n > MESSAGE_MAX ||
	    image_decode(job->arch, job->file, (struct bytes){ answer->message, answer->n },
			 &image) < 0)
		return reader_fail_answer(DOING, err);
	if (job->packed && (image.is_uki || image.packed.n))
		return reader_fail_answer(DOING, err);
	if (job->packed) {
		image.type = job->packed->type;
		image.name = job->packed->name;
		image.is_uki = job->packed->is_uki;
		image.uki = job->packed->uki;
	}
	*ret = image;
	return 0;
}

static int take_title(struct answer *answer, char **ret, struct kx_error *err)
{
	answer->title[TITLE_MAX - 1] = '\0';
	*ret = answer->has_title ? strdup(answer->title) : NULL;
	return answer->has_title && !*ret ? kx_fail(err, -ENOMEM, "out of memory") : 0;
}

static int run(struct kx_ctx *ctx, struct job *job, struct image *ret, char **ret_title,
	       struct kx_error *err)
{
	_cleanup_free_ struct answer *answer = calloc(1, sizeof(*answer));
	const struct reader reader = { .doing = DOING,
				       .work = work,
				       .data = job,
				       .answer = answer,
				       .answer_n = sizeof(*answer) };
	int r;

	if (!answer)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = ctx_reader_run(ctx, &reader, err);
	if (r < 0)
		return r;
	if (answer->r > 0 || answer->type > job->arch->formats->n + 1)
		return reader_fail_answer(DOING, err);
	if (answer->r < 0)
		return take_error(job, answer, err);
	r = take_image(job, answer, ret, err);
	return r == 0 && ret_title ? take_title(answer, ret_title, err) : r;
}

int image_read(struct kx_ctx *ctx, const struct arch *arch, struct bytes file, const char *demanded,
	       struct image *ret, char **ret_title, struct kx_error *err)
{
	struct job job = { .arch = arch, .file = file, .demanded = demanded };

	return run(ctx, &job, ret, ret_title, err);
}

int image_read_unpacked(struct kx_ctx *ctx, const struct arch *arch, struct bytes kernel,
			struct image *image, struct kx_error *err)
{
	const struct image packed = *image;
	struct job job = { .arch = arch, .file = kernel, .packed = &packed };

	return run(ctx, &job, image, NULL, err);
}
