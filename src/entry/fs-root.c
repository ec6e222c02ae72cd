// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * struct entry_fs on a real directory tree: turns a loader's device and path into a path of this
 * system. What the devices are called is in fs-devices.c; here is the table of mounts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "entry/fs-devices.h"
#include "entry/fs-root.h"
#include "entry/path.h"

/* A table of mounts as text. */
enum { TABLE_MAX = 128 << 20 };

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

static bool root_is_guess(struct entry_fs *table, const char *device)
{
	const struct mount *m;

	return fs_device_mount(of(table), device, &m) == 1;
}

/* Cost of one or two system calls, in steps of the budget. */
enum { CALL_STEPS = 256 };

/* The path of something that is asked about. */
static int root_asked(struct entry_fs *table, const char *device, const char *path, char **ret)
{
	int r = budget_take(table->budget, BUDGET_STEPS, CALL_STEPS);

	return r < 0 ? r : root_to_system(table, device, path, ret);
}

static int root_type(struct entry_fs *table, const char *device, const char *path,
		     enum entry_file_type *ret)
{
	struct outside *out = of(table)->out;
	_cleanup_free_ char *system = NULL;
	int r = root_asked(table, device, path, &system);

	if (r == 0)
		r = out->type(out, system, ret);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
		*ret = ENTRY_FILE_NONE;
		return 0;
	}
	return r;
}

/* The path of a file that is going to be opened. */
static int root_name(struct entry_fs *table, const char *device, const char *path, char **ret)
{
	int r = budget_take(table->budget, BUDGET_FILES, 1);

	return r < 0 ? r : root_to_system(table, device, path, ret);
}

static int root_read(struct entry_fs *table, const char *device, const char *path, size_t max,
		     uint8_t **ret, size_t *ret_n)
{
	struct outside *out = of(table)->out;
	_cleanup_free_ char *system = NULL;
	_cleanup_free_ uint8_t *text = NULL;
	size_t n = 0;
	int r = root_name(table, device, path, &system);

	if (r == 0)
		r = out->read(out, system, max, &text, &n);
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
	struct outside *out = of(table)->out;
	_cleanup_free_ char *system = NULL;
	size_t got = 0;
	int r = root_name(table, device, path, &system);

	if (r == 0)
		r = out->head(out, system, buf, n, &got);
	if (r == 0)
		r = budget_take(table->budget, BUDGET_BYTES, got);
	if (r == 0)
		*ret_n = got;
	return r;
}

static int root_map(struct entry_fs *table, const char *device, const char *path,
		    const uint8_t **ret, size_t *ret_n)
{
	struct outside *out = of(table)->out;
	_cleanup_free_ char *system = NULL;
	int r = root_name(table, device, path, &system);

	return r < 0 ? r : out->map(out, system, ret, ret_n);
}

static void root_unmap(struct entry_fs *table, const uint8_t *p, size_t n)
{
	struct outside *out = of(table)->out;

	out->unmap(out, p, n);
}

static int root_list(struct entry_fs *table, const char *device, const char *path,
		     struct strlist *ret)
{
	struct outside *out = of(table)->out;
	_cleanup_free_ char *system = NULL;
	struct strlist names = { 0 };
	int r = root_name(table, device, path, &system);

	if (r == 0)
		r = out->list(out, system, &names);
	if (r == 0)
		r = budget_take(table->budget, BUDGET_STEPS, (uint64_t)names.n * CALL_STEPS);
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
		r = fs->out->look(fs->out, uuid, is_mounted, &fs->mounts, err);
	for (size_t i = before; r == 0 && i < fs->mounts.n; i++)
		r = strlist_add(&dirs, fs->mounts.v[i].dir);
	fs->home = home;
	if (r < 0)
		strlist_done(&dirs);
	else
		*ret_dirs = dirs;
	return r;
}

static int which_file(struct entry_fs *table, const char *path, struct outside_stat *ret)
{
	struct outside *out = of(table)->out;
	_cleanup_free_ char *system = NULL;
	int r = root_asked(table, ENTRY_SYSTEM, path, &system);

	return r < 0 ? r : out->stat(out, system, ret);
}

static bool root_same(struct entry_fs *table, const char *a, const char *b)
{
	struct outside_stat st_a, st_b;

	return which_file(table, a, &st_a) == 0 && which_file(table, b, &st_b) == 0 &&
	       st_a.dev == st_b.dev && st_a.ino == st_b.ino;
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

static int read_mountinfo(struct root_fs *fs)
{
	enum outside_mounts where = OUTSIDE_MOUNTS_NONE;
	_cleanup_free_ uint8_t *text = NULL;
	_cleanup_free_ char *root = NULL;
	size_t n = 0;
	int r = fs->out->mounts(fs->out, &where, &text, &n, &root);

	if (r < 0 || where == OUTSIDE_MOUNTS_NONE)
		return r < 0 ? r : -ENOENT;
	r = mounts_parse_mountinfo((struct bytes){ text, n }, root ? root : "/", &fs->mounts);
	if (where == OUTSIDE_MOUNTS_CAPTURED)
		return r;
	fs->is_live = r == 0 && fs->mounts.n > 0;
	return r == -ENOMEM || fs->is_live ? r : -ENOENT;
}

static int find_mounts(struct root_fs *fs)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r = read_mountinfo(fs);

	if (r != -ENOENT)
		return r;
	r = fs->out->read(fs->out, "/etc/fstab", TABLE_MAX, &text, &n);
	if (r == 0)
		r = mounts_parse_fstab((struct bytes){ text, n }, &fs->mounts);
	return r == -ENOMEM ? r : 0;
}

static int root_blocks(struct entry_fs *table, const char *device, uint64_t first, unsigned n,
		       uint8_t **ret)
{
	struct root_fs *fs = of(table);
	const struct mount *m;
	int r = fs->is_live ? fs_device_mount(fs, device, &m) : -ENODEV;

	if (r >= 0)
		r = budget_take(table->budget, BUDGET_BYTES, (uint64_t)n * 512);
	return r < 0 ? r : fs->out->read_at(fs->out, m->source, first * 512, (size_t)n * 512, ret);
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
	fs->out = opts->outside;
	fs->fs = (struct entry_fs){
		.budget = opts->budget,
		.type = root_type,
		.read = root_read,
		.list = root_list,
		.search = root_search,
		.probe = root_probe,
		.to_system = root_to_system,
		.is_guess = root_is_guess,
		.set_home = root_set_home,
		.head = root_head,
		.map = root_map,
		.unmap = root_unmap,
		.same = root_same,
		.image = fs_image,
		.blocks = root_blocks,
		.look = opts->outside->look ? root_look : NULL,
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
