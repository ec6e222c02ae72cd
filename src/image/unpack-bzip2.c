// SPDX-License-Identifier: LGPL-2.1-or-later
#include <bzlib.h>
#include <errno.h>
#include <limits.h>

#include "base/error.h"
#include "image/decompress.h"

/* libbz2 counts in unsigned int. */
static unsigned at_most_uint(size_t n)
{
	return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

static int decode_all(bz_stream *s, struct bytes in, struct unpacked *out, size_t *ret_used,
		      struct kx_error *err)
{
	size_t used = 0;
	int r;

	do {
		unsigned given = at_most_uint(in.n - used), room_n;
		uint8_t *to;
		size_t room;

		r = unpacked_room(out, &to, &room, err);
		if (r < 0)
			return r;
		room_n = at_most_uint(room);
		s->next_in = (char *)(uintptr_t)(in.p + used); /* only read, but not const there */
		s->avail_in = given;
		s->next_out = (char *)to;
		s->avail_out = room_n;

		r = BZ2_bzDecompress(s);
		used += given - s->avail_in;
		unpacked_add(out, room_n - s->avail_out);
		if (r == BZ_OK && s->avail_in == given && s->avail_out == room_n)
			return unpack_fail_cut_off(out, err);
	} while (r == BZ_OK);

	if (r == BZ_MEM_ERROR)
		return kx_fail(err, -ENOMEM, "no memory for the decoder");
	if (r != BZ_STREAM_END)
		return unpack_fail_damaged(out, "wrong data or wrong checksum", err);
	*ret_used = used;
	return 0;
}

int unpack_bzip2(struct bytes in, struct unpacked *out, size_t *ret_used, struct kx_error *err)
{
	bz_stream s = { 0 };
	int r;

	if (BZ2_bzDecompressInit(&s, 0, 0) != BZ_OK)
		return kx_fail(err, -ENOMEM, "no memory for the decoder");
	r = decode_all(&s, in, out, ret_used, err);
	(void)BZ2_bzDecompressEnd(&s);
	return r;
}
