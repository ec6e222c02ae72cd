// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cache-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { OTHERS = 077 };

/* FAT has no owners: a mount option decides who may write. */
static bool keeps_owners(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type != MSDOS_SUPER_MAGIC &&
	       fs.f_type != EXFAT_SUPER_MAGIC;
}

int cache_dir_open(const char *path, struct kx_error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return kx_fail_path(err, -errno, path);
	if (fstat(fd, &st) < 0)
		return kx_fail_path(err, -errno, path);
	if (st.st_uid != geteuid() || st.st_mode & OTHERS)
		return kx_fail(err, -EACCES,
			       "%s: has to belong to the one who loads, and to be closed to "
			       "others (chmod 700)",
			       path);
	if (!keeps_owners(fd))
		return kx_fail(err, -EOPNOTSUPP,
			       "%s: lies on a file system without owners, as the ESP is", path);
	return TAKE_FD(fd);
}

int cache_dir_make(const char *path, struct kx_error *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return kx_fail_path(err, -errno, path);
	return cache_dir_open(path, err);
}

int cache_file_open(int dir, const char *name, uint64_t *ret_n)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? -EACCES : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1 ||
	    st.st_mode & OTHERS)
		return -EACCES;
	if (st.st_size <= 0)
		return -EBADMSG;
	*ret_n = (uint64_t)st.st_size;
	return TAKE_FD(fd);
}

void cache_file_remove(int dir, const char *name)
{
	(void)unlinkat(dir, name, 0);
}

/* ---- room */

struct kept {
	char name[NAME_MAX + 1];
	uint64_t n;
	struct timespec mtime;
};

static bool is_older(const struct kept *a, const struct kept *b)
{
	return a->mtime.tv_sec != b->mtime.tv_sec ? a->mtime.tv_sec < b->mtime.tv_sec
						  : a->mtime.tv_nsec < b->mtime.tv_nsec;
}

static bool is_ours(const char *name)
{
	const size_t n = strlen(name), suffix = strlen(CACHE_SUFFIX);

	return n > suffix && strcmp(name + n - suffix, CACHE_SUFFIX) == 0;
}

/* Finds the oldest file of the cache except @name, and the size of all of them. */
static uint64_t look(DIR *d, const char *name, struct kept *ret_oldest)
{
	uint64_t total = 0;
	const struct dirent *e;

	ret_oldest->name[0] = '\0';
	rewinddir(d);
	while ((e = readdir(d))) {
		struct kept kept;
		struct stat st;

		if (!is_ours(e->d_name) || strcmp(e->d_name, name) == 0 ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		kept = (struct kept){ .n = (uint64_t)st.st_size, .mtime = st.st_mtim };
		(void)snprintf(kept.name, sizeof(kept.name), "%s", e->d_name);
		total += kept.n;
		if (!ret_oldest->name[0] || is_older(&kept, ret_oldest))
			*ret_oldest = kept;
	}
	return total;
}

void cache_make_room(int dir, const char *name, uint64_t n, uint64_t max)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct kept oldest;

	if (!d) {
		fd_close(fd);
		return;
	}
	while (look(d, name, &oldest) + n > max && oldest.name[0])
		if (unlinkat(dir, oldest.name, 0) < 0)
			break;
	(void)closedir(d);
}
