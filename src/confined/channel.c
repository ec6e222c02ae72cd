// SPDX-License-Identifier: LGPL-2.1-or-later
#include "confined/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fundamental/put.h"
#include "sys/confine.h"

/* A small file, or numbers, come with the header of their answer. */
enum { ANSWER_HEADER = 8, EARLY_MAX = 2048 };

int channel_make(int ret[2])
{
	const struct timeval second = { .tv_sec = 1 };

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret) < 0)
		return -errno;
	(void)setsockopt(ret[0], SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	(void)setsockopt(ret[0], SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	return 0;
}

/* ---- in the parent */

/* Some bytes: 1; 0 when there will be none. */
static int receive(int fd, uint8_t *p, size_t max, const struct channel_wait *w, size_t *ret_n)
{
	for (;;) {
		const ssize_t got = read(fd, p, max);

		if (got > 0) {
			*ret_n = (size_t)got;
			return 1;
		}
		if (got == 0)
			return 0;
		if (errno == EAGAIN) {
			if (!w->goes_on(w->data))
				return -ETIMEDOUT;
		} else if (errno != EINTR) {
			return 0;
		}
	}
}

/* A child waits for its answer, so that there is never more than one question. */
int channel_take(int fd, uint8_t question[QUESTION_MAX], const struct channel_wait *w,
		 size_t *ret_n)
{
	uint8_t all[sizeof(uint32_t) + QUESTION_MAX];
	size_t have = 0, n, length;

	do {
		const int r = receive(fd, all + have, sizeof(all) - have, w, &n);

		if (r <= 0)
			return r;
		have += n;
		length = have < sizeof(uint32_t) ? QUESTION_MAX : get_le32(all);
		if (length > QUESTION_MAX || have > sizeof(uint32_t) + length)
			return -EMSGSIZE;
	} while (have < sizeof(uint32_t) + length);
	memcpy(question, all + sizeof(uint32_t), length);
	*ret_n = length;
	return 1;
}

static void attach(struct msghdr *message, uint8_t *room, size_t n, int handed)
{
	struct cmsghdr *c;

	message->msg_control = room;
	message->msg_controllen = n;
	c = CMSG_FIRSTHDR(message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(handed));
	memcpy(CMSG_DATA(c), &handed, sizeof(handed));
}

/* What was sent of the two; the descriptor goes with the first byte. */
static void forward(struct iovec v[2], size_t n)
{
	for (size_t i = 0; i < 2; i++) {
		const size_t k = n < v[i].iov_len ? n : v[i].iov_len;

		v[i].iov_base = (uint8_t *)v[i].iov_base + k;
		v[i].iov_len -= k;
		n -= k;
	}
}

int channel_answer(int fd, int code, struct bytes answer, int handed, const struct channel_wait *w)
{
	static uint8_t nothing[1];
	uint8_t header[ANSWER_HEADER];
	_Alignas(struct cmsghdr) uint8_t room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v[2] = { { header, sizeof(header) },
			      { answer.n ? (void *)(uintptr_t)answer.p : nothing, answer.n } };
	struct msghdr message = { .msg_iov = v, .msg_iovlen = 2 };

	put_le32(header, (uint32_t)code);
	put_le32(header + 4, (uint32_t)answer.n);
	if (handed >= 0)
		attach(&message, room, sizeof(room), handed);
	while (v[0].iov_len + v[1].iov_len) {
		const ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (n > 0) {
			forward(v, (size_t)n);
			message.msg_control = NULL;
			message.msg_controllen = 0;
		} else if (n < 0 && errno == EAGAIN) {
			if (!w->goes_on(w->data))
				return -ETIMEDOUT;
		} else if (n == 0 || errno != EINTR) {
			return -EPIPE;
		}
	}
	return 0;
}

/* ---- in the child, which has nothing left to do without its parent */

static void tell(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		const ssize_t done = write(fd, p, n);

		if (done <= 0)
			confine_leave(0);
		p += done;
		n -= (size_t)done;
	}
}

static void hear(int fd, uint8_t *p, size_t n)
{
	while (n) {
		const ssize_t got = read(fd, p, n);

		if (got <= 0)
			confine_leave(0);
		p += got;
		n -= (size_t)got;
	}
}

/* Header and beginning of an answer, which for most of them is all of it. Returns the descriptor that came with it, or
 * -1. */
static int hear_first(int fd, uint8_t header[ANSWER_HEADER], uint8_t early[EARLY_MAX],
		      size_t *ret_early)
{
	_Alignas(struct cmsghdr) uint8_t room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v[2] = { { header, ANSWER_HEADER }, { early, EARLY_MAX } };
	struct msghdr message = {
		.msg_iov = v, .msg_iovlen = 2, .msg_control = room, .msg_controllen = sizeof(room)
	};
	const ssize_t got = recvmsg(fd, &message, 0);
	struct cmsghdr *c;
	int handed = -1;

	if (got <= 0)
		confine_leave(0);
	if (got < ANSWER_HEADER)
		hear(fd, header + got, ANSWER_HEADER - (size_t)got);
	*ret_early = got < ANSWER_HEADER ? 0 : (size_t)got - ANSWER_HEADER;
	c = CMSG_FIRSTHDR(&message);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&handed, CMSG_DATA(c), sizeof(handed));
	return handed;
}

/* In one piece: the parent is woken once. */
static void tell_question(int fd, struct bytes question)
{
	uint8_t all[sizeof(uint32_t) + QUESTION_MAX];

	if (question.n > QUESTION_MAX)
		confine_leave(0);
	put_le32(all, (uint32_t)question.n);
	if (question.n)
		memcpy(all + sizeof(uint32_t), question.p, question.n);
	tell(fd, all, sizeof(uint32_t) + question.n);
}

int channel_ask(int fd, struct bytes question, uint8_t **ret, size_t *ret_n, int *ret_fd)
{
	uint8_t header[ANSWER_HEADER], early[EARLY_MAX];
	uint8_t *answer;
	size_t n, n_early;
	int handed;

	tell_question(fd, question);
	handed = hear_first(fd, header, early, &n_early);
	n = get_le32(header + 4);
	answer = malloc(n + 1); /* an empty file is a pointer, too */
	if (!answer || n_early > n)
		confine_leave(0);
	memcpy(answer, early, n_early);
	hear(fd, answer + n_early, n - n_early);
	if (ret_fd)
		*ret_fd = handed;
	else if (handed >= 0)
		(void)close(handed);
	*ret = answer;
	*ret_n = n;
	return (int)get_le32(header);
}
