// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <zstd.h>

#include "base/error.h"
#include "image/decompress.h"

/* Kernels are packed with `zstd -22 --ultra`: a window of 2^27 bytes. */
#define WINDOW_LOG_MAX 28
/* Limit on what a stream may say about its size for that to be believed; real ones become ten times as large. */
#define RATIO_MAX 64u

/* With room for all of it libzstd needs no buffers of its own. */
static void expect(struct bytes in, struct unpacked *out)
{
	const unsigned long long n = ZSTD_getFrameContentSize(in.p, in.n);

	if (n != ZSTD_CONTENTSIZE_UNKNOWN && n != ZSTD_CONTENTSIZE_ERROR && n / RATIO_MAX <= in.n)
		unpacked_expect(out, (size_t)n);
}

static int decode_frame(ZSTD_DCtx *ctx, struct bytes in, struct unpacked *out, size_t *ret_used,
			struct kx_error *err)
{
	ZSTD_inBuffer from = { in.p, in.n, 0 };
	size_t left;

	do {
		ZSTD_outBuffer to = { 0 };
		size_t was = from.pos;
		uint8_t *p;
		int r;

		r = unpacked_room(out, &p, &to.size, err);
		if (r < 0)
			return r;
		to.dst = p;
		left = ZSTD_decompressStream(ctx, &to, &from);
		if (ZSTD_isError(left))
			return unpack_fail_damaged(out, ZSTD_getErrorName(left), err);
		unpacked_add(out, to.pos);
		if (left != 0 && to.pos < to.size && from.pos == was)
			return unpack_fail_cut_off(out, err);
	} while (left != 0); /* 0: the frame is complete */

	*ret_used = from.pos;
	return 0;
}

int unpack_zstd(struct bytes in, struct unpacked *out, size_t *ret_used, struct kx_error *err)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	int r;

	if (!ctx || ZSTD_isError(ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		r = kx_fail(err, -ENOMEM, "no memory for the decoder");
	else {
		expect(in, out);
		r = decode_frame(ctx, in, out, ret_used, err);
	}
	(void)ZSTD_freeDCtx(ctx);
	return r;
}
