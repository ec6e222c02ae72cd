// SPDX-License-Identifier: LGPL-2.1-or-later
/* Parts of a request: paths, descriptors and bytes of the caller -> payloads. Secret ones are read into
 * one buffer of known size and overwritten before it is given back. */
#include "lib/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret-memory.h"

enum { SECRET_FIRST = 1 << 16, WIPE_STEP = 4096 };

const char *part_name(const struct kx_part *part)
{
	if (part->path)
		return part->path;
	return part->flags & KX_PART_FD ? "(descriptor)" : "(memory)";
}

const char *part_words(const struct kx_part *part)
{
	if (part->cmdline)
		return part->cmdline;
	return part->path ? part->path : "";
}

bool part_is_secret(const struct kx_part *part)
{
	return part->flags & KX_PART_SECRET;
}

/* An anonymous file of ours that was left writable for this. */
static void wipe_file(int fd)
{
	static const uint8_t zeros[WIPE_STEP];
	struct stat st;
	off_t at = 0;

	if (fstat(fd, &st) < 0)
		return;
	while (at < st.st_size) {
		const off_t left = st.st_size - at;
		const ssize_t put =
			pwrite(fd, zeros, left < WIPE_STEP ? (size_t)left : WIPE_STEP, at);

		if (put <= 0)
			return;
		at += put;
	}
}

void payload_done(struct payload *payload)
{
	if (payload->is_secret && payload->owns_file && payload->fd >= 0)
		wipe_file(payload->fd);
	fd_close(payload->fd);
	contents_done(&payload->file);
	if (payload->is_secret)
		secret_free(payload->buffer, payload->buffer_n);
	else
		free(payload->buffer);
	free(payload->parts);
	*payload = (struct payload){ .fd = -1 };
}

static int fail_part(const struct kx_part *part, int code, struct kx_error *err)
{
	const char *name = part_name(part);

	if (code == -EFBIG)
		(void)kx_fail(err, code, "%s: larger than is taken", name);
	else if (code == -ENODATA)
		(void)kx_fail(err, code, "%s: the file is empty", name);
	else
		(void)kx_fail(err, code, "%s: %s", name, open_strerror(code));
	return kx_fail_file(err, code, name);
}

static int part_check(const struct kx_part *part, struct kx_error *err)
{
	const bool is_fd = part->flags & KX_PART_FD;

	if (part->flags & ~(KX_PART_FD | KX_PART_SECRET))
		return kx_fail(err, -EINVAL, "a part of the request has unknown flags");
	if ((part->bytes && is_fd) || (!part->bytes && !is_fd && !part->path))
		return kx_fail(err, -EINVAL,
			       "a part of the request needs either bytes, or a descriptor, or a "
			       "path");
	return 0;
}

/* A descriptor of a file type that open_in() refuses is refused as well, except for pipes and
 * sockets, whose data ends when the writer closes them. A device may never end. */
