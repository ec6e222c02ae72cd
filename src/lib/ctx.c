// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contexts: the root directory of a machine's files, and the receiver of log lines. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/io.h"
#include "base/place.h"
#include "confined/reader.h"
#include "lib/internal.h"

int sized_in(const void *from, void *ret, size_t n, struct kx_error *err)
{
	const uint8_t *bytes = from;
	size_t size;

	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size))
		return kx_fail(err, -EINVAL, "the structure's size field is not filled in");
	for (size_t i = n; i < size; i++)
		if (bytes[i])
			return kx_fail(err, -E2BIG,
				       "the caller asks for something that this version of "
				       "libkexec (%s) does not know",
				       VERSION);
	memset(ret, 0, n);
	memcpy(ret, from, size < n ? size : n);
	return 0;
}

int sized_out(void *to, const void *from, size_t n)
{
	size_t size;

	memcpy(&size, to, sizeof(size));
	if (size < sizeof(size))
		return -EINVAL;
	memcpy((uint8_t *)to + sizeof(size), (const uint8_t *)from + sizeof(size),
	       (size < n ? size : n) - sizeof(size));
	return 0;
}

void ctx_log(const struct kx_ctx *ctx, enum kx_log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (!ctx->log)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ctx->log(ctx->log_data, level, line);
}

static void tell_log(void *data, enum tell kind, const char *sentence)
{
	ctx_log(data, kind == TELL_DETAIL ? KX_LOG_DETAIL : KX_LOG_WARNING, "%s", sentence);
}

int ctx_reader_run(struct kx_ctx *ctx, const struct reader *reader, struct kx_error *err)
{
	const struct teller teller = { tell_log, ctx };

	return reader_run(&teller, reader, err);
}

static int root_open(const char *path, struct kx_error *err)
{
	int fd = open_in(ROOT_HERE, path, O_PATH | O_DIRECTORY);

	if (fd < 0)
		return kx_fail_file(err,
				    kx_fail(err, fd, "%s: cannot be used as a root directory: %s",
					    path, strerror(-fd)),
				    path);
	return fd;
}

static int open_roots(struct kx_ctx *ctx, const struct kx_ctx_opts *o, struct kx_error *err)
{
	const char *root = o->root ? o->root : ctx->sys->root;
	int fd;

	if (o->root && o->files)
		return kx_fail(err, -EINVAL,
			       "a context has a root or a directory of files, not both");
	if (root) {
		fd = root_open(root, err);
		if (fd < 0)
			return fd;
		ctx->machine_root = fd;
	}
	if (o->root)
		ctx->file_root = ctx->machine_root;
	if (!o->files)
		return 0;
	fd = root_open(o->files, err);
	if (fd < 0)
		return fd;
	ctx->file_root = fd;
	return 0;
}

KX_EXPORT int kx_ctx_new(const struct kx_ctx_opts *opts, struct kx_ctx **ret_ctx,
			 struct kx_error *err)
{
	struct kx_ctx_opts o = { 0 };
	struct kx_ctx *ctx;
	int r;

	if (opts) {
		r = sized_in(opts, &o, sizeof(o), err);
		if (r < 0)
			return kx_fail_at(err, r, KX_STEP_ARGUMENT);
	}
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return kx_fail(err, -ENOMEM, "out of memory");
	*ctx = (struct kx_ctx){ .sys = sys_machine(),
				.machine_root = ROOT_HERE,
				.file_root = ROOT_HERE,
				.captured = o.root != NULL,
				.log = o.log,
				.log_data = o.log_data };
	r = open_roots(ctx, &o, err);
	if (r < 0) {
		(void)kx_ctx_free(ctx);
		return kx_fail_at(err, r, KX_STEP_ARGUMENT);
	}
	*ret_ctx = ctx;
	return 0;
}

bool ctx_has_place(const struct kx_ctx *ctx, const char *name)
{
	for (size_t i = 0; i < ctx->n_places; i++)
		if (strcmp(ctx->places[i], name) == 0)
			return true;
	return false;
}

int ctx_add_place(struct kx_ctx *ctx, const char *name, int fd)
{
	_cleanup_free_ char *copy = NULL;
	int r;

	if (ctx_has_place(ctx, name)) {
		r = place_add(ctx->machine_root, name, fd);
		if (r == 0)
			place_remove(ctx->machine_root, name); /* it has this owner already */
		return r;
	}
	copy = strdup(name);
	if (!copy ||
	    array_room(&ctx->places, ctx->n_places, &ctx->places_room, sizeof(*ctx->places)) < 0)
		return -ENOMEM;
	r = place_add(ctx->machine_root, name, fd);
	if (r == 0)
		ctx->places[ctx->n_places++] = TAKE_PTR(copy);
	return r;
}

KX_EXPORT struct kx_ctx *kx_ctx_free(struct kx_ctx *ctx)
{
	if (!ctx)
		return NULL;
	for (size_t i = 0; i < ctx->n_places; i++) {
		place_remove(ctx->machine_root, ctx->places[i]);
		free(ctx->places[i]);
	}
	free(ctx->places);
	if (ctx->file_root != ctx->machine_root)
		fd_close(ctx->file_root);
	fd_close(ctx->machine_root);
	free(ctx);
	return NULL;
}

KX_EXPORT const char *kx_version(void)
{
	return VERSION;
}
