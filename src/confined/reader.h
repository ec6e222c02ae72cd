/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work on bytes that others wrote, in a child that can do nothing else (sys/confine.h). The child has this
 * process's memory as it was, so that inputs are mapped or read before; what it makes it writes to windows,
 * which become ours when it has ended, and to an answer of fixed size. Nobody but us looks at either before
 * its end, and the answer is to be checked like a file: who broke into the decoder wrote it.
 */

#include "base/error.h"
#include "base/teller.h"
#include "confined/window.h"
#include "fundamental/bytes.h"
#include "sys/confine.h"

struct reader_limits {
	struct confine_limits confine;
	unsigned idle_s; /* in which a child that does not end uses no processor time */
};
extern const struct reader_limits reader_usual;

/* One answer to a question of the child. */
struct reader_answer {
	int code; /* 0 or a negative errno */
	struct bytes body;
	uint8_t *owned; /* released when it was given, as is: */
	int fd;		/* a file that is handed over, or -1 */
};

/* What the child may ask for while it works; its questions are hostile bytes. */
struct reader_service {
	/* In the child, before the work: its end of the channel. */
	void (*connect)(void *data, int channel);
	/* In the parent. When it fails the child is ended, and that is the result. */
	int (*answer)(void *service_data, struct bytes question, struct reader_answer *ret,
		      struct kx_error *err);
	void *data; /* of answer() */
};

struct reader {
	const char *doing; /* "unpacking it", for sentences */
	/* Runs in the child. Returns 0 or a negative errno with a sentence. */
	int (*work)(void *data, void *answer, struct kx_error *err);
	void *data;
	void *answer; /* ours is set to what the child made of its copy, when it returned 0 */
	size_t answer_n;
	const struct window *windows;
	size_t n_windows;
	const struct reader_service *service; /* or NULL */
	const struct reader_limits *limits;   /* NULL: the usual ones */
};

/*
 * Runs it and waits for its end. Where no process can be confined the work is done in this one, and @teller
 * is told why, as a detail. What @work returns, and: -EBADMSG it crashed; -EPERM it made a system call that the work has no
 * use for; -ETIMEDOUT it did not end; -ENOMEM; what reader_service.answer() returns; -EPROTO its answer is none. No file name in the sentence.
 */
_must_check_ int reader_run(const struct teller *teller, const struct reader *reader,
			    struct kx_error *err);

/* For answers that contradict themselves. */
int reader_fail_answer(const char *doing, struct kx_error *err);
/* An error that was part of an answer, made fit for printing. Returns its code, or -EPROTO. */
int reader_check_error(const char *doing, struct kx_error *why, int code);
