/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sys/sys.h"

/*
 * Runs the program at the path argv[0] to its end, with a clean environment and @setting
 * ("NAME=VALUE" or NULL) in it. Its output goes where ours goes, or into @ret_output (to be released
 * with free(3)) when that is not NULL. Returns its exit status, 128 + the signal that ended it, or a
 * negative errno when it could not be started.
 *
 * Not a part of struct sys, since a library starts no programs. Tests link another implementation.
 */
int process_run(struct sys *sys, char *const argv[], const char *setting, char **ret_output);

/* The same, but what it prints, to either stream, goes to @ret_output (released with free(3)) also when it fails, and
 * nobody sees it: for programs that have a lot to say about what they did. What it leaves running may keep its output
 * open. */
int process_run_quiet(struct sys *sys, char *const argv[], const char *setting, char **ret_output);

/* Starts the program in a session of its own, without a terminal and without waiting for its end.
 * 0, or its exit status when it ends within the first half second, which means that it failed. */
int process_start(struct sys *sys, char *const argv[]);

/* Detaches this process: it survives the end of its terminal and of its parents, and keeps no
 * directory busy. Outside of struct sys for the same reason. */
void process_shield(struct sys *sys);

/*
 * The same with a limit: after @timeout_ms the program and what it has started get SIGTERM, after five
 * more seconds SIGKILL, and the answer is -ETIMEDOUT. It reads nothing and prints to standard error.
 * A @timeout_ms of 0 is no limit.
 */
int process_run_limited(struct sys *sys, const char *const argv[], const char *setting,
			unsigned timeout_ms);

/*
 * The same for a program that is given secrets: it reads @input, at most PROCESS_INPUTS descriptors, as its
 * 0, 3, 4, …; what it prints, to either stream, is in @ret_output (released with free(3)), also when it failed.
 */
enum { PROCESS_INPUTS = 2 };
int process_run_fed(struct sys *sys, const char *const argv[], const int *input, size_t n_input,
		    unsigned timeout_ms, char **ret_output);
