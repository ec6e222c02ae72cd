// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"

/* openat2(2) knows RESOLVE_IN_ROOT; mkdirat(2), renameat(2) and the others do not: so the parent
 * is opened first, and they get the last component only. */
static int parent_open(int root, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	int fd;

	if (!slash || !slash[1])
		return -EINVAL;
	if ((size_t)(slash - path) >= sizeof(parent))
		return -ENAMETOOLONG;
	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	fd = open_in(root, parent[0] ? parent : "/", O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		*ret_name = slash + 1;
	return fd;
}

int directory_make_in(int root, const char *path, unsigned mode)
{
	const char *name;
	_cleanup_close_ int parent = parent_open(root, path, &name);

	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, mode) == 0 || errno == EEXIST)
		return 0;
	return -errno;
}

static int fill(int fd, const void *buf, size_t n, bool durable)
{
	int r = write_all(fd, buf, n);

	if (r == 0 && durable && fsync(fd) < 0)
		r = -errno;
	return r;
}

int file_replace_in(int root, const char *path, unsigned mode, const void *buf, size_t n,
		    bool durable)
{
	const char *name;
	_cleanup_close_ int parent = parent_open(root, path, &name);
	_cleanup_close_ int fd = -1;
	char beside[NAME_MAX + 1];
	int r;

	if (parent < 0)
		return parent;
	/* one name per writer: two of them never write to the same file */
	if (snprintf(beside, sizeof(beside), ".%s.%d.new", name, (int)gettid()) >=
	    (int)sizeof(beside))
		return -ENAMETOOLONG;
	/* left over from a writer with that number, which was killed */
	(void)unlinkat(parent, beside, 0);
	fd = openat(parent, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = fill(fd, buf, n, durable);
	if (r == 0 && renameat(parent, beside, parent, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(parent, beside, 0);
	else if (durable && fsync(parent) < 0)
		r = -errno;
	return r;
}

int lock_file_in(int root, const char *path)
{
	const char *name;
	_cleanup_close_ int parent = parent_open(root, path, &name);
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (parent < 0)
		return parent;
	fd = openat(parent, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		    0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return -EPERM;
	return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : TAKE_FD(fd);
}

int file_write_in(int root, const char *path, const char *text)
{
	_cleanup_close_ int fd = open_in(root, path, O_WRONLY | O_TRUNC);

	return fd < 0 ? fd : write_all(fd, text, strlen(text));
}

int file_remove_in(int root, const char *path)
{
	const char *name;
	_cleanup_close_ int parent = parent_open(root, path, &name);

	if (parent == -ENOENT)
		return 0;
	if (parent < 0)
		return parent;
	return unlinkat(parent, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
}

int link_make_in(int root, const char *target, const char *path)
{
	const char *name;
	_cleanup_close_ int parent = parent_open(root, path, &name);

	if (parent < 0)
		return parent;
	return symlinkat(target, parent, name) < 0 ? -errno : 0;
}

int link_read_in(int root, const char *path, char **ret)
{
	const char *name;
	_cleanup_close_ int parent = parent_open(root, path, &name);
	char target[PATH_MAX];
	ssize_t n;
	char *copy;

	if (parent < 0)
		return parent;
	n = readlinkat(parent, name, target, sizeof(target));
	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	copy = strndup(target, (size_t)n);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

int path_beside_self_in(int root, const char *name, char **ret)
{
	_cleanup_free_ char *self = NULL;
	const char *end;
	char *path;
	int r = link_read_in(root, "/proc/self/exe", &self);

	if (r < 0)
		return r;
	end = strrchr(self, '/');
	if (!end)
		return -ENOENT;
	if (asprintf(&path, "%.*s/%s", (int)(end - self), self, name) < 0)
		return -ENOMEM;
	*ret = path;
	return 0;
}

static mode_t mode_in(int root, const char *path)
{
	_cleanup_close_ int fd = open_in(root, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_mode : 0;
}

bool is_there_in(int root, const char *path)
{
	return mode_in(root, path) != 0;
}

bool is_directory_in(int root, const char *path)
{
	return S_ISDIR(mode_in(root, path));
}

bool is_program_in(int root, const char *path)
{
	mode_t mode = mode_in(root, path);

	return S_ISREG(mode) && (mode & 0111);
}
