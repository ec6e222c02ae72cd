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
	bool is_file;
	dev_t root_dev; /* of the system that has it */
	ino_t root_ino;
} places[PLACES_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint n_used; /* so that nobody waits for the lock while there is no place */

static int identify(int root, struct stat *ret)
{
	return (root == ROOT_HERE ? stat("/", ret) : fstat(root, ret)) < 0 ? -errno : 0;
}

static bool is_of(const struct place *p, const struct stat *root)
{
	return p->root_dev == root->st_dev && p->root_ino == root->st_ino;
}

static struct place *find_named(const char *dir, const struct stat *root)
{
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (places[i].dir && strcmp(places[i].dir, dir) == 0 && is_of(&places[i], root))
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

/* Takes @fd over when it succeeds. */
static int fill(struct place *p, const struct stat *root, const char *dir, int fd)
{
	struct place new = {
		.fd = fd,
		.n_owners = 1,
		.root_dev = root->st_dev,
		.root_ino = root->st_ino,
		.dir = strdup(dir),
	};

	if (!new.dir)
		return -ENOMEM;
	*p = new;
	atomic_fetch_add(&n_used, 1);
	return 0;
}

int place_add(int root, const char *dir, int fd)
{
	_cleanup_close_ int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct stat system, file;
	struct place *p;
	int r = identify(root, &system);

	if (r < 0)
		return r;
	if (copy < 0 || fstat(copy, &file) < 0)
		return -errno;
	(void)pthread_mutex_lock(&lock);
	p = find_named(dir, &system);
	if (p) {
		fd_close(p->fd);
		p->fd = copy;
		p->n_owners++;
	} else {
		p = find_free();
		r = p ? fill(p, &system, dir, copy) : -ENOSPC;
	}
	if (r == 0) {
		p->is_file = !S_ISDIR(file.st_mode);
		copy = -1;
	}
	(void)pthread_mutex_unlock(&lock);
	return r;
}

void place_remove(int root, const char *dir)
{
	struct stat system;
	struct place *p;

	if (identify(root, &system) < 0)
		return;
	(void)pthread_mutex_lock(&lock);
	p = find_named(dir, &system);
	if (p && --p->n_owners == 0) {
		fd_close(p->fd);
		free(p->dir);
		*p = (struct place){ 0 };
		atomic_fetch_sub(&n_used, 1);
	}
	(void)pthread_mutex_unlock(&lock);
}

/* The rest of @path behind the name of @p, or NULL. */
static const char *rest_of(const struct place *p, const char *path)
{
	const size_t n = p->dir ? strlen(p->dir) : 0;

	if (n == 0 || strncmp(path, p->dir, n) != 0 || (path[n] != '/' && path[n]))
		return NULL;
	return path[n] ? path + n : p->is_file ? "" : "/";
}

/* The place of that system; for the running one, else any other that has the name. */
static const struct place *find_holding(int root, const char *path)
{
	const struct place *found = NULL;
	struct stat system;

	if (identify(root, &system) < 0)
		return NULL;
	for (size_t i = 0; i < PLACES_MAX; i++) {
		if (!rest_of(&places[i], path))
			continue;
		if (is_of(&places[i], &system))
			return &places[i];
		if (root == ROOT_HERE && !found)
			found = &places[i];
	}
	return found;
}

int place_open(int root, const char *path, const char **ret_rest)
{
	const struct place *p;
	int fd = -1;

	if (atomic_load(&n_used) == 0)
		return -1;
	(void)pthread_mutex_lock(&lock);
	p = find_holding(root, path);
	if (p) {
		fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
		*ret_rest = rest_of(p, path);
	}
	(void)pthread_mutex_unlock(&lock);
	return fd;
}
