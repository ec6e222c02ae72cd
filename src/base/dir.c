// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/dir.h"
#include "base/io.h"

/* Limit on the entries of a directory: the largest ones read here are /lib/modules and
 * /sys/bus/pci/devices. */
enum { NAMES_MAX = 65536 };

int exists_in(int root, const char *path)
{
	_cleanup_close_ int fd = open_in(root, path, O_PATH);

	if (fd == -ENOENT)
		return 0;
	return fd < 0 ? fd : 1;
}

int readlink_in(int root, const char *path, char **ret)
{
	_cleanup_close_ int fd = open_in(root, path, O_PATH | O_NOFOLLOW);
	char target[PATH_MAX];
	ssize_t n;
	char *copy;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", target, sizeof(target));
	/* readlinkat(2) with "" gives ENOENT when the descriptor is not of a symbolic link */
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	copy = strndup(target, (size_t)n);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct names){ 0 };
}

static int names_add(struct names *names, size_t *room, const char *name)
{
	if (names->n >= NAMES_MAX)
		return -EFBIG;
	if (array_room(&names->v, names->n, room, sizeof(*names->v)) < 0)
		return -ENOMEM;
	names->v[names->n] = strdup(name);
	if (!names->v[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(DIR *dir, struct names *names)
{
	const struct dirent *d;
	size_t room = 0;

	for (;;) {
		int r;

		errno = 0; /* readdir(3) returns NULL both at the end and on failure */
		d = readdir(dir);
		if (!d)
			break;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		r = names_add(names, &room, d->d_name);
		if (r < 0)
			return r;
	}
	return -errno;
}

int list_in(int root, const char *path, struct names *ret)
{
	_cleanup_names_ struct names names = { 0 };
	int fd = open_in(root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir;
	int r;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	r = read_names(dir, &names);
	(void)closedir(dir);
	if (r < 0)
		return r;
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_bytes);
	*ret = TAKE(names, (struct names){ 0 });
	return 0;
}
