// SPDX-License-Identifier: LGPL-2.1-or-later
#include "entry/outside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mapped.h"

/* Files of text that describe mounts: the kernel's own limit of 100,000 mounts makes 30 MiB. */
enum { TABLE_MAX = 128 << 20 };

static struct outside_system *of(struct outside *out)
{
	return (struct outside_system *)out;
}

static int open_file(struct outside_system *system, const char *path)
{
	return open_in(system->root, path, O_RDONLY);
}

/* One call where the root is the system's own: entries come by the thousand. */
static int stat_path(const struct outside_system *system, const char *path, struct stat *ret)
{
	_cleanup_close_ int fd = -1;

	if (system->root == ROOT_HERE &&
	    !system->has_looked) /* whose directories only open_in() knows */
		return stat(path, ret) < 0 ? -errno : 0;
	fd = open_in(system->root, path, O_PATH);
	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

static int system_type(struct outside *out, const char *path, enum entry_file_type *ret)
{
	struct stat st;
	int r = stat_path(of(out), path, &st);

	if (r == 0)
		*ret = S_ISDIR(st.st_mode)   ? ENTRY_FILE_DIRECTORY
		       : S_ISREG(st.st_mode) ? ENTRY_FILE_REGULAR
					     : ENTRY_FILE_NONE;
	return r;
}

static int system_stat(struct outside *out, const char *path, struct outside_stat *ret)
{
	struct stat st;
	int r = stat_path(of(out), path, &st);

	if (r == 0)
		*ret = (struct outside_stat){ .dev = st.st_dev, .ino = st.st_ino };
	return r;
}

static int system_read(struct outside *out, const char *path, size_t max, uint8_t **ret,
		       size_t *ret_n)
{
	_cleanup_close_ int fd = open_file(of(out), path);

	return fd < 0 ? fd : read_fd(fd, max, ret, ret_n);
}

static int system_head(struct outside *out, const char *path, uint8_t *buf, size_t n, size_t *ret_n)
{
	_cleanup_close_ int fd = open_file(of(out), path);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read(fd, buf, n); /* of a regular file less only at its end */
	if (got < 0)
		return -errno;
	*ret_n = (size_t)got;
	return 0;
}

static int system_open(struct outside *out, const char *path)
{
	return open_file(of(out), path);
}

int outside_map_fd(int fd, const uint8_t **ret, size_t *ret_n)
{
	struct stat st;
	void *p;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0)
		return -ENODATA;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	r = mapped_add(p, (size_t)st.st_size, fd);
	if (r < 0) {
		(void)munmap(p, (size_t)st.st_size);
		return r;
	}
	*ret = p;
	*ret_n = (size_t)st.st_size;
	return 0;
}

static int system_map(struct outside *out, const char *path, const uint8_t **ret, size_t *ret_n)
{
	_cleanup_close_ int fd = open_file(of(out), path);

	return fd < 0 ? fd : outside_map_fd(fd, ret, ret_n);
}

static void system_unmap(struct outside *out, const uint8_t *p, size_t n)
{
	mapped_remove(p);
	(void)munmap((void *)(uintptr_t)p, n);
}

static int system_list(struct outside *out, const char *path, struct strlist *ret)
{
	_cleanup_close_ int fd = open_in(of(out)->root, path, O_RDONLY | O_DIRECTORY);
	struct strlist names = { 0 };
	struct dirent *e;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	TAKE_FD(fd);

	while (r == 0 && ((void)(errno = 0), e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = names.n < OUTSIDE_NAMES_MAX ? strlist_add(&names, e->d_name) : -E2BIG;
	}
	if (r == 0 && errno)
		r = -errno;
	(void)closedir(dir);
	if (r < 0)
		strlist_done(&names);
	else
		*ret = names;
	return r;
}

/* ---- mounts */

/* mountinfo as an ordinary file belongs to a captured system. */
static bool has_captured_mountinfo(const struct outside_system *system)
{
	_cleanup_close_ int fd = -1;
	struct statfs st;

	if (system->root == ROOT_HERE)
		return false;
	fd = open_in(system->root, "/proc/self/mountinfo", O_RDONLY);
	return fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type != PROC_SUPER_MAGIC;
}

/* Where the root is in this process's view. */
static int root_path(const struct outside_system *system, char **ret)
{
	char link[64], path[4096] = "/";

	if (system->root != ROOT_HERE) {
		ssize_t n;

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", system->root);
		n = readlink(link, path, sizeof(path) - 1);
		if (n <= 0)
			return n < 0 ? -errno : -ENOENT;
		path[n] = '\0';
	}
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

static int system_mounts(struct outside *out, enum outside_mounts *ret_where, uint8_t **ret,
			 size_t *ret_n, char **ret_root)
{
	const struct outside_system *system = of(out);
	const bool is_captured = has_captured_mountinfo(system);
	_cleanup_free_ char *root = NULL;
	int r = is_captured ? 0 : root_path(system, &root);

	if (r == 0)
		r = read_file_in(is_captured ? system->root : ROOT_HERE, "/proc/self/mountinfo",
				 TABLE_MAX, ret, ret_n);
	if (r == -ENOMEM || (r < 0 && is_captured))
		return r;
	*ret_where = r < 0	   ? OUTSIDE_MOUNTS_NONE
		     : is_captured ? OUTSIDE_MOUNTS_CAPTURED
				   : OUTSIDE_MOUNTS_LIVE;
	*ret_root = TAKE_PTR(root);
	return 0;
}

/* ---- devices */

static int system_device(struct outside *out, const char *path, dev_t *ret)
{
	return machine_device(path, ret);
}

static int system_find_tag(struct outside *out, const char *tag, const char *value, dev_t *ret)
{
	return machine_find_tag(tag, value, ret);
}

static int system_get_tag(struct outside *out, const char *device, const char *tag, char **ret)
{
	return machine_get_tag(device, tag, ret);
}

static int system_find_volume(struct outside *out, const char *name, dev_t *ret)
{
	return machine_find_volume(name, ret);
}

static int system_partition(struct outside *out, dev_t device, struct machine_partition *ret)
{
	return machine_partition(device, ret);
}

static int system_read_at(struct outside *out, const char *device, uint64_t at, size_t n,
			  uint8_t **ret)
{
	return machine_read_at(device, at, n, ret);
}

static int system_look(struct outside *out, const char *uuid, bool is_mounted,
		       struct mounts *mounts, struct kx_error *err)
{
	struct outside_system *system = of(out);

	system->has_looked = true;
	return system->look(system->look_data, uuid, is_mounted, mounts, err);
}

void outside_system_init(struct outside_system *system, int root,
			 int (*look)(void *data, const char *uuid, bool is_mounted,
				     struct mounts *mounts, struct kx_error *err),
			 void *look_data)
{
	*system = (struct outside_system){
		.out = { .type = system_type,
			 .stat = system_stat,
			 .read = system_read,
			 .head = system_head,
			 .list = system_list,
			 .open = system_open,
			 .map = system_map,
			 .unmap = system_unmap,
			 .mounts = system_mounts,
			 .device = system_device,
			 .find_tag = system_find_tag,
			 .get_tag = system_get_tag,
			 .find_volume = system_find_volume,
			 .partition = system_partition,
			 .read_at = system_read_at,
			 .look = look ? system_look : NULL },
		.root = root,
		.look = look,
		.look_data = look_data,
	};
}
