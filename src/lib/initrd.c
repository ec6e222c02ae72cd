// SPDX-License-Identifier: LGPL-2.1-or-later
/* Initial ramdisks and multiboot modules: one file unchanged, or several joined into one. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "image/initrd.h"
#include "lib/internal.h"

/* Every archive starts at a multiple of four: an uncompressed one must
 * (Documentation/driver-api/early-userspace/buffer-format.rst), others may. */
enum { INITRD_ALIGN = 4, INITRDS_MAX = 256 };

void payload_done(struct payload *payload)
{
	fd_close(payload->fd);
	free(payload->buffer);
	*payload = (struct payload){ .fd = -1 };
}

static int file_contents(struct kx_ctx *ctx, const char *path, struct payload *ret,
			 struct kx_error *err)
{
	size_t n;
	int r = read_file_in(ctx->file_root, path, FILE_SIZE_MAX, &ret->buffer, &n);

	if (r == -EFBIG)
		return kx_fail(err, r, "%s: larger than 1 GiB", path);
	if (r < 0)
		return kx_fail(err, r, "%s: %s", path, strerror(-r));
	ret->bytes = (struct bytes){ ret->buffer, n };
	return n ? 0 : kx_fail(err, -ENODATA, "%s: the file is empty", path);
}

/* The one unchanged file: its own descriptor keeps its security.ima attribute. */
static int file_descriptor(struct kx_ctx *ctx, const char *path, struct payload *ret,
			   struct kx_error *err)
{
	struct stat st;

	ret->fd = open_in(ctx->file_root, path, O_RDONLY);
	if (ret->fd < 0)
		return kx_fail(err, ret->fd, "%s: %s", path, strerror(-ret->fd));
	if (fstat(ret->fd, &st) < 0)
		return kx_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return kx_fail(err, -EINVAL, "%s: not a regular file, which the kernel insists on",
			       path);
	if (st.st_size == 0)
		return kx_fail(err, -ENODATA, "%s: the file is empty", path);
	ret->bytes.n = (size_t)st.st_size;
	return 0;
}

static size_t aligned(size_t n)
{
	return (n + INITRD_ALIGN - 1) & ~(size_t)(INITRD_ALIGN - 1);
}

static int pieces_join(const struct bytes *pieces, size_t n_pieces, struct payload *ret,
		       struct kx_error *err)
{
	size_t total = 0, at = 0;

	for (size_t i = 0; i < n_pieces; i++)
		total += aligned(pieces[i].n);
	ret->buffer = calloc(1, total);
	if (!ret->buffer)
		return kx_fail(err, -ENOMEM, "out of memory for %zu bytes of initial ramdisk",
			       total);
	for (size_t i = 0; i < n_pieces; i++) {
		memcpy(ret->buffer + at, pieces[i].p, pieces[i].n);
		at += aligned(pieces[i].n);
	}
	/* The last one keeps its length: padding would only be copied. */
	ret->bytes = (struct bytes){ ret->buffer, at - aligned(pieces[n_pieces - 1].n) +
							  pieces[n_pieces - 1].n };
	return 0;
}

static int files_join(struct kx_ctx *ctx, const struct kx_request *req, struct payload *ret,
		      struct kx_error *err)
{
	struct payload *files = calloc(req->n_initrds, sizeof(*files));
	struct bytes *pieces = calloc(req->n_initrds, sizeof(*pieces));
	int r = files && pieces ? 0 : kx_fail(err, -ENOMEM, "out of memory");

	for (size_t i = 0; r == 0 && i < req->n_initrds; i++) {
		files[i].fd = -1;
		r = file_contents(ctx, req->initrds[i], &files[i], err);
		pieces[i] = files[i].bytes;
	}
	if (r == 0)
		r = pieces_join(pieces, req->n_initrds, ret, err);

	for (size_t i = 0; files && i < req->n_initrds; i++)
		free(files[i].buffer);
	free(files);
	free(pieces);
	return r;
}

