// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/place.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/open.h"

/* Few partitions, and files in memory of boot entries. */
enum { PLACES_MAX = 256 };

static struct place {
	char *dir; /* NULL: free */
	int fd;
	unsigned n_owners;
	bool has_root, is_file;
	dev_t root_dev;
	ino_t root_ino;
} places[PLACES_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint n_used; /* so that nobody waits for the lock while there is no place */

static struct place *find_named(const char *dir)
{
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (places[i].dir && strcmp(places[i].dir, dir) == 0)
			return &places[i];
	return NULL;
}

static struct place *find_free(void)
{
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (!places[i].dir)
			return &places[i];
	return NULL;
}

static int fill(struct place *p, int root, const char *dir, int fd)
{
	struct stat st = { 0 }, file;
	struct place new = { .n_owners = 1, .has_root = root != ROOT_HERE };

	if (new.has_root && fstat(root, &st) < 0)
		return -errno;
	new.root_dev = st.st_dev;
	new.root_ino = st.st_ino;
	if (fstat(fd, &file) < 0)
		return -errno;
	new.is_file = !S_ISDIR(file.st_mode);
	new.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (new.fd < 0)
		return -errno;
	new.dir = strdup(dir);
	if (!new.dir) {
		fd_close(new.fd);
		return -ENOMEM;
	}
	*p = new;
	atomic_fetch_add(&n_used, 1);
	return 0;
}

int place_add(int root, const char *dir, int fd)
{
	struct place *p;
	int r = 0;

	(void)pthread_mutex_lock(&lock);
	p = find_named(dir);
	if (p) {
		p->n_owners++;
	} else {
		p = find_free();
		r = p ? fill(p, root, dir, fd) : -ENOSPC;
	}
	(void)pthread_mutex_unlock(&lock);
	return r;
}

void place_remove(const char *dir)
{
	struct place *p;

	(void)pthread_mutex_lock(&lock);
	p = find_named(dir);
	if (p && --p->n_owners == 0) {
		fd_close(p->fd);
		free(p->dir);
		*p = (struct place){ 0 };
		atomic_fetch_sub(&n_used, 1);
	}
	(void)pthread_mutex_unlock(&lock);
}

static bool is_of_root(const struct place *p, int root)
{
	struct stat st;

	if (root == ROOT_HERE)
		return true;
	return p->has_root && fstat(root, &st) == 0 && st.st_dev == p->root_dev &&
	       st.st_ino == p->root_ino;
}

int place_open(int root, const char *path, const char **ret_rest)
{
	int fd = -1;

	if (atomic_load(&n_used) == 0)
		return -1;
	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < PLACES_MAX && fd < 0; i++) {
		const struct place *p = &places[i];
		size_t n = p->dir ? strlen(p->dir) : 0;

		if (n == 0 || strncmp(path, p->dir, n) != 0 || (path[n] != '/' && path[n]) ||
		    !is_of_root(p, root))
			continue;
		fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
		*ret_rest = path[n] ? path + n : p->is_file ? "" : "/";
	}
	(void)pthread_mutex_unlock(&lock);
	return fd;
}
