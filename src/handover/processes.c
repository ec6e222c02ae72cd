// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ends all processes by signals; which ones are there is read from proc_pid_stat(5). */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "handover/processes.h"
#include "record/boot.h"

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000u

enum {
	STATUS_MAX = 65536,
	ROUND_MS = 50,
	GRACE_ROUNDS = 200, /* 10 s for SIGTERM handlers */
	/* 5 s after SIGKILL: only processes that wait for a device need longer than a moment */
	KILL_ROUNDS = 100,
	ROUNDS_A_KILL = 10, /* SIGKILL is repeated, for processes that were forked meanwhile */
};

/* "PID (NAME) STATE PPID PGRP SESSION TTY TPGID FLAGS …", where NAME may hold anything. */
static bool is_ours_to_stop(const char *stat)
{
	const char *p = strrchr(stat, ')');
	unsigned flags;
	char state;

	if (!p || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return false;
	return state != 'Z' && state != 'X' && !(flags & PF_KTHREAD);
}

/* "Uid: REAL EFFECTIVE SAVED FILE" of proc_pid_status(5): all of them root's. */
static bool is_of_root(int root, const char *pid)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	char path[64];
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	if (read_file_in(root, path, STATUS_MAX, &text, &n) < 0)
		return false;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next(&lines, &line)) {
		if (!bytes_is(bytes_word(&line), "Uid:"))
			continue;
		for (int i = 0; i < 4; i++)
			if (!bytes_is(bytes_word(&line), "0"))
				return false;
		return true;
	}
	return false;
}

/* argv[0] that begins with "@" marks a daemon that a file system depends on. Any user can name a
 * program so; only the marks of root's processes count. */
static bool keeps_root(int root, const char *pid)
{
	_cleanup_free_ char *name = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	return read_line_in(root, path, &name) == 0 && name[0] == '@' && is_of_root(root, pid);
}

static bool is_running(int root, const char *pid)
{
	_cleanup_free_ char *stat = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	return read_line_in(root, path, &stat) == 0 && is_ours_to_stop(stat) &&
	       !keeps_root(root, pid);
}

/* Sends @signal to all, 0 for none; returns how many there are. */
static int signal_all(struct sys *sys, int root, int signal, struct kx_error *err)
{
	_cleanup_names_ struct names names = { 0 };
	int n = 0, r = list_in(root, "/proc", &names);

	if (r < 0)
		return kx_fail(err, r, "/proc: cannot be read: %s; is it mounted?", strerror(-r));
	for (size_t i = 0; i < names.n; i++) {
		uint64_t pid;

		if (parse_u64(names.v[i], &pid) < 0 || pid <= 1 || pid > INT32_MAX ||
		    pid == (uint64_t)getpid() || !is_running(root, names.v[i]))
			continue;
		n++;
		if (signal)
			(void)sys->signal(sys, (int)pid, signal);
	}
	return n;
}

static int wait_for_end(struct sys *sys, int root, int rounds, int signal, struct kx_error *err)
{
	int n = signal_all(sys, root, signal, err);

	for (int i = 1; n > 0 && i <= rounds; i++) {
		sys->sleep_ms(sys, ROUND_MS);
		n = signal_all(sys, root, signal && i % ROUNDS_A_KILL == 0 ? signal : 0, err);
	}
	return n;
}

int processes_stop(struct sys *sys, const struct teller *t, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	int n = signal_all(sys, root, SIGTERM, err);

	/* SIGCONT: a stopped process does not handle SIGTERM */
	if (n > 0)
		n = signal_all(sys, root, SIGCONT, err);
	if (n > 0)
		n = wait_for_end(sys, root, GRACE_ROUNDS, 0, err);
	if (n > 0)
		n = wait_for_end(sys, root, KILL_ROUNDS, SIGKILL, err);
	if (n > 0)
		teller_say(t, "%d process%s not end, not even when killed", n,
			   n == 1 ? " does" : "es do");
	return n;
}
