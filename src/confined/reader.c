// SPDX-License-Identifier: LGPL-2.1-or-later
#include "confined/reader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mapped.h"
#include "confined/channel.h"
#include "confined/reader-reply.h"

enum { ERRNO_MAX = 4095, ROUND_MS = 1000 };

/* 1 GiB of bzip2 takes half a minute on a processor of 2.6 GHz; emulated ones are thirty times as slow. */
const struct reader_limits reader_usual = { .confine = { .cpu_s = 1800 }, .idle_s = 120 };

/* ---- in the child */

static struct {
	struct reply *reply;
	const struct window *windows;
	size_t n_windows;
} child;

/* A page for a window that the machine does not have, or a mapped input that became shorter: it goes on with
 * zeros then, and the parent, which looks at the file after that, says so (base/mapped.h). */
static void on_sigbus(int number, siginfo_t *info, void *context)
{
	const uint8_t *at = info->si_addr;

	for (size_t i = 0; i < child.n_windows; i++) {
		if (at >= child.windows[i].p && at < child.windows[i].p + child.windows[i].n) {
			child.reply->stage = STAGE_NO_MEMORY;
			confine_leave(0);
		}
	}
	if (!mapped_give_zeros(at)) {
		child.reply->stage = STAGE_TORN;
		confine_leave(0);
	}
}

/* Handlers and waiting signals of the program are not for this process. */
static void set_signals(void)
{
	static const int ends[] = { SIGSEGV, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGXCPU };
	const struct sigaction usual = { .sa_handler = SIG_DFL },
			       torn = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	sigset_t all;

	(void)sigfillset(&all);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)sigaction(ends[i], &usual, NULL);
		(void)sigdelset(&all, ends[i]);
	}
	(void)sigaction(SIGBUS, &torn, NULL);
	(void)sigdelset(&all, SIGBUS);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

static _Noreturn void be_child(const struct reader *reader, const struct reader_limits *limits,
			       struct reply *reply, pid_t parent, int channel)
{
	const char *open;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent && getppid() != 0) /* 0: it is the first of a new PID namespace */
		confine_leave(0);
	child.reply = reply;
	child.windows = reader->windows;
	child.n_windows = reader->n_windows;
	set_signals();
	mapped_after_fork();
	open = confine_self(&limits->confine, channel);
	if (open) {
		(void)snprintf(reply->open, sizeof(reply->open), "%s", open);
		reply->stage = STAGE_OPEN;
		confine_leave(0);
	}
	if (reader->service)
		reader->service->connect(reader->data, 0);
	reply->r = reader->work(reader->data, reader->answer, &reply->err);
	if (reply->r == 0 && reader->answer_n)
		memcpy(reply->answer, reader->answer, reader->answer_n);
	reply->magic = REPLY_MAGIC;
	reply->size = (uint32_t)reader->answer_n;
	reply->stage = STAGE_DONE;
	confine_leave(0);
}

/* ---- waiting for its end */

static uint64_t processor_time(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Ends a child that waits for something that does not come. What it may use of the processor the kernel counts.
 * Linux before 5.3 has no such descriptors, and there nobody watches. */
static bool watch(pid_t pid, unsigned idle_s)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	uint64_t before = 0;
	unsigned idle = 0;

	while (pidfd >= 0 && idle < idle_s) {
		const int n = poll(&p, 1, ROUND_MS);
		uint64_t now;

		if (n > 0 || (n < 0 && errno != EINTR))
			return false;
		if (n < 0)
			continue;
		now = processor_time(pid);
		idle = now > before ? 0 : idle + 1;
		before = now;
	}
	if (pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return pidfd >= 0;
}

/* ---- answering it */

struct asker {
	pid_t pid;
	unsigned idle_s, idle;
	uint64_t before;
};

static bool still_works(void *data)
{
	struct asker *asker = data;
	const uint64_t now = processor_time(asker->pid);

	asker->idle = now > asker->before ? 0 : asker->idle + 1;
	asker->before = now;
	return asker->idle < asker->idle_s;
}

static void answer_done(struct reader_answer *answer)
{
	free(answer->owned);
	fd_close(answer->fd);
}

/* Until it closes its end, which it does at the latest when it ends. Of a process that has it still the number is
 * no other's. */
static int serve(const struct reader *reader, int channel, struct asker *asker,
		 struct kx_error *err)
{
	const struct reader_service *service = reader->service;
	const struct channel_wait wait = { still_works, asker };
	uint8_t question[QUESTION_MAX];
	size_t n;
	int r;

	while ((r = channel_take(channel, question, &wait, &n)) > 0) {
		struct reader_answer answer = { .fd = -1 };

		r = service->answer(service->data, (struct bytes){ question, n }, &answer, err);
		if (r == 0)
			r = channel_answer(channel, answer.code, answer.body, answer.fd, &wait);
		answer_done(&answer);
		if (r < 0)
			break;
	}
	if (r < 0 && r != -EPIPE)
		(void)kill(asker->pid, SIGKILL);
	if (r == -EMSGSIZE)
		return reader_fail_answer(reader->doing, err);
	return r == -EPIPE ? 0 : r;
}

/* A program that ignores SIGCHLD, or waits for any child, leaves no status: then there is only the reply. */
static int status_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return status;
}

/* ---- what it left */

int reader_fail_answer(const char *doing, struct kx_error *err)
{
	return kx_fail(
		err, -EPROTO,
		"%s gave an answer that cannot be: the file was made to break into what does it, "
		"and nothing of it is used",
		doing);
}

