// SPDX-License-Identifier: LGPL-2.1-or-later
#include "keep/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/io.h"
#include "base/strbuf.h"

enum { DEPTH_MAX = 64 };

/* ---- into the stream */

struct walk {
	struct stream *to;
	struct keep_counts counts;
	dev_t device; /* of the path that is kept */
	struct kx_error *err;
};

static struct stream_entry entry_of(const char *path, const struct stat *st, size_t n)
{
	return (struct stream_entry){
		.path = { (const uint8_t *)path, strlen(path) },
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.seconds = (uint64_t)st->st_mtim.tv_sec,
		.nanoseconds = (uint64_t)st->st_mtim.tv_nsec,
		.data = { NULL, n },
	};
}

static int add(struct walk *w, const char *path, const struct stat *st, size_t n, uint8_t **ret)
{
	const struct stream_entry e = entry_of(path, st, n);

	if (stream_add(w->to, &e, ret) < 0)
		return kx_fail(
			w->err, -ENOSPC,
			"%s: it does not fit into the %zu MiB that are set aside; `rapidreboot "
			"keep setup` sets more aside",
			path, w->to->max >> 20);
	return 0;
}

static int add_file(struct walk *w, int directory, const char *name, const char *path)
{
	_cleanup_close_ int fd = open_in(directory, name, O_RDONLY | O_NOFOLLOW);
	uint8_t *data;
	struct stat st;
	int r = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;
	ssize_t n;

	if (r < 0)
		return kx_fail_path(w->err, r, path);
	r = add(w, path, &st, (size_t)st.st_size, &data);
	if (r < 0)
		return r;
	n = read_at(fd, data, (size_t)st.st_size, 0);
	if (n < 0)
		return kx_fail_path(w->err, (int)n, path);
	if (n != st.st_size)
		return kx_fail(w->err, -EAGAIN, "%s: it became shorter while it was read", path);
	w->counts.n_files++;
	return 0;
}

static int add_link(struct walk *w, int directory, const char *name, const char *path,
		    const struct stat *st)
{
	_cleanup_free_ char *target = NULL;
	uint8_t *data;
	int r = readlink_in(directory, name, &target);

	if (r < 0)
		return kx_fail_path(w->err, r, path);
	r = add(w, path, st, strlen(target), &data);
	if (r < 0)
		return r;
	memcpy(data, target, strlen(target));
	w->counts.n_links++;
	return 0;
}

static int add_one(struct walk *w, int directory, const char *name, const char *path,
		   unsigned depth);

static int add_directory(struct walk *w, int directory, const char *name, const char *path,
			 const struct stat *st, unsigned depth)
{
	_cleanup_close_ int fd = open_in(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	_cleanup_names_ struct names names = { 0 };
	uint8_t *data;
	int r = fd < 0 ? fd : depth == DEPTH_MAX ? -ELOOP : list_in(fd, "/", &names);

	if (r < 0)
		return kx_fail_path(w->err, r, path);
	r = add(w, path, st, 0, &data);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		_cleanup_strbuf_ struct strbuf inside = { 0 };

		strbuf_addf(&inside, "%s/%s", path, names.v[i]);
		r = inside.failed ? kx_fail(w->err, -ENOMEM, "%s: out of memory", path)
				  : add_one(w, fd, names.v[i], inside.s, depth + 1);
	}
	w->counts.n_directories++;
	return r;
}

static int add_one(struct walk *w, int directory, const char *name, const char *path,
		   unsigned depth)
{
	_cleanup_close_ int fd = open_in(directory, name, O_PATH | O_NOFOLLOW);
	struct stat st;
	int r = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;

	if (r == -ENOENT) {
		w->counts.n_missing++;
		return 0;
	}
	if (r < 0)
		return kx_fail_path(w->err, r, path);
	if (depth == 0)
		w->device = st.st_dev;
	if (st.st_dev == w->device) {
		if (S_ISREG(st.st_mode))
			return add_file(w, directory, name, path);
		if (S_ISDIR(st.st_mode))
			return add_directory(w, directory, name, path, &st, depth);
		if (S_ISLNK(st.st_mode))
			return add_link(w, directory, name, path, &st);
	}
	w->counts.n_passed_over++;
	return 0;
}

int keep_pack(int root, const struct keep_paths *paths, struct stream *to, struct keep_counts *ret,
	      struct kx_error *err)
{
	struct walk w = { .to = to, .err = err };
	int r = 0;

