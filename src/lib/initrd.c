// SPDX-License-Identifier: LGPL-2.1-or-later
/* Initial ramdisks and multiboot modules: one file unchanged, or several joined into one. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "lib/part.h"
#include "lib/unpack.h"

/* Every archive starts at a multiple of four: an uncompressed one must
 * (Documentation/driver-api/early-userspace/buffer-format.rst), others may. */
enum { INITRD_ALIGN = 4 };

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
	ret->buffer_n = total;
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
	const size_t n = req->n_initrd_parts;
	struct payload *files = calloc(n, sizeof(*files));
	struct contents *pieces = calloc(n, sizeof(*pieces));
	size_t n_read = 0;
	int r = files && pieces ? 0 : kx_fail(err, -ENOMEM, "out of memory");

	for (; r == 0 && n_read < n; n_read++) {
		struct payload *file = &files[n_read];

		file->fd = -1;
		r = part_contents(ctx, &req->initrd_parts[n_read], INITRD_SIZE_MAX, file, err);
		pieces[n_read] = (struct contents){ .p = (uint8_t *)(uintptr_t)file->bytes.p,
						    .n = file->bytes.n,
						    .is_mapped = file->file.is_mapped };
		ret->is_secret = ret->is_secret || file->is_secret;
	}
	if (r == 0)
		r = pieces_join(pieces, n, ret, err);
	for (size_t i = 0; i < n_read; i++)
		payload_done(&files[i]);
	free(files);
	free(pieces);
	return r;
}

static int uki_join(const struct uki *uki, struct payload *ret, struct kx_error *err)
{
	struct contents pieces[UKI_INITRDS_MAX];

	if (uki->n_initrds == 1) { /* borrowed from the image of a UKI */
		ret->bytes = uki->initrds[0];
		return 0;
	}
	for (size_t i = 0; i < uki->n_initrds; i++)
		pieces[i] = (struct contents){ .p = (uint8_t *)(uintptr_t)uki->initrds[i].p,
					       .n = uki->initrds[i].n };
	return pieces_join(pieces, uki->n_initrds, ret, err);
}

static int initrd_gather(struct kx_ctx *ctx, const struct kx_request *req, bool contents,
			 struct payload *ret, struct kx_error *err)
{
	const struct image *image = &req->image->image;
	int r = 0;

	if (req->n_initrd_parts == 1)
		return contents ? part_contents(ctx, req->initrd_parts, INITRD_SIZE_MAX, ret, err)
				: part_descriptor(ctx, req->initrd_parts, "initrd", INITRD_SIZE_MAX,
						  ret, err);
	if (req->n_initrd_parts > 1)
		r = files_join(ctx, req, ret, err);
	else if (image->is_uki && image->uki.n_initrds)
		r = uki_join(&image->uki, ret, err);
	if (r == 0 && !contents && ret->bytes.n)
		r = payload_seal(ret, "initrd", err);
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

static int module_unpack(struct kx_ctx *ctx, const struct kx_part *part, struct payload *module,
			 struct kx_error *err)
{
	struct contents unpacked;
	int r;

	if (module->is_secret)
		return kx_fail(err, -EOPNOTSUPP,
			       "%s: it is compressed and secret, and decompressors leave copies "
			       "behind: hand it over unpacked",
			       part_name(part));
	r = unpack_file(ctx, module->bytes, FILE_SIZE_MAX, &unpacked, err);
	if (r < 0)
		return kx_fail_in(err, r, "%s", part_name(part));
	payload_done(module);
	module->file = unpacked;
	module->bytes = (struct bytes){ unpacked.p, unpacked.n };
	return 0;
}

int module_open(struct kx_ctx *ctx, const struct kx_part *part, struct payload *ret,
		struct kx_error *err)
{
	struct payload module = { .fd = -1 };
	int r = part_contents(ctx, part, FILE_SIZE_MAX, &module, err);

	if (r == 0 && compression_detect(module.bytes))
		r = module_unpack(ctx, part, &module, err);
	if (r < 0) {
		payload_done(&module);
		return kx_fail_at(err, kx_fail_file(err, r, part_name(part)), KX_STEP_MODULE);
	}
	*ret = module;
	return 0;
}
