// SPDX-License-Identifier: LGPL-2.1-or-later
#include "capture/save.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "vmcore/record-text.h"

enum {
	TRIES_MAX = 8,
	LOOK_EVERY = 16 << 20, /* bytes between two looks at what is free */
	LOG_BUFFER_N = 64 << 10,
};

/* A file under its first name. */
struct partial {
	const struct capture_file *file;
	char *path;
	int fd;
	uint64_t written, looked_at;
};

static int fail(struct kx_error *err, int code, const char *path, const char *what)
{
	return kx_fail(err, code, "%s: %s: %s", path, what, strerror(-code));
}

/* ---- beginning */

/* Locked, so that what a killed process left differs from what another one is writing. 1: try again. */
static int open_once(struct partial *p, struct kx_error *err)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	_cleanup_close_ int fd = open(p->path, flags | O_CREAT | O_EXCL, 0600);
	const bool is_new = fd >= 0;
	struct stat st, now;

	if (fd < 0 && errno == EEXIST) {
		fd = open(p->path, flags);
		if (fd < 0 && errno == ENOENT)
			return 1;
	}
	if (fd < 0)
		return fail(err, -errno, p->path, "cannot make it");
	if (fstat(fd, &st) < 0)
		return fail(err, -errno, p->path, "cannot look at it");
	/* to a server of NFS root is another user */
	if (!S_ISREG(st.st_mode) || (!is_new && st.st_uid != geteuid()))
		return kx_fail(err, -EEXIST, "%s: is no file of this user: remove it", p->path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? kx_fail(err, -EBUSY, "%s: another process is writing it", p->path)
			       : fail(err, -errno, p->path, "cannot lock it");
	/* the one who wrote it may have given it its name just now */
	if (stat(p->path, &now) < 0 || now.st_ino != st.st_ino || now.st_dev != st.st_dev ||
	    now.st_nlink != 1)
		return 1;
	if (ftruncate(fd, 0) < 0)
		return fail(err, -errno, p->path, "cannot empty it");
	p->fd = TAKE_FD(fd);
	return 0;
}

static int look_for_room(struct partial *p)
{
	struct statvfs st;

	p->looked_at = p->written;
	if (fstatvfs(p->fd, &st) < 0)
		return -errno;
	return p->file->spare && (uint64_t)st.f_bavail * st.f_frsize < p->file->spare ? -ENOSPC : 0;
}

static void partial_done(struct partial *p)
{
	if (p->fd >= 0)
		(void)unlink(p->path);
	p->fd = fd_close(p->fd);
	free(TAKE_PTR(p->path));
}

