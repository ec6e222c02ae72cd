/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Interface between decompress.c and the decoders, one file per library. */

#include <stdatomic.h>

#include "image/image.h"

/* Limit on the memory of a decoder. Kernels use dictionaries of up to 128 MiB. */
#define DECODER_MEMORY_MAX (UINT64_C(512) << 20)

/* Unpacked bytes so far: the buffer grows as needed, up to @max and one byte. */
struct unpacked {
	uint8_t *p;
	size_t n, capacity, max;
	size_t expected;	      /* the least that it grows by */
	struct unpacked_share *share; /* what several may take altogether, or NULL */
	/* @p is a room of @capacity bytes, and does not grow; of it is @ready already: */
	bool is_fixed;
	size_t ready;
	void (*make_ready)(uint8_t *p, size_t n);
};

static inline struct unpacked unpacked_in(const struct room *room)
{
	return (struct unpacked){ .p = room->p,
				  .capacity = room->n,
				  .is_fixed = true,
				  .ready = room->ready ? 0 : room->n,
				  .make_ready = room->ready };
}

struct unpacked_share {
	atomic_size_t taken;
	size_t max;
	atomic_bool is_over; /* one was refused because of what the others had taken */
};

/* Makes room for at least one more byte: at @ret, *ret_n bytes. -EFBIG when @max is exceeded. */
_must_check_ int unpacked_room(struct unpacked *out, uint8_t **ret, size_t *ret_n,
			       struct kx_error *err);
/* The stream says that it becomes @n bytes: a decoder may be faster when it gets room for all of them. */
void unpacked_expect(struct unpacked *out, size_t n);
/* Counts @n bytes that were written to that room. */
void unpacked_add(struct unpacked *out, size_t n);

/* Unpacks the first stream of @file to the end of @out, which failure leaves unchanged; the
 * stream ends *ret_used bytes into @file. Codes as decompress(). */
_must_check_ int decompress_append(struct bytes file, struct unpacked *out, size_t *ret_used,
				   struct kx_error *err);

/* decompress() to @room: at most one byte less than that. */
_must_check_ int decompress_to(struct bytes file, const struct room *room, size_t *ret_n,
			       struct kx_error *err);

/* Time that the next kernel needs to unpack a byte of a format like @file's, in picoseconds on a
 * processor of 2.6 GHz; 0 for a file that is not packed. Only the ratio of these numbers
 * matters. */
unsigned compression_cost(struct bytes file);

/* Errors that every decoder has. */
int unpack_fail_cut_off(const struct unpacked *out, struct kx_error *err);
int unpack_fail_damaged(const struct unpacked *out, const char *why, struct kx_error *err);

/*
 * Type of a decoder: unpacks one stream at the start of @in to the end of @out, and returns the
 * length of the stream in *ret_used. -EBADMSG damaged or cut off, -EFBIG, -ENOMEM.
 */
typedef int unpack_fn(struct bytes in, struct unpacked *out, size_t *ret_used,
		      struct kx_error *err);
unpack_fn unpack_gzip, unpack_xz, unpack_lzma, unpack_zstd, unpack_lz4, unpack_lz4_legacy,
	unpack_bzip2, unpack_lzop;
