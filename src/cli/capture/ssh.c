// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends log and dump to another machine by the ssh client that was put in. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/flat.h"
#include "capture/remote.h"
#include "capture/save.h"
#include "capture/ssh.h"
#include "capture/store.h"
#include "cli/capture/capture.h"

enum {
	STALLED_MS = 120000, /* nothing was taken for so long: the other machine is given up */
	NAME_N = 64,
};

/* A client that runs, and its standard input. */
struct client {
	pid_t pid;
	int fd;
	const struct capture_job *j;
};

/* The directory of this crash, HOST-YYYYMMDDhhmmss, and the names in it. */
struct names_there {
	char *directory;
	char log[NAME_N], dump[NAME_N];
	uint64_t dump_n; /* 0: no dump was sent */
};

struct ssh {
	struct names_there names;
};

static int start(const struct capture_job *j, const char *command, struct client *ret)
{
	static const char *const environment[] = { "LD_LIBRARY_PATH=/" CAPTURE_LIBRARIES,
						   "HOME=/root", "PATH=/usr/bin:/bin", NULL };
	const char *const argv[] = { "ssh", "-F", SSH_CONFIG, "-T", SSH_ALIAS, command, NULL };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		(void)dup2(ends[0], 0);
		(void)signal(SIGPIPE, SIG_DFL);
		/* execve(2) does not change its arguments */
		(void)execve(SSH_PROGRAM, (char *const *)(uintptr_t)argv,
			     (char *const *)(uintptr_t)environment);
		say(SSH_PROGRAM ": %s", strerror(errno));
		_exit(127);
	}
	fd_close(ends[0]);
	if (pid < 0) {
		fd_close(ends[1]);
		return -errno;
	}
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	*ret = (struct client){ pid, ends[1], j };
	return 0;
}

/* Writes all, as long as the other side takes something now and then. */
static int send_bytes(void *data, const void *buf, size_t n)
{
	const struct client *c = data;
	const char *p = buf;

	while (n) {
		struct pollfd poll_fd = { .fd = c->fd, .events = POLLOUT };
		ssize_t done = write(c->fd, p, n);
		int r;

		if (done < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
			beat(c->j);
			continue;
		}
		r = poll(&poll_fd, 1, STALLED_MS);
		if (r == 0)
			return -ETIMEDOUT;
	}
	return 0;
}

/* Waits for its end after all was sent, or ends it: 0, or why it failed. */
static int finish(struct client *c, int r, struct kx_error *err)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	const uint64_t end = uptime_ms() + STALLED_MS;
	int status = 0;

	c->fd = fd_close(c->fd);
	if (r < 0 && r != -EPIPE)
		(void)kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, WNOHANG) == 0) {
		if (uptime_ms() > end) {
			(void)kill(c->pid, SIGKILL);
			r = -ETIMEDOUT;
		}
		beat(c->j);
		(void)nanosleep(&pause, NULL);
	}
	if (r == -ETIMEDOUT)
		return kx_fail(err, r, "the other machine took nothing for %d seconds",
			       STALLED_MS / 1000);
	if (r < 0 && r != -EPIPE)
		return kx_fail(err, r, "cannot send it: %s", strerror(-r));
	if (WIFSIGNALED(status))
		return kx_fail(err, -EIO, "ssh was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return r < 0 ? kx_fail(err, r, "ssh ended before all was sent") : 0;
	if (capture_remote_error(WEXITSTATUS(status)))
		return kx_fail(err, -EIO, "%s", capture_remote_error(WEXITSTATUS(status)));
	return kx_fail(err, -EIO, "ssh ended with %d, and has said why above", WEXITSTATUS(status));
}

static struct names_there *names_of(const struct capture_job *j)
{
	const struct saving *s = j->own;

	return &s->ssh->names;
}

static int begin(struct capture_job *j, const struct remote_file *finished,
		 const struct remote_file *put, struct client *ret, struct kx_error *err)
{
	_cleanup_free_ char *command = NULL;
	int r = capture_remote_command(names_of(j)->directory, finished, put, &command);

	if (r == 0)
		r = start(j, command, ret);
	return r < 0 ? kx_fail(err, r, "cannot start ssh: %s", strerror(-r)) : 0;
}

static void ssh_close(struct capture_job *j, const struct capture_target *t)
{
	struct saving *s = j->own;

	(void)t;
	free(s->ssh->names.directory);
	free(TAKE_PTR(s->ssh));
}