static int partial_open(const struct capture_file *file, struct partial *ret, struct kx_error *err)
{
	struct partial p = { .file = file, .fd = -1 };
	int r = 1;

	if (faccessat(AT_FDCWD, file->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(err, -EEXIST, file->path, "cannot save under this name");
	if (asprintf(&p.path, "%s.incomplete", file->path) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; r > 0 && i < TRIES_MAX; i++)
		r = open_once(&p, err);
	if (r > 0)
		r = kx_fail(err, -EBUSY, "%s: other processes keep writing it", p.path);
	if (r == 0) {
		r = look_for_room(&p);
		if (r < 0)
			r = fail(err, r, file->path, "there is no room for it");
	}
	if (r < 0) {
		partial_done(&p);
		return r;
	}
	*ret = p;
	return 0;
}

/* ---- the end */

/* A file system that can neither rename without replacing nor link has no other way than to look first. */
static int rename_looking(const char *from, const char *to)
{
	if (faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return rename(from, to) < 0 ? -errno : 0;
}

static int rename_new(const char *from, const char *to)
{
	/* musl has no function for it */
	if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(from, to) == 0)
		return unlink(from) < 0 ? -errno : 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	return rename_looking(from, to);
}

static int sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent =
		slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
	_cleanup_close_ int dir = -1;

	if (!parent)
		return -ENOMEM;
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 || fsync(dir) < 0 ? -errno : 0;
}

/* A power failure does not take it away again. */
static int partial_finish(struct partial *p, struct kx_error *err)
{
	const char *to = p->file->path;
	int r;

	if (fsync(p->fd) < 0)
		return fail(err, -errno, p->path, "cannot write it to the disk");
	r = rename_new(p->path, to);
	if (r < 0)
		return fail(err, r, to, "cannot give it this name");
	p->fd = fd_close(p->fd);
	r = sync_parent(to);
	return r < 0 ? fail(err, r, to, "cannot write its name to the disk") : 0;
}

/* ---- dump */

static int write_part(void *data, uint64_t offset, const void *buf, size_t n)
{
	struct partial *p = data;
	int r;

	p->written += n;
	r = p->written - p->looked_at > LOOK_EVERY ? look_for_room(p) : 0;
	return r < 0 ? r : write_at(p->fd, buf, n, offset);
}

static int read_back(void *data, uint64_t offset, void *buf, size_t n)
{
	const struct partial *p = data;
	ssize_t got = read_at(p->fd, buf, n, offset);

	return got < 0 ? (int)got : (size_t)got < n ? -EIO : 0;
}

static void tell_progress(void *data, uint64_t done, uint64_t all)
{
	const struct partial *p = data;

	if (p->file->progress)
		p->file->progress(p->file->data, done, all);
}

int capture_save_dump(struct vmcore *core, const struct capture_file *file, unsigned level,
		      enum dump_packing packing, struct dump_counts *ret, struct kx_error *err)
{
	_cleanup_(partial_done) struct partial p = { .fd = -1 };
	const struct dump_sink sink = {
		.write_at = write_part, .read_at = read_back, .progress = tell_progress, .data = &p
	};
	struct dump_counts counts;
	int r = partial_open(file, &p, err);

	if (r < 0)
		return r;
	r = dump_write(core, level, packing, &sink, &counts, err);
	if (r < 0)
		return kx_fail_in(err, r, "%s", file->path);
	r = partial_finish(&p, err);
	if (r == 0)
		*ret = counts;
	return r;
}

/* ---- log */

struct log_writer {
	int fd;
	struct strbuf lines;
	uint64_t n;
};

static int flush(struct log_writer *w)
{
	int r = w->lines.failed		   ? -ENOMEM
		: w->lines.n && w->fd >= 0 ? write_all(w->fd, w->lines.s, w->lines.n)
					   : 0;

	w->n += w->lines.n;
	w->lines.n = 0;
	return r;
}

static int write_record(void *data, const struct vmcore_record *record)
{
	struct log_writer *w = data;
	size_t n;
	_cleanup_free_ char *line = vmcore_record_line(record, &n);

	if (!line)
		return -ENOMEM;
	strbuf_add_n(&w->lines, line, n);
	return w->lines.n >= LOG_BUFFER_N || w->lines.failed ? flush(w) : 0;
}

int capture_write_log(struct vmcore *core, int fd, struct vmcore_report *ret, uint64_t *ret_n,
		      struct kx_error *err)
{
	struct log_writer w = { .fd = fd };
	struct vmcore_report report;
	int r = vmcore_log(core, write_record, &w, &report, err);

	if (r == 0) {
		r = flush(&w);
		if (r < 0)
			r = kx_fail(err, r, "cannot write the log: %s", strerror(-r));
	}
	strbuf_done(&w.lines);
	if (r == 0) {
		*ret = report;
		*ret_n = w.n;
	}
	return r;
}

int capture_save_log(struct vmcore *core, const struct capture_file *file,
		     struct vmcore_report *ret, struct kx_error *err)
{
	_cleanup_(partial_done) struct partial p = { .fd = -1 };
	struct vmcore_report report;
	uint64_t n;
	int r = partial_open(file, &p, err);

	if (r < 0)
		return r;
	r = capture_write_log(core, p.fd, &report, &n, err);
	if (r < 0)
		return kx_fail_in(err, r, "%s: ", file->path);
	r = partial_finish(&p, err);
	if (r == 0)
		*ret = report;
	return r;
}
