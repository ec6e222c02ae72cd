// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs other programs, and detaches this process from its terminal. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "sys/process.h"

/* Limit on output that is read: more than `systemctl list-jobs` prints while everything stops at
 * once. */
enum { OUTPUT_MAX = 1 << 20 };
/* From SIGTERM to SIGKILL. */
enum { GRACE_MS = 5000 };

enum { START_ROUNDS = 10, START_ROUND_MS = 50 };

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What a program shares with this process. */
enum standing {
	STANDS_WITH_US, /* as a child of a shell: session, terminal, standard streams */
	STANDS_ALONE,	/* a session of its own, no terminal, nothing to read from or to write to */
	STANDS_LIMITED, /* reads nothing, prints to standard error; a process group of its own, so that
			 * what a script has started can be ended with it */
};

/* Descriptors of a program, besides what its standing gives. */
struct files {
	int output;	  /* its standard output, -1: as its standing says */
	bool errors;	  /* standard error goes there, too */
	const int *input; /* its 0, 3, 4, … */
	size_t n_input;
};

static int set_streams(posix_spawn_file_actions_t *actions, enum standing standing,
		       const struct files *files)
{
	int r = files->output < 0
			? 0
			: posix_spawn_file_actions_adddup2(actions, files->output, STDOUT_FILENO);
	const int last = standing == STANDS_ALONE ? STDERR_FILENO : STDIN_FILENO;

	if (!r && files->errors)
		r = posix_spawn_file_actions_adddup2(actions, files->output, STDERR_FILENO);
	if (standing == STANDS_WITH_US)
		return r;
	for (int fd = STDIN_FILENO; !r && fd <= last; fd++)
		r = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	return r;
}

static int set_files(posix_spawn_file_actions_t *actions, enum standing standing,
		     const struct files *files)
{
	int r = set_streams(actions, standing, files);

	for (size_t i = 0; !r && i < files->n_input; i++)
		r = posix_spawn_file_actions_adddup2(actions, files->input[i],
						     i ? STDERR_FILENO + (int)i : STDIN_FILENO);
	return r;
}

static int spawn(const char *const argv[], char *const env[], enum standing standing,
		 const struct files *open_files, pid_t *ret_pid)
{
	static const short flags[] = {
		[STANDS_WITH_US] = POSIX_SPAWN_SETSIGMASK,
		[STANDS_ALONE] = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID,
		[STANDS_LIMITED] = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP,
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -r;
	}
	r = set_files(&actions, standing, open_files);
	if (!r)
		r = posix_spawnattr_setflags(&attributes, flags[standing]);
	/* what this process holds back (sys/interrupts.h) is for the program to obey */
	(void)sigemptyset(&none);
	if (!r)
		r = posix_spawnattr_setsigmask(&attributes, &none);
	if (!r) /* posix_spawn(3) does not change its arguments */
		r = posix_spawn(ret_pid, argv[0], &actions, &attributes,
				(char *const *)(uintptr_t)argv, env);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int start(const char *const argv[], const char *setting, enum standing standing,
		 const struct files *files, pid_t *ret_pid)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	_cleanup_free_ char *extra = setting ? strdup(setting) : NULL;
	char *const env[] = { path, locale, extra, NULL };

	return setting && !extra ? -ENOMEM : spawn(argv, env, standing, files, ret_pid);
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
	r = start((const char *const *)argv, setting, STANDS_WITH_US,
		  &(struct files){ .output = to }, &pid);
	if (r < 0)
		return r;
	to = fd_close(to);
	if (ret_output)
		r = output_take(from, &output);
	/* closed before waiting, so that a program that prints too much ends by SIGPIPE instead of
	 * blocking */
	from = fd_close(from);
	status = wait_for(pid);
	if (r < 0)
		return r;
	if (ret_output && status >= 0)
		*ret_output = TAKE_PTR(output);
	return status;
}

/* What was written to the file behind @fd. */
static int output_reread(int fd, char **ret)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : output_take(fd, ret);
}

int process_run_quiet(struct sys *sys, char *const argv[], const char *setting, char **ret_output)
{
	_cleanup_close_ int output = memfd_create("output", MFD_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	pid_t pid;
	int r, status;

	if (output < 0)
		return -errno;
	r = start((const char *const *)argv, setting, STANDS_WITH_US,
		  &(struct files){ .output = output, .errors = true }, &pid);
	if (r < 0)
		return r;
	status = wait_for(pid);
	/* the status counts more than what was said */
	if (status >= 0 && output_reread(output, &text) == 0)
		*ret_output = TAKE_PTR(text);
	return status;
}

int process_start(struct sys *sys, char *const argv[])
{
	pid_t pid;
	int r = start((const char *const *)argv, NULL, STANDS_ALONE,
		      &(struct files){ .output = -1 }, &pid);

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

/* Has the program ended within that time? */
static bool ended_within(int pidfd, unsigned ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, (int)ms) > 0;
}

static int run_limited(const char *const argv[], const char *setting, const struct files *files,
		       unsigned timeout_ms)
{
	_cleanup_close_ int pidfd = -1;
	pid_t pid;
	int r = start(argv, setting, STANDS_LIMITED, files, &pid);

	if (r < 0)
		return r;
	/* without it (Linux before 5.3) there is no limit */
	pidfd = timeout_ms ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (pidfd < 0 || ended_within(pidfd, timeout_ms))
		return wait_for(pid);
	(void)kill(-pid, SIGTERM);
	if (!ended_within(pidfd, GRACE_MS))
		(void)kill(-pid, SIGKILL);
	r = wait_for(pid);
	/* processes that the program has started and left running */
	(void)kill(-pid, SIGKILL);
	return r < 0 ? r : -ETIMEDOUT;
}

int process_run_limited(struct sys *sys, const char *const argv[], const char *setting,
			unsigned timeout_ms)
{
	return run_limited(argv, setting, &(struct files){ .output = STDERR_FILENO }, timeout_ms);
}

int process_run_fed(struct sys *sys, const char *const argv[], const int *input, size_t n_input,
		    unsigned timeout_ms, char **ret_output)
{
	_cleanup_close_ int output = memfd_create("output", MFD_CLOEXEC);
	const struct files files = { output, true, input, n_input };
	_cleanup_free_ char *text = NULL;
	int r, status;

	if (output < 0)
		return -errno;
	status = run_limited(argv, NULL, &files, timeout_ms);
	if (status < 0)
		return status;
	r = output_reread(output, &text);
	if (r < 0)
		return r;
	*ret_output = TAKE_PTR(text);
	return status;
}
