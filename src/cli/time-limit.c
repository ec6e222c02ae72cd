// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/time-limit.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	sem_t has_begun;
	struct timespec end;
	int status;
	char sentence[TIME_LIMIT_SENTENCE_MAX], answer[TIME_LIMIT_SENTENCE_MAX];
} limit;

/* A thread, since a signal with a handler does not end a wait for a file system that does not
 * answer; the end of the process does. */
static void *watch(void *data)
{
	(void)sem_post(&limit.has_begun);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &limit.end, NULL) == EINTR)
		;
	(void)!write(STDERR_FILENO, limit.sentence, strlen(limit.sentence));
	(void)!write(STDOUT_FILENO, limit.answer, strlen(limit.answer));
	_exit(limit.status);
}

/* Signals are for the thread that works. It goes on when this one is at its wait: a process that is forked while a
 * thread is being made has a copy of whatever lock that held, and AddressSanitizer's stay locked for ever. */
static int start_watch(const pthread_attr_t *attributes)
{
	pthread_t thread;
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	r = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r)
		return -r;
	r = pthread_create(&thread, attributes, watch, NULL);
	while (r == 0 && sem_wait(&limit.has_begun) < 0 && errno == EINTR)
		;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

int time_limit_start(unsigned seconds, const char *sentence, const char *answer, int status)
{
	pthread_attr_t attributes;
	int r;

	if (sem_init(&limit.has_begun, 0, 0) < 0 || clock_gettime(CLOCK_MONOTONIC, &limit.end) < 0)
		return -errno;
	limit.end.tv_sec += seconds;
	limit.status = status;
	(void)snprintf(limit.sentence, sizeof(limit.sentence), "%s\n", sentence);
	(void)snprintf(limit.answer, sizeof(limit.answer), "%s", answer);
	r = pthread_attr_init(&attributes);
	if (r)
		return -r;
	r = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	r = r ? -r : start_watch(&attributes);
	(void)pthread_attr_destroy(&attributes);
	return r;
}
