// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * struct entry_fs on a real directory tree: turns a loader's device and path into a path of this
 * system. What the devices are called is in fs-devices.c; here is the table of mounts and the
 * access to files, which never leaves the root.
 */
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

#include "base/error.h"
#include "base/mapped.h"
#include "base/strbuf.h"
#include "entry/fs-devices.h"
#include "entry/fs-root.h"
#include "entry/machine.h"
#include "entry/path.h"

/* Files of text that describe mounts: the kernel's own limit of 100,000 mounts makes 30 MiB. */
enum { TABLE_MAX = 128 << 20 };
/* Names in one directory. */
enum { NAMES_MAX = 100000 };

static struct root_fs *of(struct entry_fs *fs)
{
	return (struct root_fs *)fs;
}

/* Of all mounts of one file system the one through which @path of the file system can be
 * reached. */
static const struct mount *mount_showing(const struct root_fs *fs, const struct mount *m,
					 const char *path)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < fs->mounts.n; i++) {
		const struct mount *o = &fs->mounts.v[i];

		if (o != m && (!*m->source || strcmp(o->source, m->source) != 0))
			continue;
		if (path_below(path, o->fsroot) &&
		    (!best || strlen(o->fsroot) > strlen(best->fsroot)))
			best = o;
	}
	return best;
}

/* "/ROOT/debian@/boot/vmlinuz" or "…@snap/…" of a pool; GRUB's way to name ZFS datasets. */
static int zfs_to_system(const struct root_fs *fs, const struct mount *m, const char *path,
			 char **ret)
{
	const char *at = strchr(path, '@'), *rest = at ? strchr(at, '/') : NULL;
	_cleanup_strbuf_ struct strbuf dataset = { 0 }, dir = { 0 };
	const struct mount *o = NULL;

	if (!rest)
		return path_join(m->dir, path, ret);
	strbuf_add_n(&dataset, m->source, strcspn(m->source, "/"));
	strbuf_add_n(&dataset, path, (size_t)(at - path));
	if (dataset.failed)
		return -ENOMEM;

	for (size_t i = 0; i < fs->mounts.n && !o; i++)
		if (strcmp(fs->mounts.v[i].source, dataset.s) == 0)
			o = &fs->mounts.v[i];
	if (!o)
		return -ENODEV;
	if (rest == at + 1)
		return path_join(o->dir, rest, ret);

	strbuf_addf(&dir, "%s/.zfs/snapshot/%.*s", o->dir, (int)(rest - at - 1), at + 1);
	return dir.failed ? -ENOMEM : path_join(dir.s, rest, ret);
}

static int root_to_system(struct entry_fs *table, const char *device, const char *path, char **ret)
{
	struct root_fs *fs = of(table);
	_cleanup_free_ char *clean = NULL;
	const struct mount *m, *shown;
	int r;

	if (device && strcmp(device, ENTRY_SYSTEM) == 0)
		return path_join(NULL, path, ret);
	r = budget_take(table->budget, BUDGET_STEPS, 4 * fs->mounts.n);
	if (r == 0)
		r = fs_device_mount(fs, device, &m);
	if (r < 0)
		return r;
	r = path_join(NULL, path, &clean);
	if (r < 0)
		return r;
	if (strcmp(m->type, "zfs") == 0)
		return zfs_to_system(fs, m, clean, ret);

	shown = mount_showing(fs, m, clean);
	/* btrfs with paths that start at the default subvolume, as SUSE configures GRUB. */
	if (!shown)
		return path_join(m->dir, clean, ret);
	return path_join(shown->dir, path_below(clean, shown->fsroot), ret);
}

/* The path open_in() wants: below a root it is relative to it. */
static int root_open(struct root_fs *fs, const char *device, const char *path, int flags)
{
	_cleanup_free_ char *system = NULL;
	int r = budget_take(fs->fs.budget, BUDGET_FILES, 1);

	if (r == 0)
		r = root_to_system(&fs->fs, device, path, &system);
	return r < 0 ? r : open_in(fs->root, system, flags);
}

/* Cost of one or two system calls, in steps of the budget. */
enum { CALL_STEPS = 256 };

/* One call where the root is the system's own: entries come by the thousand. */
static int root_stat(struct root_fs *fs, const char *device, const char *path, struct stat *ret)
{
	_cleanup_free_ char *system = NULL;
	_cleanup_close_ int fd = -1;
	int r = budget_take(fs->fs.budget, BUDGET_STEPS, CALL_STEPS);

	if (r == 0)
		r = root_to_system(&fs->fs, device, path, &system);
	if (r < 0)
		return r;
	if (fs->root == ROOT_HERE && !fs->fs.looked) /* whose directories only open_in() knows */
		return stat(system, ret) < 0 ? -errno : 0;
	fd = open_in(fs->root, system, O_PATH);
	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

static int root_type(struct entry_fs *table, const char *device, const char *path,
		     enum entry_file_type *ret)
{
	struct stat st;
	int r = root_stat(of(table), device, path, &st);

	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
		*ret = ENTRY_FILE_NONE;
		return 0;
	}
	if (r < 0)
		return r;
	*ret = S_ISDIR(st.st_mode)   ? ENTRY_FILE_DIRECTORY
	       : S_ISREG(st.st_mode) ? ENTRY_FILE_REGULAR
				     : ENTRY_FILE_NONE;
	return 0;
}

