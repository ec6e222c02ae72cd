/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The headers of a kernel file, read by a child that can do nothing else (confined/reader.h). Errors are those of
 * image_parse() and of reader_run(); no file name is in the sentence. */

#include "lib/arch.h"

/* image_parse(). @ret_title is set to the title that a unified kernel image has, or to NULL; to be freed. */
_must_check_ int image_read(struct kx_ctx *ctx, const struct arch *arch, struct bytes file,
			    const char *demanded, struct image *ret, char **ret_title,
			    struct kx_error *err);
/* image_parse_unpacked() */
_must_check_ int image_read_unpacked(struct kx_ctx *ctx, const struct arch *arch,
				     struct bytes kernel, struct image *image,
				     struct kx_error *err);
