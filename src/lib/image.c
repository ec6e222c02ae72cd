// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernel files: opened, unpacked, recognised, kept. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mapped.h"
#include "lib/arch.h"
#include "lib/image-read.h"
#include "lib/part.h"
#include "lib/unpack.h"

DEFINE_CLEANUP(struct kx_image *, kx_image_free)

/* Bytes in memory are copied to an anonymous file, so that kexec_file_load(2) can take them,
 * too. */
static int image_descriptor(struct kx_ctx *ctx, struct kx_image *image, const struct kx_part *part,
			    struct kx_error *err)
{
	struct payload file = { .fd = -1 };
	int r;

	image->is_anonymous = part->bytes || part->flags & KX_PART_FD;
	if (!image->is_anonymous) {
		image->fd = part_open(ctx, part, err);
		return image->fd < 0 ? image->fd : 0;
	}
	r = part_descriptor(ctx, part, "kernel", FILE_SIZE_MAX, &file, err);
	image->fd = TAKE_FD(file.fd);
	payload_done(&file);
	return r;
}

static int image_contents(struct kx_ctx *ctx, struct kx_image *image, const struct kx_part *part,
			  struct kx_error *err)
{
	int r = image_descriptor(ctx, image, part, err);

	if (r < 0)
		return r;
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

static int image_unpack(struct kx_ctx *ctx, struct kx_image *image, struct kx_error *err)
{
	struct contents unpacked;
	int r;

	image->compression = compression_detect(image->contents);
	if (!image->compression)
		return 0;
	r = unpack_file(ctx, image->contents, FILE_SIZE_MAX, &unpacked, err);
	if (r < 0)
		return kx_fail_in(err, r, "%s", image->path);
	contents_done(&image->file);
	image->file = unpacked;
	image->contents = (struct bytes){ unpacked.p, unpacked.n };
	return 0;
}

/* The kernel that is entered: the file itself, the section of a unified kernel image, or what is packed in one of
 * them. */
static int image_find_kernel(struct kx_ctx *ctx, struct kx_image *image, struct kx_error *err)
{
	const struct bytes packed = image->image.packed;
	int r;

	image->kernel = image->image.is_uki ? image->image.uki.linux_image : image->contents;
	if (!packed.n)
		return 0;
	r = unpack_file(ctx, packed, FILE_SIZE_MAX, &image->unpacked, err);
	if (r < 0)
		return kx_fail_in(err, r, "%s: %s", image->path, image->image.name);
	image->compression = compression_detect(packed);
	image->kernel = (struct bytes){ image->unpacked.p, image->unpacked.n };
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
	if (r == 0 && i->is_uki)
		r = bytes_string(i->uki.cmdline, &image->cmdline);
	return r;
}

static int fail_image(struct kx_error *err, int code, const char *path, enum kx_step step)
{
	return kx_fail_at(err, kx_fail_file(err, code, path), step);
}

static int image_fill(struct kx_ctx *ctx, const struct kx_part *part, const char *type,
		      struct kx_image *image, struct kx_error *err)
{
	const char *name = part_name(part);
	int r;

	image->path = strdup(name);
	if (!image->path)
		return kx_fail(err, -ENOMEM, "out of memory");

	r = arch_of(ctx, &image->arch, err);
	if (r < 0)
		return r;
	r = image_contents(ctx, image, part, err);
	if (r < 0)
		return fail_image(err, r, name, KX_STEP_KERNEL_OPEN);
	r = image_unpack(ctx, image, err);
	if (r < 0)
		return fail_image(err, r, name, KX_STEP_KERNEL_UNPACK);
	r = image_read(ctx, image->arch, image->contents, type, &image->image, &image->title, err);
	if (r < 0)
		return fail_image(err, kx_fail_in(err, r, "%s", name), name, KX_STEP_KERNEL_TYPE);
	r = image_find_kernel(ctx, image, err);
	if (r < 0)
		return fail_image(err, r, name, KX_STEP_KERNEL_UNPACK);
	if (image->image.packed.n)
		r = image_read_unpacked(ctx, image->arch, image->kernel, &image->image, err);
	if (r < 0)
		return fail_image(err, kx_fail_in(err, r, "%s", name), name, KX_STEP_KERNEL_TYPE);
	return image_strings(image) < 0 ? kx_fail(err, -ENOMEM, "out of memory") : 0;
}

static int image_open(struct kx_ctx *ctx, const struct kx_part *part, const char *type,
		      struct kx_image **ret_image, struct kx_error *err)
{
	_cleanup_(kx_image_freep) struct kx_image *image = calloc(1, sizeof(*image));
	struct kx_error why = { 0 }, changed = { 0 };
	int r, stale;

	if (!image)
		return kx_fail(err, -ENOMEM, "out of memory");
	image->fd = -1;
	image->n_changes = mapped_changes();
	r = image_fill(ctx, part, type, image, &why);
	/* what is wrong with half a file is no reason that helps anybody */
	stale = mapped_check(image->n_changes, &changed);
	if (stale < 0)
		return fail_image(err, kx_fail_as(err, stale, &changed), part_name(part),
				  KX_STEP_KERNEL_OPEN);
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	*ret_image = TAKE_PTR(image);
	return 0;
}

KX_EXPORT int kx_image_open(struct kx_ctx *ctx, const char *path, const char *type,
			    struct kx_image **ret_image, struct kx_error *err)
{
	return image_open(ctx, &(struct kx_part){ .path = path }, type, ret_image, err);
}

KX_EXPORT int kx_image_open_part(struct kx_ctx *ctx, const struct kx_part *part, const char *type,
				 struct kx_image **ret_image, struct kx_error *err)
{
	struct kx_part taken;
	int r = part_take(part, &taken, err);

	if (r == 0 && part_is_secret(&taken))
		r = kx_fail(err, -EOPNOTSUPP,
			    "%s: a kernel cannot be secret, because unpacking and placing it make "
			    "copies; put what is secret into an initial ramdisk of its own",
			    part_name(&taken));
	return r < 0 ? kx_fail_at(err, r, KX_STEP_ARGUMENT)
		     : image_open(ctx, &taken, type, ret_image, err);
}

const struct kx_image *image_ref(const struct kx_image *image)
{
	__atomic_add_fetch(&((struct kx_image *)(uintptr_t)image)->n_refs, 1, __ATOMIC_RELAXED);
	return image;
}

/* Releases one reference; the last owner, the caller or a plan made of the image, frees it. */
KX_EXPORT struct kx_image *kx_image_free(struct kx_image *image)
{
	if (!image || __atomic_fetch_sub(&image->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
		return NULL;
	free(image->path);
	fd_close(image->fd);
	contents_done(&image->file);
	contents_done(&image->unpacked);
	free(image->version);
	free(image->title);
	free(image->cmdline);
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
