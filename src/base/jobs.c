// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/jobs.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Limit on threads: each job holds what it unpacks, so that more would only compete for memory. */
enum { THREADS_MAX = 8 };

struct jobs {
	void (*job)(void *data, size_t i);
	void *data;
	size_t n;
	atomic_size_t next;
};

unsigned jobs_processors(void)
{
	cpu_set_t set;
	int n = 0;

	/* sched_getaffinity(2) fails with EINVAL on a machine with more processors than cpu_set_t
	 * has bits */
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return THREADS_MAX;
	n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}

static void *work(void *data)
{
	struct jobs *jobs = data;

	for (;;) {
		const size_t i = atomic_fetch_add(&jobs->next, 1);

		if (i >= jobs->n)
			return NULL;
		jobs->job(jobs->data, i);
	}
}

static size_t start(struct jobs *jobs, size_t n, pthread_t *threads)
{
	sigset_t all, before;
	size_t i;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return 0;
	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, jobs) != 0)
			break;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return i;
}

void jobs_run(size_t n, void (*job)(void *data, size_t i), void *data)
{
	struct jobs jobs = { .job = job, .data = data, .n = n };
	pthread_t threads[THREADS_MAX];
	size_t n_threads = jobs_processors();

	if (n_threads > THREADS_MAX)
		n_threads = THREADS_MAX;
	if (n_threads > n)
		n_threads = n;
	/* the calling thread takes jobs, too */
	n_threads = n_threads > 1 ? start(&jobs, n_threads - 1, threads) : 0;
	(void)work(&jobs);
	for (size_t i = 0; i < n_threads; i++)
		(void)pthread_join(threads[i], NULL);
}
