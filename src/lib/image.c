// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernel files: opened, unpacked, recognised, kept. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/arch.h"

DEFINE_CLEANUP(struct kx_image *, kx_image_free)

static int image_read(struct kx_ctx *ctx, struct kx_image *image, struct kx_error *err)
{
	int r;

	image->fd = open_in(ctx->file_root, image->path, O_RDONLY);
	if (image->fd < 0)
		return kx_fail(err, image->fd, "%s: %s", image->path, open_strerror(image->fd));
	r = contents_open(image->fd, FILE_SIZE_MAX, &image->file);
	if (r == -EFBIG)
		return kx_fail(err, r, "%s: larger than 1 GiB, which no kernel is", image->path);
	if (r < 0)
		return kx_fail(err, r, "%s: %s", image->path, open_strerror(r));
	if (image->file.n == 0)
		return kx_fail(err, -ENODATA, "%s: the file is empty", image->path);
	image->contents = (struct bytes){ image->file.p, image->file.n };
	return 0;
}

static int image_unpack(struct kx_image *image, struct kx_error *err)
{
	size_t n;
	int r;

	image->compression = compression_detect(image->contents);
	if (!image->compression)
		return 0;
	r = decompress(image->contents, FILE_SIZE_MAX, &image->unpacked, &n, err);
	if (r < 0)
		return kx_fail_in(err, r, "%s", image->path);
	contents_done(&image->file);
	image->contents = (struct bytes){ image->unpacked, n };
	return 0;
}

/* A copy as a string, or NULL where there is none. */
static int bytes_string(struct bytes b, char **ret)
{
	if (b.p) {
		*ret = strndup((const char *)b.p, b.n);
		if (!*ret)
			return -ENOMEM;
	}
	return 0;
}

static int image_strings(struct kx_image *image)
{
	const struct image *i = &image->image;
	struct bytes version = { 0 };
	int r;

	if (i->is_uki && i->uki.uname.n)
		version = i->uki.uname;
	else
		version = image->arch->image_release(i);
	if (version.n == 0)
		version.p = NULL;

	r = bytes_string(version, &image->version);
	if (r == 0 && i->is_uki && uki_title(&i->uki, &image->title) == -ENOMEM)
		r = -ENOMEM; /* -ENOENT: it has no title */
	if (r == 0 && i->is_uki)
		r = bytes_string(i->uki.cmdline, &image->cmdline);
	return r;
}

KX_EXPORT int kx_image_open(struct kx_ctx *ctx, const char *path, const char *type,
			    struct kx_image **ret_image, struct kx_error *err)
{
	_cleanup_(kx_image_freep) struct kx_image *image = calloc(1, sizeof(*image));
	int r;

	if (!image)
		return kx_fail(err, -ENOMEM, "out of memory");
	image->fd = -1;
	image->path = strdup(path);
	if (!image->path)
		return kx_fail(err, -ENOMEM, "out of memory");

	r = arch_of(ctx, &image->arch, err);
	if (r < 0)
		return r;
	r = image_read(ctx, image, err);
	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_KERNEL_OPEN);
	r = image_unpack(image, err);
	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_KERNEL_UNPACK);
	r = image->arch->image_parse(image->contents, type, &image->image, err);
	if (r < 0)
		return kx_fail_at(err, kx_fail_in(err, r, "%s", path), KX_STEP_KERNEL_TYPE);
	if (image_strings(image) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");

	*ret_image = TAKE_PTR(image);
	return 0;
}

KX_EXPORT struct kx_image *kx_image_free(struct kx_image *image)
{
	if (image) {
		free(image->path);
		fd_close(image->fd);
		contents_done(&image->file);
		free(image->unpacked);
		free(image->version);
		free(image->title);
		free(image->cmdline);
	}
	free(image);
	return NULL;
}

KX_EXPORT int kx_image_info(const struct kx_image *image, struct kx_image_info *info)
{
	const struct image *i = &image->image;
	const struct kx_image_info found = {
		.type = i->name,
		.compression = image->compression,
		.version = image->version,
		.title = image->title,
		.cmdline = image->cmdline,
		.n_initrds = i->is_uki ? i->uki.n_initrds : 0,
		.cmdline_max = image->arch->image_cmdline_max(i),
		.file_load = image->arch->takes_file(i),
	};

	return sized_out(info, &found, sizeof(found));
}
