/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Questions of a confined child and answers of its parent, over a pair of sockets. A question is a length and so many
 * bytes; an answer is a code, a length and so many bytes, and may come with one descriptor.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* Longest question: two paths. */
enum { QUESTION_MAX = 16 << 10 };

/* Whoever waits is asked once in a second whether it still should. */
struct channel_wait {
	bool (*goes_on)(void *data);
	void *data;
};

/* Both ends; the parent's, ret[0], returns each second. */
_must_check_ int channel_make(int ret[2]);

/* In the parent. 1: a question, its length in *ret_n; 0: the child has closed its end; -EMSGSIZE: it is longer than
 * questions are, or more than one; -ETIMEDOUT when it was said not to wait. */
_must_check_ int channel_take(int fd, uint8_t question[QUESTION_MAX], const struct channel_wait *w,
			      size_t *ret_n);
/* @handed may be -1. 0; -EPIPE; -ETIMEDOUT. */
_must_check_ int channel_answer(int fd, int code, struct bytes answer, int handed,
				const struct channel_wait *w);

/* In the child, whose channel is @fd: what the parent answers, which is trusted. @ret_fd may be NULL. A child that
 * is not answered ends here. */
_must_check_ int channel_ask(int fd, struct bytes question, uint8_t **ret, size_t *ret_n,
			     int *ret_fd);
