// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs another program and waits for it; what this process itself is. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "sys/process.h"

/* More than `systemctl list-jobs` says while everything stops at once. */
enum { OUTPUT_MAX = 1 << 20 };

enum { START_ROUNDS = 10, START_ROUND_MS = 50 };

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int start(char *const argv[], const char *setting, int output, bool alone, pid_t *ret_pid)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	_cleanup_free_ char *extra = setting ? strdup(setting) : NULL;
	char *env[] = { path, locale, extra, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	if (setting && !extra)
		return -ENOMEM;
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -r;
	}
	if (output >= 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	for (int fd = STDIN_FILENO; alone && !r && fd <= STDERR_FILENO; fd++)
		r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (alone && !r)
		r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	if (!r)
		r = posix_spawn(ret_pid, argv[0], &actions, &attributes, argv, env);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int output_take(int fd, char **ret)
{
	uint8_t *text;
	size_t n;
	char *s;
	int r = read_fd(fd, OUTPUT_MAX, &text, &n);

	if (r < 0)
		return r;
	s = strndup((char *)text, n);
	free(text);
	if (!s)
		return -ENOMEM;
	*ret = s;
	return 0;
}

int process_run(struct sys *sys, char *const argv[], const char *setting, char **ret_output)
{
	_cleanup_close_ int from = -1, to = -1;
	_cleanup_free_ char *output = NULL;
	int pipe_fds[2], r, status;
	pid_t pid;

	if (ret_output) {
		if (pipe2(pipe_fds, O_CLOEXEC) < 0)
			return -errno;
		from = pipe_fds[0];
		to = pipe_fds[1];
	}
	r = start(argv, setting, to, false, &pid);
	if (r < 0)
		return r;
	to = fd_close(to);
	if (ret_output)
		r = output_take(from, &output);
	/* closed early, so that a program that says too much ends instead of waiting for us */
	from = fd_close(from);
	status = wait_for(pid);
	if (r < 0)
		return r;
	if (ret_output && status >= 0)
		*ret_output = TAKE_PTR(output);
	return status;
}

int process_start(struct sys *sys, char *const argv[])
{
	pid_t pid;
	int r = start(argv, NULL, -1, true, &pid);

	for (int i = 0; r == 0 && i < START_ROUNDS; i++) {
		int status;

		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		sys->sleep_ms(sys, START_ROUND_MS);
	}
	return r;
}

void process_shield(struct sys *sys)
{
	static const int signals[] = { SIGHUP,	SIGINT,	 SIGQUIT, SIGTERM, SIGPIPE,
				       SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_IGN);
	(void)!chdir("/");
}
