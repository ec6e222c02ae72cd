// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unlock/key-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "preflight/unlock.h"
#include "preflight/volumes.h"
#include "unlock/initramfs-tools.h"

#define TABLE "/etc/crypttab"
enum { TABLE_MAX = 1 << 20, PATH_SIZE = 512 };

/* Where the key is. */
struct place {
	char path[PATH_SIZE];
	uint64_t offset, size; /* a size of 0: up to the end */
};

/* 0 where the option is not there. */
static bool take_number(struct bytes options, const char *name, uint64_t *ret)
{
	const struct bytes value = option_value(options, name);
	char text[24] = "";

	*ret = 0;
	if (!value.p)
		return true;
	if (value.n >= sizeof(text))
		return false;
	memcpy(text, value.p, value.n);
	return parse_u64(text, ret) == 0;
}

/* A path of the line; not one on another device, and nothing that is read endlessly. */
static bool names_file(const struct crypt_line *line)
{
	return line->key.n > 1 && line->key.n < PATH_SIZE && line->key.p[0] == '/' &&
	       !memchr(line->key.p, ':', line->key.n) && !option_is(line->options, "keyscript");
}

static int by_line(const struct crypt_line *line, struct place *ret, struct kx_error *err)
{
	(void)snprintf(ret->path, sizeof(ret->path), "%.*s", (int)line->key.n,
		       (const char *)line->key.p);
	if (take_number(line->options, "keyfile-offset", &ret->offset) &&
	    take_number(line->options, "keyfile-size", &ret->size))
		return 0;
	return kx_fail(err, -EINVAL,
		       TABLE ": \"%.*s\": keyfile-offset= or keyfile-size= is no number",
		       (int)line->name.n, (const char *)line->name.p);
}

/* 1: a line names it. */
static int by_table(int root, struct bytes name, struct place *ret, struct kx_error *err)
{
	_cleanup_close_ int fd = open_trusted_in(root, TABLE, O_RDONLY);
	_cleanup_free_ uint8_t *text = NULL;
	struct crypt_line line;
	struct lines lines;
	size_t n;
	int r;

	if (fd == -ENOENT)
		return 0;
	r = fd < 0 ? fd : read_fd(fd, TABLE_MAX, &text, &n);
	if (r < 0)
		return kx_fail_path(err, r, TABLE);
	lines = lines_of((struct bytes){ text, n });
	while (crypt_line_next(&lines, &line))
		if (bytes_equal(line.name, name) && names_file(&line)) {
			r = by_line(&line, ret, err);
			return r < 0 ? r : 1;
		}
	return 0;
}

/* It becomes a part of a path. */
static int by_directory(struct bytes name, struct place *ret, struct kx_error *err)
{
	if (!name.n || name.n > PATH_SIZE / 2 || memchr(name.p, '/', name.n))
		return kx_fail(err, -ENOENT, "\"%.*s\": no name of a volume with a key file",
			       (int)name.n, (const char *)name.p);
	*ret = (struct place){ .offset = 0 };
	(void)snprintf(ret->path, sizeof(ret->path), KEY_DIRECTORY "/%.*s.key", (int)name.n,
		       (const char *)name.p);
	return 0;
}

static int read_key(int fd, const struct place *at, struct secret *ret)
{
	const size_t want = at->size && at->size < ret->room ? (size_t)at->size : ret->room;
	ssize_t n = 1;

	if (lseek(fd, (off_t)at->offset, SEEK_SET) < 0)
		return -errno;
	while (n != 0 && ret->n < want) {
		n = read(fd, ret->p + ret->n, want - ret->n);
		if (n < 0 && errno != EINTR)
			return -errno;
		ret->n += n > 0 ? (size_t)n : 0;
	}
	return ret->n == 0 ? -EINVAL : ret->n > KEY_FILE_MAX ? -EFBIG : 0;
}

static int open_key(int root, const struct place *at, int *ret_fd)
{
	_cleanup_close_ int fd = open_trusted_in(root, at->path, O_RDONLY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int key_file_read(int root, struct bytes name, struct secret *ret, struct kx_error *err)
{
	_cleanup_secret_ struct secret key = { .p = NULL };
	_cleanup_close_ int fd = -1;
	struct place at = { .offset = 0 };
	int r = by_table(root, name, &at, err);

	if (r == 0)
		r = by_directory(name, &at, err);
	if (r < 0)
		return r;
	r = open_key(root, &at, &fd);
	/* one more, so that a longer one shows */
	if (r == 0)
		r = secret_new(&key, KEY_FILE_MAX + 1);
	if (r == 0)
		r = read_key(fd, &at, &key);
	if (r == -ENOENT)
		return kx_fail(err, r, "%s: no such file: it would be the key file of \"%.*s\"",
			       at.path, (int)name.n, (const char *)name.p);
	if (r == -EFBIG)
		return kx_fail(err, r,
			       "%s: a key file of more than %d bytes is not handed over; "
			       "keyfile-size= of crypttab(5) says how much of it is the key",
			       at.path, KEY_FILE_MAX);
	if (r == -EINVAL)
		return kx_fail(err, r, "%s: no file with a key in it", at.path);
	if (r < 0)
		return kx_fail_path(err, r, at.path);
	*ret = key;
	key = (struct secret){ .p = NULL };
	return 0;
}
