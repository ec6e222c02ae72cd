/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Between decompress.c and the decoders, one file per library. */

#include <stdatomic.h>

#include "image/image.h"

/* Decoders take no more for themselves. Kernels use dictionaries of up to 128 MiB. */
#define DECODER_MEMORY_MAX (UINT64_C(512) << 20)

/* What has been unpacked so far: grows as the stream says more, up to @max and one byte. */
struct unpacked {
	uint8_t *p;
	size_t n, capacity, max;
	size_t expected;	      /* the least that it grows by */
	struct unpacked_share *share; /* what several may take altogether, or NULL */
};

struct unpacked_share {
	atomic_size_t taken;
	size_t max;
	atomic_bool is_over; /* one was refused because of the others */
};

/* Room for at least one more byte at @ret, *ret_n bytes of it. -EFBIG when @max is passed. */
_must_check_ int unpacked_room(struct unpacked *out, uint8_t **ret, size_t *ret_n,
			       struct kx_error *err);
/* @n bytes of that room are filled now. */
void unpacked_add(struct unpacked *out, size_t n);

/* Appends the first stream of @file to @out, which failure leaves as it was; the stream ends *ret_used
 * bytes into @file. Codes as decompress(). */
_must_check_ int decompress_append(struct bytes file, struct unpacked *out, size_t *ret_used,
				   struct kx_error *err);

/* What the next kernel takes to unpack a byte of what is packed like @file, in picoseconds on a
 * processor of 2.6 GHz; 0 for what is not packed. Only how these compare matters. */
unsigned compression_cost(struct bytes file);

/* The two sentences that every decoder has to say. */
int unpack_fail_cut_off(const struct unpacked *out, struct kx_error *err);
int unpack_fail_damaged(const struct unpacked *out, const char *why, struct kx_error *err);

/*
 * Each decodes one stream at the start of @in, appends to @out and tells how many bytes of @in the
 * stream had. -EBADMSG damaged or cut off, -EFBIG, -ENOMEM.
 */
typedef int unpack_fn(struct bytes in, struct unpacked *out, size_t *ret_used,
		      struct kx_error *err);
unpack_fn unpack_gzip, unpack_xz, unpack_lzma, unpack_zstd, unpack_lz4, unpack_lz4_legacy,
	unpack_bzip2;
