// SPDX-License-Identifier: LGPL-2.1-or-later
#include "config/foreign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "confined/message.h"
#include "confined/reader.h"

#define DOING "reading it"

/* Beside the text of a name and its value a row has four numbers and at most the reason why it was skipped, and
 * takes two bytes of the file or more. */
enum { ANSWER_PER_BYTE = 48, ANSWER_LEAST = 4096 };

/* A text of 1 MiB takes milliseconds; an emulated processor is thirty times as slow. */
static const struct reader_limits limits = {
	.confine = { .memory = UINT64_C(256) << 20, .cpu_s = 60 }, .idle_s = 60
};

/* ---- in the child */

struct job {
	struct bytes text;
	text_parser parse;
	struct window window; /* of rows */
};

static int put_row(void *data, const struct assign *a)
{
	struct message_out *out = data;

	message_put_u32(out, a->line);
	message_put_text(out, a->name);
	message_put_text(out, a->value);
	message_put_text(out, a->skipped);
	return out->is_full ? -EFBIG : 0;
}

static int work(void *data, void *answer, struct kx_error *err)
{
	const struct job *job = data;
	struct message_out out = { .p = job->window.p, .max = job->window.n };
	const int r = job->parse(job->text, put_row, &out);

	if (r == -EFBIG)
		return kx_fail(err, r, "what it assigns is too long");
	if (r < 0)
		return kx_fail(err, r, "out of memory");
	*(size_t *)answer = out.n;
	return 0;
}

/* ---- in this process */

/* One row of the answer. 0; -EPROTO: it is none; -ENOMEM; what @fn says. */
static int take_row(struct message_in *in, assign_fn fn, void *data)
{
	struct assign a = { .line = message_take_u32(in) };
	_cleanup_free_ char *name = message_take_text(in);
	_cleanup_free_ char *value = message_take_text(in);
	_cleanup_free_ char *skipped = message_take_text(in);

	if (in->r < 0)
		return in->r;
	if (!name != !value || !name == !skipped)
		return -EPROTO;
	a.name = name;
	a.value = value;
	a.skipped = skipped;
	return fn(data, &a);
}

int foreign_take_rows(struct bytes answer, assign_fn fn, void *data)
{
	struct message_in in = { .rest = answer };
	int r = 0;

	while (r == 0 && in.rest.n)
		r = take_row(&in, fn, data);
	return r;
}

static int parse_confined(const struct teller *teller, struct bytes text, text_parser parse,
			  assign_fn fn, void *data, struct kx_error *err)
{
	struct job job = { .text = text, .parse = parse };
	size_t n = 0;
	const struct reader reader = { .doing = DOING,
				       .work = work,
				       .data = &job,
				       .answer = &n,
				       .answer_n = sizeof(n),
				       .windows = &job.window,
				       .n_windows = 1,
				       .limits = &limits };
	int r = window_make(ANSWER_LEAST + ANSWER_PER_BYTE * text.n, &job.window);

	if (r < 0)
		return kx_fail(err, r, "out of memory");
	r = reader_run(teller, &reader, err);
	if (r == -ENOENT) /* which means to callers that there is no such file */
		r = reader_fail_answer(DOING, err);
	if (r == 0) {
		r = n > job.window.n
			    ? -EPROTO
			    : foreign_take_rows((struct bytes){ job.window.p, n }, fn, data);
		if (r == -EPROTO)
			r = reader_fail_answer(DOING, err);
		else if (r < 0)
			r = kx_fail(err, r, "%s", strerror(-r));
	}
	window_done(&job.window);
	return r;
}

int foreign_parse(const struct foreign *foreign, const char *path, struct bytes text,
		  text_parser parse, assign_fn fn, void *data, struct kx_error *err)
{
	int r;

	if (foreign) {
		r = parse_confined(foreign->teller, text, parse, fn, data, err);
		return r < 0 ? kx_fail_in(err, r, "%s", path) : 0;
	}
	r = parse(text, fn, data);
	return r < 0 ? kx_fail(err, r, "%s: %s", path,
			       r == -ENOMEM ? "out of memory" : strerror(-r))
		     : 0;
}