static int open_regular(struct root_fs *fs, const char *device, const char *path, struct stat *st)
{
	_cleanup_close_ int fd = root_open(fs, device, path, O_RDONLY);

	if (fd < 0)
		return fd;
	if (fstat(fd, st) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int root_read(struct entry_fs *table, const char *device, const char *path, size_t max,
		     uint8_t **ret, size_t *ret_n)
{
	_cleanup_close_ int fd = root_open(of(table), device, path, O_RDONLY);
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r = fd < 0 ? fd : read_fd(fd, max, &text, &n);

	if (r == 0)
		r = budget_take(table->budget, BUDGET_BYTES, n);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(text);
	*ret_n = n;
	return 0;
}

static int root_head(struct entry_fs *table, const char *device, const char *path, uint8_t *buf,
		     size_t n, size_t *ret_n)
{
	_cleanup_close_ int fd = root_open(of(table), device, path, O_RDONLY);
	ssize_t got;
	int r;

	if (fd < 0)
		return fd;
	got = read(fd, buf, n); /* of a regular file less only at its end */
	if (got < 0)
		return -errno;
	r = budget_take(table->budget, BUDGET_BYTES, (uint64_t)got);
	if (r == 0)
		*ret_n = (size_t)got;
	return r;
}

static int root_map(struct entry_fs *table, const char *device, const char *path,
		    const uint8_t **ret, size_t *ret_n)
{
	struct stat st;
	_cleanup_close_ int fd = open_regular(of(table), device, path, &st);
	void *p;
	int r;

	if (fd < 0)
		return fd;
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

static void root_unmap(struct entry_fs *table, const uint8_t *p, size_t n)
{
	mapped_remove(p);
	(void)munmap((void *)(uintptr_t)p, n);
}

static int root_list(struct entry_fs *table, const char *device, const char *path,
		     struct strlist *ret)
{
	_cleanup_close_ int fd = root_open(of(table), device, path, O_RDONLY | O_DIRECTORY);
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
		r = names.n < NAMES_MAX ? budget_take(table->budget, BUDGET_STEPS, CALL_STEPS)
					: -E2BIG;
		if (r == 0)
			r = strlist_add(&names, e->d_name);
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

static int root_look(struct entry_fs *table, const char *uuid, struct strlist *ret_dirs,
		     struct kx_error *err)
{
	struct root_fs *fs = of(table);
	const size_t before = fs->mounts.n, home = fs->home;
	struct strlist dirs = { 0 };
	const struct mount *m;
	int r = fs_device_partition(fs, uuid, &m);
	const bool is_mounted = r == 0;

	if (is_mounted)
		r = strlist_add(&dirs, m->dir);
	if (r == 0 || r == -ENODEV)
		r = fs->look(fs->look_data, uuid, is_mounted, &fs->mounts, err);
	for (size_t i = before; r == 0 && i < fs->mounts.n; i++)
		r = strlist_add(&dirs, fs->mounts.v[i].dir);
	fs->home = home;
	if (r < 0)
		strlist_done(&dirs);
	else
		*ret_dirs = dirs;
	return r;
}

static bool root_same(struct entry_fs *table, const char *a, const char *b)
{
	struct root_fs *fs = of(table);
	struct stat st_a, st_b;

	return root_stat(fs, ENTRY_SYSTEM, a, &st_a) == 0 &&
	       root_stat(fs, ENTRY_SYSTEM, b, &st_b) == 0 && st_a.st_dev == st_b.st_dev &&
	       st_a.st_ino == st_b.st_ino;
}

static int root_set_home(struct entry_fs *table, const char *path, char **ret)
{
	struct root_fs *fs = of(table);
	_cleanup_free_ char *clean = NULL;
	const struct mount *m;
	int r = path_join(NULL, path, &clean);

	if (r < 0)
		return r;
	m = mounts_holding(&fs->mounts, clean); /* there is always one at "/" */
	r = path_join(m->fsroot, path_below(clean, m->dir), ret);
	if (r == 0)
		fs->home = (size_t)(m - fs->mounts.v);
	return r;
}

static bool device_has_file(void *data, const struct mount *m, const char *path)
{
	struct root_fs *fs = data;
	_cleanup_free_ char *system = NULL;
	enum entry_file_type type;

	/* Only files that are visible through this mount: other mounts of the same file system are
	 * tried separately. */
	if (!path_below(path, m->fsroot) ||
	    path_join(m->dir, path_below(path, m->fsroot), &system) < 0)
		return false;
	return root_type(&fs->fs, ENTRY_SYSTEM, system, &type) == 0 && type != ENTRY_FILE_NONE;
}

static int root_search(struct entry_fs *table, enum entry_search what, const char *key,
		       const struct strlist *hints, char **ret_device)
{
	return fs_device_search(of(table), what, key, hints, device_has_file, ret_device);
}

static int root_probe(struct entry_fs *table, const char *device, const char *what, char **ret)
{
	return fs_device_probe(of(table), device, what, ret);
}

static int read_mounts(struct root_fs *fs, const char *file, const char *root,
		       int (*parse)(struct bytes file, const char *root, struct mounts *ret))
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r = read_file_in(fs->root, file, TABLE_MAX, &text, &n);

	return r < 0 ? r : parse((struct bytes){ text, n }, root, &fs->mounts);
}

static int parse_fstab(struct bytes file, const char *root, struct mounts *ret)
{
	return mounts_parse_fstab(file, ret);
}

/* Mounts of the running kernel at or below the root. */
static int read_live_mounts(struct root_fs *fs)
{
	_cleanup_free_ uint8_t *text = NULL;
	char link[64], root[4096] = "/";
	size_t n;
	int r;

	if (fs->root != ROOT_HERE) {
		ssize_t len;

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fs->root);
		len = readlink(link, root, sizeof(root) - 1);
		if (len <= 0)
			return len < 0 ? -errno : -ENOENT;
		root[len] = 0;
	}
	r = read_file_in(ROOT_HERE, "/proc/self/mountinfo", TABLE_MAX, &text, &n);
	if (r == 0)
		r = mounts_parse_mountinfo((struct bytes){ text, n }, root, &fs->mounts);
	fs->is_live = r == 0 && fs->mounts.n > 0;
	return r;
}

/* mountinfo as an ordinary file belongs to a captured system. */
static bool has_captured_mountinfo(struct root_fs *fs)
{
	_cleanup_close_ int fd = -1;
	struct statfs st;

	if (fs->root == ROOT_HERE)
		return false;
	fd = open_in(fs->root, "/proc/self/mountinfo", O_RDONLY);
	return fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type != PROC_SUPER_MAGIC;
}

static int find_mounts(struct root_fs *fs)
{
	int r;

	if (has_captured_mountinfo(fs))
		return read_mounts(fs, "/proc/self/mountinfo", "/", mounts_parse_mountinfo);

	r = read_live_mounts(fs);
	if (r == -ENOMEM || fs->is_live)
		return r;
	r = read_mounts(fs, "/etc/fstab", "/", parse_fstab);
	return r == -ENOMEM ? r : 0;
}

static int root_blocks(struct entry_fs *table, const char *device, uint64_t first, unsigned n,
		       uint8_t **ret)
{
	struct root_fs *fs = of(table);
	const struct mount *m;
	int r = fs->is_live ? fs_device_mount(fs, device, &m) : -ENODEV;

	if (r == 0)
		r = budget_take(table->budget, BUDGET_BYTES, (uint64_t)n * 512);
	return r < 0 ? r : machine_read_at(m->source, first * 512, (size_t)n * 512, ret);
}

static int init(struct root_fs *fs, const struct fs_root_opts *opts, struct kx_error *err)
{
	int r = find_mounts(fs);
	const struct mount *m;

	m = r == 0 ? mounts_holding(&fs->mounts, "/") : NULL;
	if (r == 0 && !m)
		r = mounts_add(&fs->mounts, "/", "/", "", "");
	if (r < 0)
		return kx_fail(err, r, "reading the table of mounts: %s", strerror(-r));
	fs->home = (size_t)(mounts_holding(&fs->mounts, "/") - fs->mounts.v);
	for (size_t i = 0; i < opts->n_places; i++) {
		r = fs_device_place(fs, opts->places[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int fs_root_new(const struct fs_root_opts *opts, struct entry_fs **ret, struct kx_error *err)
{
	struct root_fs *fs = calloc(1, sizeof(*fs));
	int r;

	if (!fs)
		return kx_fail(err, -ENOMEM, "out of memory");
	fs->root = opts->root;
	fs->look = opts->look;
	fs->look_data = opts->look_data;
	fs->fs = (struct entry_fs){
		.budget = opts->budget,
		.type = root_type,
		.read = root_read,
		.list = root_list,
		.search = root_search,
		.probe = root_probe,
		.to_system = root_to_system,
		.set_home = root_set_home,
		.head = root_head,
		.map = root_map,
		.unmap = root_unmap,
		.same = root_same,
		.image = fs_image,
		.blocks = root_blocks,
		.look = opts->look ? root_look : NULL,
	};
	r = init(fs, opts, err);
	if (r < 0) {
		(void)fs_root_free(&fs->fs);
		return r;
	}
	*ret = &fs->fs;
	return 0;
}

struct entry_fs *fs_root_free(struct entry_fs *table)
{
	if (table) {
		struct root_fs *fs = of(table);

		mounts_done(&fs->mounts);
		fs_devices_done(&fs->devices);
		free(fs);
	}
	return NULL;
}