	for (size_t i = 0; i < paths->n && r == 0; i++)
		r = add_one(&w, root, paths->v[i], paths->v[i], 0);
	if (r == 0 && stream_end(to) < 0)
		r = kx_fail(err, -ENOSPC, "no room is left in the memory that is set aside");
	if (r == 0)
		*ret = w.counts;
	return r;
}

/* ---- out of it */

struct unpacking {
	int root;
	struct keep_counts counts;
	struct strbuf made; /* a byte for each entry: was it made here? */
	struct kx_error *err;
};

static bool is_below(const struct keep_paths *paths, struct bytes path)
{
	for (size_t i = 0; i < paths->n; i++) {
		const size_t n = strlen(paths->v[i]);

		if (bytes_is_at(path, 0, paths->v[i], n) && (path.n == n || path.p[n] == '/'))
			return true;
	}
	return false;
}

/* Owner, mode and time of what lies at @path. */
static int dress(struct unpacking *u, const char *path, const struct stream_entry *e)
{
	_cleanup_close_ int fd = open_in(u->root, path,
					 S_ISDIR(e->mode)   ? O_RDONLY | O_DIRECTORY | O_NOFOLLOW
					 : S_ISREG(e->mode) ? O_RDONLY | O_NOFOLLOW
							    : O_PATH | O_NOFOLLOW);
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT },
					  { .tv_sec = (time_t)e->seconds,
					    .tv_nsec = (long)e->nanoseconds } };

	if (fd < 0)
		return fd;
	if (fchownat(fd, "", e->uid, e->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if (S_ISLNK(e->mode))
		return 0;
	return fchmod(fd, e->mode & 07777) < 0 || futimens(fd, times) < 0 ? -errno : 0;
}

static int make(struct unpacking *u, const char *path, const struct stream_entry *e)
{
	_cleanup_free_ char *target = NULL;

	switch (e->mode & S_IFMT) {
	case S_IFDIR:
		u->counts.n_directories++;
		return directories_make_in(u->root, path, 0700);
	case S_IFREG:
		u->counts.n_files++;
		return file_replace_in(u->root, path, 0600, e->data.p, e->data.n, false);
	case S_IFLNK:
		target = strndup((const char *)e->data.p, e->data.n);
		u->counts.n_links++;
		return target ? link_make_in(u->root, target, path) : -ENOMEM;
	default:
		return -EBADMSG;
	}
}

/* 1 also when it is a link that leads nowhere. */
static int is_taken(int root, const char *path)
{
	_cleanup_close_ int fd = open_in(root, path, O_PATH | O_NOFOLLOW);

	return fd >= 0 ? 1 : fd == -ENOENT ? 0 : fd;
}

/* Directories get their owner in a second pass. */
static int take(struct unpacking *u, const struct stream_entry *e, size_t number, bool is_second)
{
	_cleanup_free_ char *path = strndup((const char *)e->path.p, e->path.n);
	const bool is_directory = S_ISDIR(e->mode);
	int r = path ? 0 : -ENOMEM;
	bool is_new;

	if (is_second)
		return r < 0 || !is_directory || !u->made.s[number] ? r : dress(u, path, e);
	if (r < 0)
		return r;
	r = is_taken(u->root, path);
	is_new = r == 0;
	u->counts.n_present += r > 0 && !is_directory;
	r = r < 0 ? r : is_new ? make(u, path, e) : 0;
	if (r == 0 && is_new && !is_directory)
		r = dress(u, path, e);
	strbuf_add_n(&u->made, is_new ? "\1" : "\0", 1);
	if (r == 0 && u->made.failed)
		r = -ENOMEM;
	return r < 0 && path ? kx_fail_path(u->err, r, path) : r;
}

static int pass(struct unpacking *u, const struct keep_paths *paths, struct bytes rest,
		bool is_second)
{
	struct stream_entry e;
	int r;

	for (size_t i = 0; (r = stream_next(&rest, &e)) > 0; i++) {
		if (!is_below(paths, e.path))
			return kx_fail(u->err, -EBADMSG,
				       "%.*s was kept, and is below none of the paths of KEEP= now",
				       (int)e.path.n, (const char *)e.path.p);
		r = take(u, &e, i, is_second);
		if (r < 0)
			return r;
	}
	return r < 0 ? kx_fail(u->err, r, "what was kept cannot be read") : 0;
}

int keep_unpack(int root, const struct keep_paths *paths, struct bytes from,
		struct keep_counts *ret, struct kx_error *err)
{
	struct unpacking u = { .root = root, .err = err };
	int r = pass(&u, paths, from, false);

	if (r == 0)
		r = pass(&u, paths, from, true);
	if (r == 0)
		*ret = u.counts;
	strbuf_done(&u.made);
	return r;
}
