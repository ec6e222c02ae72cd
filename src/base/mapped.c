// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A kernel, its initial ramdisks (256 at most) and modules. */
enum { MAPPED_MAX = 1024, NAME_ROOM = 256 };

/* Addresses are read by a signal handler in any thread: @end is written last and cleared first. */
static struct mapped {
	atomic_uintptr_t start, end; /* end 0: free */
	atomic_bool is_torn;
	bool is_told;
	int fd;
	struct stat before;
} maps[MAPPED_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all but what the handler reads */
static atomic_size_t n_places;				 /* in use or used before */
static uint64_t n_changes;
static char changed_name[NAME_ROOM];

static bool has_changed(const struct mapped *m)
{
	struct stat now;

	/* not ctime: replacing the file by a new one changes that of the old one */
	if (m->fd < 0)
		return false;
	return atomic_load(&m->is_torn) || fstat(m->fd, &now) < 0 ||
	       now.st_size != m->before.st_size || now.st_mtim.tv_sec != m->before.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != m->before.st_mtim.tv_nsec;
}

static void look(struct mapped *m)
{
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	ssize_t n;

	if (m->is_told || !has_changed(m))
		return;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", m->fd);
	n = readlink(link, changed_name, sizeof(changed_name) - 1);
	changed_name[n > 0 ? n : 0] = '\0';
	m->is_told = true;
	n_changes++;
}

static struct mapped *find(uintptr_t start)
{
	const size_t n = atomic_load(&n_places);

	for (size_t i = 0; i < n; i++)
		if (atomic_load(&maps[i].end) && atomic_load(&maps[i].start) == start)
			return &maps[i];
	return NULL;
}

static struct mapped *find_free(void)
{
	const size_t n = atomic_load(&n_places);

	for (size_t i = 0; i < n; i++)
		if (!atomic_load(&maps[i].end))
			return &maps[i];
	if (n == MAPPED_MAX)
		return NULL;
	atomic_store(&n_places, n + 1);
	return &maps[n];
}

/* @fd -1: somebody else looks at the file. */
static int add(uintptr_t start, size_t n, int fd)
{
	struct mapped *m = find_free();
	struct stat st = { 0 };
	int copy = -1;

	if (!m)
		return -EMFILE;
	if (fd >= 0)
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0 && (copy < 0 || fstat(copy, &st) < 0)) {
		fd_close(copy);
		return -EMFILE;
	}
	m->fd = copy;
	m->before = st;
	m->is_told = false;
	atomic_store(&m->is_torn, false);
	atomic_store(&m->start, start);
	atomic_store(&m->end, start + n);
	return 0;
}

int mapped_add(const void *p, size_t n, int fd)
{
	int r;

	(void)pthread_mutex_lock(&lock);
	r = add((uintptr_t)p, n, fd);
	(void)pthread_mutex_unlock(&lock);
	return r;
}

int mapped_add_handed(const void *p, size_t n)
{
	return mapped_add(p, n, -1);
}

void mapped_after_fork(void)
{
	(void)pthread_mutex_init(&lock, NULL);
}

void mapped_remove(const void *p)
{
	struct mapped *m;

	(void)pthread_mutex_lock(&lock);
	m = find((uintptr_t)p);
	if (m) {
		look(m);
		atomic_store(&m->end, 0);
		fd_close(m->fd);
	}
	(void)pthread_mutex_unlock(&lock);
}

uint64_t mapped_changes(void)
{
	uint64_t n;

	(void)pthread_mutex_lock(&lock);
	n = n_changes;
	(void)pthread_mutex_unlock(&lock);
	return n;
}

int mapped_check(uint64_t before, struct kx_error *err)
{
	int r = 0;

	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < atomic_load(&n_places); i++)
		if (atomic_load(&maps[i].end))
			look(&maps[i]);
	if (n_changes != before)
		r = kx_fail(err, -ESTALE,
			    "%s was changed while it was read: wait until whatever writes it is "
			    "finished, and try again",
			    changed_name[0] ? changed_name : "a file");
	(void)pthread_mutex_unlock(&lock);
	return r;
}

/* mmap(2) is a plain system call here: it is safe in a handler, as in systemd's journal. */
bool mapped_give_zeros(const void *at)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), here = (uintptr_t)at;
	const size_t n = atomic_load(&n_places);

	for (size_t i = 0; i < n; i++) {
		const uintptr_t end = atomic_load(&maps[i].end);

		if (!end || here < atomic_load(&maps[i].start) || here >= end)
			continue;
		atomic_store(&maps[i].is_torn, true);
		return mmap((void *)(here & ~(page - 1)), page, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
	}
	return false;
}