int reader_check_error(const char *doing, struct kx_error *why, int code)
{
	char file[sizeof(why->file)];
	char message[sizeof(why->message)];

	if (code < -ERRNO_MAX || code >= 0)
		return reader_fail_answer(doing, why);
	memcpy(message, why->message, sizeof(message));
	message[sizeof(message) - 1] = '\0';
	memcpy(file, why->file, sizeof(file));
	file[sizeof(file) - 1] = '\0';
	(void)kx_fail(why, code, "%s", message);
	return kx_fail_file(why, code, file);
}

static int fail_signal(const char *doing, int number, bool was_idle,
		       const struct reader_limits *limits, struct kx_error *err)
{
	if (was_idle)
		return kx_fail(err, -ETIMEDOUT, "%s stood still for %u seconds, and was ended",
			       doing, limits->idle_s);
	if (number == SIGXCPU)
		return kx_fail(err, -ETIMEDOUT,
			       "%s took more than %u seconds of processor time, and was ended",
			       doing, limits->confine.cpu_s);
	if (number == SIGSYS)
		return kx_fail(
			err, -EPERM,
			"%s was ended when its process tried to do something else: the file was "
			"made to break into it",
			doing);
	if (number == SIGKILL)
		return kx_fail(err, -ENOMEM,
			       "%s was ended from outside, probably because memory is short",
			       doing);
	return kx_fail(err, -EBADMSG,
		       "%s crashed (%s): the file is damaged, or was made to do that", doing,
		       strsignal(number));
}

/* Nobody else writes to @reply any more. */
static int take_reply(const struct reader *reader, struct reply *reply, struct kx_error *err)
{
	if (reply->stage == STAGE_NO_MEMORY)
		return kx_fail(err, -ENOMEM, "no memory for what comes of %s", reader->doing);
	if (reply->stage == STAGE_TORN)
		return fail_signal(reader->doing, SIGBUS, false, &reader_usual, err);
	if (reply->stage != STAGE_DONE || reply->magic != REPLY_MAGIC ||
	    reply->size != reader->answer_n || reply->r > 0)
		return reader_fail_answer(reader->doing, err);
	if (reply->r < 0) {
		const int r = reader_check_error(reader->doing, &reply->err, reply->r);

		return kx_fail_as(err, r, &reply->err);
	}
	if (reader->answer_n)
		memcpy(reader->answer, reply->answer, reader->answer_n);
	return 0;
}

static int run_here(const struct teller *teller, const struct reader *reader, const char *why,
		    struct kx_error *err)
{
	teller_detail(teller, "%s is not confined to a process of its own: %s", reader->doing, why);
	return reader->work(reader->data, reader->answer, err);
}

/* No handler of the program runs in the child: set_signals() comes first. */
static pid_t fork_quietly(void)
{
	sigset_t all, before;
	pid_t pid;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid < 0)
		pid = -errno;
	if (pid != 0)
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* What the child left, after its end. */
static int take_end(const struct teller *teller, const struct reader *reader, struct reply *reply,
		    int status, struct kx_error *err)
{
	const struct reader_limits *limits = reader->limits ? reader->limits : &reader_usual;

	if (WIFSIGNALED(status))
		return fail_signal(reader->doing, WTERMSIG(status), false, limits, err);
	if (reply->stage == STAGE_OPEN) {
		reply->open[sizeof(reply->open) - 1] = '\0';
		return run_here(teller, reader, reply->open, err);
	}
	return take_reply(reader, reply, err);
}

static int run(const struct teller *teller, const struct reader *reader, int channel[2],
	       struct reply *reply, struct kx_error *err)
{
	const struct reader_limits *limits = reader->limits ? reader->limits : &reader_usual;
	const pid_t parent = getpid(), pid = fork_quietly();
	struct asker asker = { .pid = pid, .idle_s = limits->idle_s };
	bool was_idle = false;
	int status, r = 0;

	if (pid < 0)
		return run_here(teller, reader, strerror((int)-pid), err);
	if (pid == 0)
		be_child(reader, limits, reply, parent, channel[1]);
	fd_close(channel[1]);
	channel[1] = -1;
	if (reader->service)
		r = serve(reader, channel[0], &asker, err);
	if (r == 0)
		was_idle = watch(pid, limits->idle_s);
	status = status_of(pid);
	if (was_idle || r == -ETIMEDOUT)
		return fail_signal(reader->doing, SIGKILL, true, limits, err);
	return r < 0 ? r : take_end(teller, reader, reply, status, err);
}

static int run_with_channel(const struct teller *teller, const struct reader *reader,
			    struct reply *reply, struct kx_error *err)
{
	int channel[2] = { -1, -1 };
	int r = reader->service ? channel_make(channel) : 0;

	r = r < 0 ? run_here(teller, reader, strerror(-r), err)
		  : run(teller, reader, channel, reply, err);
	fd_close(channel[0]);
	fd_close(channel[1]);
	return r;
}

int reader_run(const struct teller *teller, const struct reader *reader, struct kx_error *err)
{
	struct window window;
	bool is_shared = true;
	int r = window_make(sizeof(struct reply) + reader->answer_n, &window);

	if (r < 0)
		return kx_fail(err, r, "out of memory");
	for (size_t i = 0; i < reader->n_windows; i++)
		is_shared = is_shared && reader->windows[i].is_shared;
	if (is_shared && window.is_shared)
		r = run_with_channel(teller, reader, (struct reply *)(void *)window.p, err);
	else
		r = run_here(teller, reader, "there is no memory that processes share", err);
	window_done(&window);
	return r;
}