static int ssh_open(struct capture_job *j, const struct capture_target *t, struct kx_error *err)
{
	struct saving *s = j->own;
	const time_t at = (time_t)j->crashed_at;
	_cleanup_strbuf_ struct strbuf b = { 0 };
	char stamp[32];
	struct tm tm;
	int r = network_up(j, &t->network, j->settings->wait_s, err);

	if (r < 0)
		return r;
	(void)strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", gmtime_r(&at, &tm));
	strbuf_addf(&b, "%s%s%s-%s", t->directory, strcmp(t->directory, "/") == 0 ? "" : "/",
		    j->settings->host ? j->settings->host : "unnamed", stamp);
	s->ssh = calloc(1, sizeof(*s->ssh));
	if (!s->ssh || strbuf_take(&b, &s->ssh->names.directory) < 0) {
		free(TAKE_PTR(s->ssh));
		return kx_fail(err, -ENOMEM, "out of memory");
	}
	stamp[12] = '\0'; /* files are named by the minute, as on a disk */
	(void)snprintf(s->ssh->names.log, NAME_N, "dmesg.%s", stamp);
	(void)snprintf(s->ssh->names.dump, NAME_N, "dump.%s", stamp);
	return 0;
}

static int ssh_log(struct capture_job *j, const struct capture_target *t, uint64_t *ret,
		   struct kx_error *err)
{
	struct remote_file file = { .name = names_of(j)->log };
	struct vmcore_report report;
	struct client c;
	uint64_t n;
	int r = capture_write_log(j->core, -1, &report, &file.n, err);

	(void)t;
	if (r == 0)
		r = begin(j, NULL, &file, &c, err);
	if (r < 0)
		return r;
	/* it is small: the pipe may block */
	(void)fcntl(c.fd, F_SETFL, 0);
	r = capture_write_log(j->core, c.fd, &report, &n, err);
	r = finish(&c, r == -EPIPE ? r : 0, err);
	if (r == 0)
		*ret = report.n_records;
	return r;
}

static void tell(void *data, uint64_t done, uint64_t all)
{
	const struct client *c = data;

	beat(c->j);
	capture_tell_progress((struct capture_job *)(uintptr_t)c->j, done, all);
}

static int send_dump(struct capture_job *j, struct client *c, struct dump_counts *ret,
		     struct kx_error *err)
{
	_cleanup_capture_flat_ struct capture_flat *flat = NULL;
	struct kx_error why = { 0 };
	int r = capture_flat_new(send_bytes, tell, c, &flat), ended;

	if (r == 0)
		r = dump_write(j->core, j->settings->level, (enum dump_packing)j->settings->packing,
			       capture_flat_sink(flat), ret, &why);
	if (r == 0)
		r = capture_flat_end(flat, &names_of(j)->dump_n);
	ended = finish(c, r, err);
	if (ended < 0)
		names_of(j)->dump_n = 0;
	/* what is wrong with the memory's image is said by who reads it */
	if (ended < 0 && why.code && r != -EPIPE && r != -ETIMEDOUT)
		return kx_fail_as(err, r, &why);
	return ended;
}

static int ssh_dump(struct capture_job *j, const struct capture_target *t, struct dump_counts *ret,
		    struct kx_error *err)
{
	const struct remote_file file = { names_of(j)->dump, REMOTE_SIZE_UNKNOWN };
	struct client c;
	int r = begin(j, NULL, &file, &c, err);

	(void)t;
	if (r == 0)
		r = send_dump(j, &c, ret, err);
	if (r < 0)
		return r;
	/* it has its name when its size is right */
	const struct remote_file whole = { names_of(j)->dump, names_of(j)->dump_n };

	r = begin(j, &whole, NULL, &c, err);
	return r < 0 ? r : finish(&c, 0, err);
}

static int ssh_notes(struct capture_job *j, const struct capture_target *t, struct kx_error *err)
{
	const struct remote_file file = { CAPTURE_NOTES, j->notes.n };
	struct client c;
	int r = begin(j, NULL, &file, &c, err);

	(void)t;
	return r < 0 ? r : finish(&c, send_bytes(&c, j->notes.s, j->notes.n), err);
}

const struct capture_way ssh_way = {
	.open = ssh_open,
	.save_log = ssh_log,
	.save_dump = ssh_dump,
	.save_notes = ssh_notes,
	.close = ssh_close,
};