static int fd_duplicate(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return NOT_A_FILE;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int part_open(struct kx_ctx *ctx, const struct kx_part *part, struct kx_error *err)
{
	const int fd = part->flags & KX_PART_FD ? fd_duplicate(part->fd)
						: open_in(ctx->file_root, part->path, O_RDONLY);

	return fd < 0 ? fail_part(part, fd, err) : fd;
}

/* ---- secrets */

/* Doubles the buffer and overwrites the old one; realloc(3) would leave a copy of the secret in
 * memory. */
static int secret_grow(uint8_t **p, size_t *cap)
{
	const size_t larger = *cap * 2;
	uint8_t *bigger = secret_alloc(larger);

	if (!bigger)
		return -ENOMEM;
	memcpy(bigger, *p, *cap);
	secret_free(*p, *cap);
	*p = bigger;
	*cap = larger;
	return 0;
}

/* The bytes at @at of a file, or the next ones of a pipe. */
static ssize_t read_next(int fd, void *p, size_t n, size_t at)
{
	ssize_t got;

	do {
		got = pread(fd, p, n, (off_t)at);
		if (got < 0 && errno == ESPIPE)
			got = read(fd, p, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static int secret_read(int fd, size_t max, struct payload *ret)
{
	size_t cap = SECRET_FIRST, n = 0;
	uint8_t *p = secret_alloc(cap);
	ssize_t got = p ? 1 : -ENOMEM;

	while (got > 0) {
		if (n == cap && secret_grow(&p, &cap) < 0)
			got = -ENOMEM;
		else
			got = read_next(fd, p + n, cap - n, n);
		if (got > 0)
			n += (size_t)got;
		if (got > 0 && n > max)
			got = -EFBIG;
	}
	if (got < 0) {
		secret_free(p, cap);
		return (int)got;
	}
	ret->buffer = p;
	ret->buffer_n = cap;
	ret->bytes = (struct bytes){ p, n };
	return 0;
}

/* ---- contents */

uint8_t *payload_alloc(size_t n, bool is_secret)
{
	return is_secret ? secret_alloc(n) : calloc(1, n ? n : 1);
}

static int bytes_copy(const struct kx_part *part, size_t max, struct payload *ret)
{
	if (part->n > max)
		return -EFBIG;
	ret->buffer = payload_alloc(part->n, ret->is_secret);
	if (!ret->buffer)
		return -ENOMEM;
	memcpy(ret->buffer, part->bytes, part->n);
	ret->buffer_n = part->n;
	ret->bytes = (struct bytes){ ret->buffer, part->n };
	return 0;
}

static int file_contents(int fd, bool is_secret, size_t max, struct payload *ret)
{
	int r;

	if (is_secret)
		return secret_read(fd, max, ret);
	r = contents_open(fd, max, &ret->file);
	if (r == 0)
		ret->bytes = (struct bytes){ ret->file.p, ret->file.n };
	return r;
}

int part_contents(struct kx_ctx *ctx, const struct kx_part *part, size_t max, struct payload *ret,
		  struct kx_error *err)
{
	_cleanup_close_ int fd = -1;
	int r;

	ret->is_secret = part_is_secret(part);
	if (part->bytes) {
		r = bytes_copy(part, max, ret);
	} else {
		fd = part_open(ctx, part, err);
		if (fd < 0)
			return fd;
		r = file_contents(fd, ret->is_secret, max, ret);
	}
	if (r == 0 && ret->bytes.n == 0)
		r = -ENODATA;
	return r < 0 ? fail_part(part, r, err) : 0;
}

/* 1 when the part is a regular file that can be passed itself. */
static int file_descriptor(struct kx_ctx *ctx, const struct kx_part *part, struct payload *ret,
			   struct kx_error *err)
{
	_cleanup_close_ int fd = part_open(ctx, part, err);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return fail_part(part, -errno, err);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_size == 0)
		return fail_part(part, -ENODATA, err);
	ret->bytes.n = (size_t)st.st_size;
	ret->is_secret = part_is_secret(part);
	ret->fd = TAKE_FD(fd);
	return 1;
}

int part_descriptor(struct kx_ctx *ctx, const struct kx_part *part, const char *what, size_t max,
		    struct payload *ret, struct kx_error *err)
{
	int r = part->bytes ? 0 : file_descriptor(ctx, part, ret, err);

	if (r == 0) {
		r = part_contents(ctx, part, max, ret, err);
		return r < 0 ? r : payload_seal(ret, what, err);
	}
	return r < 0 ? r : 0;
}

int payload_seal(struct payload *payload, const char *what, struct kx_error *err)
{
	const struct piece whole = { payload->bytes.p, payload->bytes.n };
	struct payload sealed = { .bytes.n = payload->bytes.n,
				  .is_secret = payload->is_secret,
				  .owns_file = true };
	int r = 0;

	if (payload->is_secret) { /* sealed it could not be overwritten */
		sealed.fd = memfd_create(what, MFD_CLOEXEC);
		r = sealed.fd < 0 ? -errno : write_all(sealed.fd, whole.p, whole.n);
	} else {
		sealed.fd = sealed_file(what, &whole, 1);
		r = sealed.fd < 0 ? sealed.fd : 0;
	}
	payload_done(payload);
	*payload = sealed;
	return r < 0 ? kx_fail(err, r, "anonymous file for the %s: %s", what, strerror(-r)) : 0;
}

/* ---- lists */

/* The size of an element of @parts depends on the header that the caller was compiled with. */
static int add_parts(struct part_list *list, const struct kx_part *parts, size_t n,
		     struct kx_error *err)
{
	const uint8_t *at = (const uint8_t *)parts;
	size_t stride = 0;

	if (n)
		memcpy(&stride, at, sizeof(stride));
	for (size_t i = 0; i < n; i++, at += stride) {
		struct kx_part *part = &list->v[list->n];
		int r = sized_in(at, part, sizeof(*part), err);

		if (r == 0)
			r = part_check(part, err);
		if (r < 0)
			return r;
		list->has_secret = list->has_secret || part_is_secret(part);
		list->n++;
	}
	return 0;
}

int part_list_make(const char *const *paths, size_t n_paths, bool with_arguments,
		   const struct kx_part *parts, size_t n_parts, struct part_list *ret,
		   struct kx_error *err)
{
	struct part_list list = { 0 };
	int r;

	if (n_paths > PARTS_MAX || n_parts > PARTS_MAX || n_paths + n_parts > PARTS_MAX)
		return kx_fail(err, -E2BIG, "%zu files are given, at most %d are taken",
			       n_paths + n_parts, PARTS_MAX);
	list.v = calloc(n_paths + n_parts + 1, sizeof(*list.v));
	list.owned = calloc(n_paths + 1, sizeof(*list.owned));
	r = list.v && list.owned ? 0 : kx_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < n_paths; i++) {
		const size_t n = with_arguments ? strcspn(paths[i], " ") : strlen(paths[i]);
		char *path = strndup(paths[i], n);

		if (!path)
			r = kx_fail(err, -ENOMEM, "out of memory");
		list.owned[list.n] = path;
		if (path)
			list.v[list.n++] = (struct kx_part){ .path = path, .cmdline = paths[i] };
	}
	if (r == 0)
		r = add_parts(&list, parts, n_parts, err);
	if (r < 0)
		part_list_done(&list);
	else
		*ret = list;
	return r;
}

int part_take(const struct kx_part *part, struct kx_part *ret, struct kx_error *err)
{
	struct kx_part taken;
	int r = sized_in(part, &taken, sizeof(taken), err);

	if (r == 0)
		r = part_check(&taken, err);
	if (r == 0)
		*ret = taken;
	return r;
}

void part_list_done(struct part_list *list)
{
	for (size_t i = 0; list->owned && list->owned[i]; i++)
		free(list->owned[i]);
	free(list->owned);
	free(list->v);
	*list = (struct part_list){ 0 };
}

int request_parts(struct kx_request *req, struct part_list *initrds, struct part_list *modules,
		  struct kx_error *err)
{
	int r = part_list_make(req->initrds, req->n_initrds, false, req->initrd_parts,
			       req->n_initrd_parts, initrds, err);

	if (r == 0)
		r = part_list_make(req->modules, req->n_modules, true, req->module_parts,
				   req->n_module_parts, modules, err);
	if (r < 0)
		return r;
	req->initrd_parts = initrds->v;
	req->n_initrd_parts = initrds->n;
	req->module_parts = modules->v;
	req->n_module_parts = modules->n;
	return 0;
}
