// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/mapped.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* A kernel, its initial ramdisks (256 at most) and modules. */
enum { MAPPED_MAX = 1024 };

/* Read by a signal handler in any thread: @end is written last and cleared first. */
static struct {
	atomic_uintptr_t start, end; /* end 0: free */
	atomic_bool is_torn;
} maps[MAPPED_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of adding and removing */
static size_t n_maps;
static struct sigaction before;

/* mmap(2) is a plain system call here: it is safe in a handler, as in systemd's journal and in glibc's own
 * stack guards. */
static bool give_zeros(uintptr_t at)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < MAPPED_MAX; i++) {
		uintptr_t end = atomic_load(&maps[i].end), start = atomic_load(&maps[i].start);

		if (!end || at < start || at >= end)
			continue;
		atomic_store(&maps[i].is_torn, true);
		return mmap((void *)(at & ~(page - 1)), page, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
	}
	return false;
}

static void on_sigbus(int signal, siginfo_t *info, void *context)
{
	int saved = errno;

	/* another's: the same access again does what it did before us */
	if (info->si_code != BUS_ADRERR || !give_zeros((uintptr_t)info->si_addr))
		(void)sigaction(SIGBUS, &before, NULL);
	errno = saved;
}

static int watch(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };

	return n_maps == 0 && sigaction(SIGBUS, &action, &before) < 0 ? -errno : 0;
}

int mapped_add(const void *p, size_t n)
{
	int r = -EMFILE;

	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < MAPPED_MAX; i++) {
		if (atomic_load(&maps[i].end))
			continue;
		r = watch();
		if (r < 0)
			break;
		n_maps++;
		atomic_store(&maps[i].is_torn, false);
		atomic_store(&maps[i].start, (uintptr_t)p);
		atomic_store(&maps[i].end, (uintptr_t)p + n);
		break;
	}
	(void)pthread_mutex_unlock(&lock);
	return r;
}

static size_t find(const void *p)
{
	size_t i = 0;

	while (i < MAPPED_MAX &&
	       (!atomic_load(&maps[i].end) || atomic_load(&maps[i].start) != (uintptr_t)p))
		i++;
	return i;
}

void mapped_remove(const void *p)
{
	size_t i;

	(void)pthread_mutex_lock(&lock);
	i = find(p);
	if (i < MAPPED_MAX) {
		atomic_store(&maps[i].end, 0);
		if (--n_maps == 0)
			(void)sigaction(SIGBUS, &before, NULL);
	}
	(void)pthread_mutex_unlock(&lock);
}

bool mapped_is_torn(const void *p)
{
	size_t i = find(p);

	return i < MAPPED_MAX && atomic_load(&maps[i].is_torn);
}