/* What a descriptor of our own must hold, once the contents are known. */
static int payload_seal(struct payload *payload, struct kx_error *err)
{
	const struct piece whole = { payload->bytes.p, payload->bytes.n };

	payload->fd = sealed_file("initrd", &whole, 1);
	if (payload->fd < 0)
		return kx_fail(err, payload->fd, "anonymous file for the initial ramdisk: %s",
			       strerror(-payload->fd));
	free(payload->buffer);
	payload->buffer = NULL;
	payload->bytes.p = NULL;
	return 0;
}

static int initrd_gather(struct kx_ctx *ctx, const struct kx_request *req, bool contents,
			 struct payload *ret, struct kx_error *err)
{
	const struct image *image = &req->image->image;
	int r = 0;

	if (req->n_initrds > INITRDS_MAX)
		return kx_fail(err, -E2BIG, "%zu initial ramdisks given, at most %d are joined",
			       req->n_initrds, INITRDS_MAX);
	if (req->n_initrds == 1)
		return contents ? file_contents(ctx, req->initrds[0], ret, err)
				: file_descriptor(ctx, req->initrds[0], ret, err);
	if (req->n_initrds > 1)
		r = files_join(ctx, req, ret, err);
	else if (image->is_uki && image->uki.n_initrds)
		r = pieces_join(image->uki.initrds, image->uki.n_initrds, ret, err);
	if (r == 0 && !contents && ret->bytes.n)
		r = payload_seal(ret, err);
	return r;
}

int initrd_open(struct kx_ctx *ctx, const struct kx_request *req, bool contents,
		struct payload *ret, struct kx_error *err)
{
	struct payload initrd = { .fd = -1 };
	int r = initrd_gather(ctx, req, contents, &initrd, err);

	if (r < 0) {
		payload_done(&initrd);
		return kx_fail_at(err, r, KX_STEP_INITRD);
	}
	*ret = initrd;
	return 0;
}

/* Of RAM, which has to hold the files that are made of it as well. */
enum { RAM_SHARE = 8 };

static size_t unpacked_max(const struct memmap *memory)
{
	uint64_t ram = 0;

	for (size_t i = 0; i < memory->n; i++)
		if (memory->v[i].type == MEMORY_RAM)
			ram += range_size(memory->v[i].range);
	return ram / RAM_SHARE < FILE_SIZE_MAX ? (size_t)(ram / RAM_SHARE) : (size_t)FILE_SIZE_MAX;
}

int initrd_unpack_now(struct kx_ctx *ctx, const struct memmap *memory, struct payload *packed,
		      struct payload *ret, char *ret_why_not, size_t why_not_n,
		      struct kx_error *err)
{
	struct payload plain = { .fd = -1 };
	struct initrd_unpacked what;
	size_t n;
	int r = initrd_unpack(packed->bytes, unpacked_max(memory), &plain.buffer, &n, &what, err);

	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_INITRD);
	(void)snprintf(ret_why_not, why_not_n, "%s", what.why_not);
	plain.bytes = (struct bytes){ plain.buffer, plain.buffer ? n : 0 };
	ctx_log(ctx, KX_LOG_DEBUG, "initrd: %zu parts unpacked, %zu bytes made of %zu",
		what.n_unpacked, plain.buffer ? n : packed->bytes.n, packed->bytes.n);
	*ret = plain;
	return 0;
}

int module_open(struct kx_ctx *ctx, const char *words, struct payload *ret, struct kx_error *err)
{
	_cleanup_free_ char *path = strndup(words, strcspn(words, " "));
	struct payload module = { .fd = -1 };
	size_t n;
	int r;

	if (!path)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = file_contents(ctx, path, &module, err);
	if (r == 0 && compression_detect(module.bytes)) {
		uint8_t *unpacked;

		r = decompress(module.bytes, FILE_SIZE_MAX, &unpacked, &n, err);
		if (r == 0) {
			free(module.buffer);
			module.buffer = unpacked;
			module.bytes = (struct bytes){ unpacked, n };
		} else {
			(void)kx_fail_in(err, r, "%s", path);
		}
	}
	if (r < 0) {
		payload_done(&module);
		return kx_fail_at(err, r, KX_STEP_MODULE);
	}
	*ret = module;
	return 0;
}
