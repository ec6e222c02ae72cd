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

#include "base/dir.h"
#include "base/file.h"
#include "base/io.h"

/* Limit on temporary names that are tried: one for each writer that works at the same time, or that
 * was killed and left its file behind. */
enum { NAMES_MAX = 256 };

/* Only openat2(2) has RESOLVE_IN_ROOT; mkdirat(2), renameat(2) and the others do not. So the parent
 * directory is opened with openat2(2), and they are given the last component only. */
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

/* From the end: the directories on the way are there nearly always. */
int directories_make_in(int root, const char *path, unsigned mode)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = NULL;
	int r = directory_make_in(root, path, mode);

	if (r != -ENOENT || !slash || slash == path)
		return r;
	parent = strndup(path, (size_t)(slash - path));
	if (!parent)
		return -ENOMEM;
	r = directories_make_in(root, parent, 0755);
	return r < 0 ? r : directory_make_in(root, path, mode);
}

static int fill(int fd, const void *buf, size_t n, bool durable)
{
	int r = write_all(fd, buf, n);

	if (r == 0 && durable && fsync(fd) < 0)
		r = -errno;
	return r;
}

/* ".NAME.N.new": the temporary name of a file that will be renamed to NAME. Its writer holds its
 * lock until it is renamed. */
static int name_beside(char ret[NAME_MAX + 1], const char *name, unsigned n)
{
	return snprintf(ret, NAME_MAX + 1, ".%s.%u.new", name, n) > NAME_MAX ? -ENAMETOOLONG : 0;
}

static bool is_beside(const char *entry, const char *name)
{
	size_t n = strlen(name), all = strlen(entry);

	return all > n + 6 && entry[0] == '.' && strncmp(entry + 1, name, n) == 0 &&
	       entry[n + 1] == '.' && strcmp(entry + all - 4, ".new") == 0;
}

/* Removes a temporary file of a writer that was killed: nobody holds its lock. If the file has lost
 * its name while we waited for the lock, another process has removed it, and the name may belong to
 * a new file by now. */
static void remove_leftover(int parent, const char *entry)
{
	_cleanup_close_ int fd =
		openat(parent, entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_nlink == 1)
		(void)unlinkat(parent, entry, 0);
}

static void remove_leftovers(int parent, const char *name)
{
	_cleanup_names_ struct names names = { 0 };

	if (list_in(parent, "/", &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++)
		if (is_beside(names.v[i], name))
			remove_leftover(parent, names.v[i]);
}

/* For file systems without O_TMPFILE: creates a file under a temporary name that did not exist. */
static int named_file(int parent, const char *name, unsigned mode, char ret_beside[NAME_MAX + 1])
{
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		int fd, r = name_beside(ret_beside, name, i);

		if (r < 0)
			return r;
		fd = openat(parent, ret_beside,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		/* another writer took it for a left-over file before we had the lock, and removed
		 * its name */
		if (fd >= 0)
			(void)fd_close(fd);
		else if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Links an O_TMPFILE file to a temporary name in the directory of its final name. */
static int give_name(int parent, int fd, const char *name, char ret_beside[NAME_MAX + 1])
{
	char self[64];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		int r = name_beside(ret_beside, name, i);

		if (r < 0)
			return r;
		if (linkat(AT_FDCWD, self, parent, ret_beside, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Writes the whole file under a temporary name beside its own. On success we hold its lock, so
 * nobody else writes to it. */
static int write_beside(int parent, const char *name, unsigned mode, const struct piece *all,
			bool durable, char ret_beside[NAME_MAX + 1], int *ret_fd)
{
	_cleanup_close_ int fd = openat(parent, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	bool nameless = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
	int r;

	if (!nameless) {
		fd = fd_close(fd);
		fd = named_file(parent, name, mode, ret_beside);
		if (fd < 0)
			return fd;
	}
	r = fill(fd, all->p, all->n, durable);
	if (r == 0 && nameless)
		r = give_name(parent, fd, name, ret_beside);
	/* linkat(2) of an O_TMPFILE file goes through /proc/self/fd: without /proc a temporary name
	 * is used */
	if ((r == -ENOENT || r == -ENOTDIR) && nameless) {
		fd = fd_close(fd);
		fd = named_file(parent, name, mode, ret_beside);
		if (fd < 0)
			return fd;
		nameless = false;
		r = fill(fd, all->p, all->n, durable);
	}
	if (r < 0 && !nameless)
		(void)unlinkat(parent, ret_beside, 0);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int file_replace_in(int root, const char *path, unsigned mode, const void *buf, size_t n,
		    bool durable)
{
	const struct piece all = { buf, n };
	const char *name;
	_cleanup_close_ int parent = parent_open(root, path, &name);
	_cleanup_close_ int fd = -1;
	char beside[NAME_MAX + 1];
	int r;

	if (parent < 0)
		return parent;
	remove_leftovers(parent, name);
	r = write_beside(parent, name, mode, &all, durable, beside, &fd);
	if (r < 0)
		return r;
	if (renameat(parent, beside, parent, name) < 0) {
		r = -errno;
		(void)unlinkat(parent, beside, 0);
	} else if (durable && fsync(parent) < 0) {
		r = -errno;
	}
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
