// SPDX-License-Identifier: LGPL-2.1-or-later
/* Initial ramdisks and multiboot modules: one file unchanged, or several joined into one. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "lib/internal.h"

/* Every archive starts at a multiple of four: an uncompressed one must
 * (Documentation/driver-api/early-userspace/buffer-format.rst), others may. */
enum { INITRD_ALIGN = 4, INITRDS_MAX = 256 };

void payload_done(struct payload *payload)
{
	fd_close(payload->fd);
	contents_done(&payload->file);
	free(payload->buffer);
	free(payload->parts);
	*payload = (struct payload){ .fd = -1 };
}

static int file_contents(struct kx_ctx *ctx, const char *path, struct payload *ret,
			 struct kx_error *err)
{
	_cleanup_close_ int fd = open_in(ctx->file_root, path, O_RDONLY);
	int r = fd < 0 ? fd : contents_open(fd, FILE_SIZE_MAX, &ret->file);

	if (r == -EFBIG)
		return kx_fail(err, r, "%s: larger than 1 GiB", path);
	if (r < 0)
		return kx_fail(err, r, "%s: %s", path, open_strerror(r));
	ret->bytes = (struct bytes){ ret->file.p, ret->file.n };
	return ret->file.n ? 0 : kx_fail(err, -ENODATA, "%s: the file is empty", path);
}

/* The one unchanged file: its own descriptor keeps its security.ima attribute. */
static int file_descriptor(struct kx_ctx *ctx, const char *path, struct payload *ret,
			   struct kx_error *err)
{
	struct stat st;

	ret->fd = open_in(ctx->file_root, path, O_RDONLY);
	if (ret->fd < 0)
		return kx_fail(err, ret->fd, "%s: %s", path, open_strerror(ret->fd));
	if (fstat(ret->fd, &st) < 0)
		return kx_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (st.st_size == 0)
		return kx_fail(err, -ENODATA, "%s: the file is empty", path);
	ret->bytes.n = (size_t)st.st_size;
	return 0;
}

static size_t aligned(size_t n)
{
	return (n + INITRD_ALIGN - 1) & ~(size_t)(INITRD_ALIGN - 1);
}

static int pieces_join(const struct contents *pieces, size_t n_pieces, struct payload *ret,
		       struct kx_error *err)
{
	size_t total = 0, at = 0, end = 0;

	for (size_t i = 0; i < n_pieces; i++)
		total += aligned(pieces[i].n);
	ret->buffer = calloc(1, total);
	ret->parts = calloc(n_pieces, sizeof(*ret->parts));
	if (!ret->buffer || !ret->parts)
		return kx_fail(err, -ENOMEM, "out of memory for %zu bytes of initial ramdisk",
			       total);
	for (size_t i = 0; i < n_pieces; i++) {
		contents_copy(&pieces[i], ret->buffer + at);
		ret->parts[ret->n_parts++] = (struct bytes){ ret->buffer + at, pieces[i].n };
		end = at + pieces[i].n;
		at += aligned(pieces[i].n);
	}
	/* The last one keeps its length: padding would only be copied. */
	ret->bytes = (struct bytes){ ret->buffer, end };
	return 0;
}

static int files_join(struct kx_ctx *ctx, const struct kx_request *req, struct payload *ret,
		      struct kx_error *err)
{
	struct payload *files = calloc(req->n_initrds, sizeof(*files));
	struct contents *pieces = calloc(req->n_initrds, sizeof(*pieces));
	int r = files && pieces ? 0 : kx_fail(err, -ENOMEM, "out of memory");

	for (size_t i = 0; r == 0 && i < req->n_initrds; i++) {
		r = file_contents(ctx, req->initrds[i], &files[i], err);
		pieces[i] = files[i].file;
	}
	if (r == 0)
		r = pieces_join(pieces, req->n_initrds, ret, err);

	for (size_t i = 0; files && i < req->n_initrds; i++)
		contents_done(&files[i].file);
	free(files);
	free(pieces);
	return r;
}

static int uki_join(const struct uki *uki, struct payload *ret, struct kx_error *err)
{
	struct contents pieces[UKI_INITRDS_MAX];

	if (uki->n_initrds == 1) { /* it lives as long as the image */
		ret->bytes = uki->initrds[0];
		return 0;
	}
	for (size_t i = 0; i < uki->n_initrds; i++)
		pieces[i] = (struct contents){ .p = (uint8_t *)(uintptr_t)uki->initrds[i].p,
					       .n = uki->initrds[i].n };
	return pieces_join(pieces, uki->n_initrds, ret, err);
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
	free(payload->parts);
	payload->buffer = NULL;
	payload->parts = NULL;
	payload->n_parts = 0;
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
		r = uki_join(&image->uki, ret, err);
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
			contents_done(&module.file);
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
