// SPDX-License-Identifier: LGPL-2.1-or-later
#define ZLIB_CONST /* next_in is only read */
#include <errno.h>
#include <limits.h>
#include <zlib.h>

#include "base/error.h"
#include "image/decompress.h"

/* zlib counts in unsigned int. */
static uInt at_most_uint(size_t n)
{
	return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

static int inflate_all(z_stream *z, struct bytes in, struct unpacked *out, size_t *ret_used,
		       struct kx_error *err)
{
	size_t used = 0;
	int r;

	do {
		uint8_t *to;
		size_t room;

		r = unpacked_room(out, &to, &room, err);
		if (r < 0)
			return r;
		z->next_in = in.p + used;
		z->avail_in = at_most_uint(in.n - used);
		z->next_out = to;
		z->avail_out = at_most_uint(room);

		r = inflate(z, Z_NO_FLUSH);
		used = (size_t)(z->next_in - in.p);
		unpacked_add(out, (size_t)(z->next_out - to));
	} while (r == Z_OK);

	switch (r) {
	case Z_STREAM_END:
		*ret_used = used;
		return 0;
	case Z_BUF_ERROR: /* nothing read, nothing written, though there was room */
		return unpack_fail_cut_off(out, err);
	case Z_MEM_ERROR:
		return kx_fail(err, -ENOMEM, "no memory for the decoder");
	default:
		return unpack_fail_damaged(out, z->msg ? z->msg : "no gzip data", err);
	}
}

int unpack_gzip(struct bytes in, struct unpacked *out, size_t *ret_used, struct kx_error *err)
{
	z_stream z = { 0 };
	int r;

	/* 16: gzip header and trailer are read and checked */
	if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK)
		return kx_fail(err, -ENOMEM, "no memory for the decoder");
	r = inflate_all(&z, in, out, ret_used, err);
	(void)inflateEnd(&z);
	return r;
}
