// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unpacks both formats of the lz4 tool: frames (doc/lz4_Frame_format.md in the lz4 sources) and,
 * in the same document under "Legacy frame", the one that the Linux build writes.
 */
#include <errno.h>
#include <inttypes.h>
#include <lz4.h>
#include <lz4frame.h>
#include <string.h>

#include "base/error.h"
#include "image/decompress.h"

enum {
	LEGACY_BLOCK = 8 << 20, /* unpacked; the last one may be smaller */
	RATIO_MAX = 256,	/* a byte of a block becomes 255 at most */
	WORD = 4,
};

static int decode_frame(LZ4F_dctx *ctx, struct bytes in, struct unpacked *out, size_t *ret_used,
			struct kx_error *err)
{
	size_t used = 0, left;

	do {
		size_t from_n = in.n - used, to_n;
		uint8_t *to;
		int r;

		r = unpacked_room(out, &to, &to_n, err);
		if (r < 0)
			return r;
		left = LZ4F_decompress(ctx, to, &to_n, in.p + used, &from_n, NULL);
		if (LZ4F_isError(left))
			return unpack_fail_damaged(out, LZ4F_getErrorName(left), err);
		used += from_n;
		unpacked_add(out, to_n);
		if (left != 0 && from_n == 0 && to_n == 0)
			return unpack_fail_cut_off(out, err);
	} while (left != 0); /* 0: the frame is complete */

	*ret_used = used;
	return 0;
}

int unpack_lz4(struct bytes in, struct unpacked *out, size_t *ret_used, struct kx_error *err)
{
	LZ4F_dctx *ctx;
	int r;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
		return kx_fail(err, -ENOMEM, "no memory for the decoder");
	r = decode_frame(ctx, in, out, ret_used, err);
	(void)LZ4F_freeDecompressionContext(ctx);
	return r;
}

/* A block is unpacked at once and its unpacked size is not known before: it gets a buffer of its
 * own, large enough for the maximum, because the result may not be allowed to grow that far. */
static int unpack_legacy_block(struct bytes block, struct unpacked *out, struct kx_error *err)
{
	size_t most = block.n < LEGACY_BLOCK / RATIO_MAX ? block.n * RATIO_MAX : LEGACY_BLOCK;
	_cleanup_free_ uint8_t *buf = malloc(most);
	size_t done = 0;
	int n;

	if (!buf)
		return kx_fail(err, -ENOMEM, "no memory for the decoder");
	n = LZ4_decompress_safe((const char *)block.p, (char *)buf, (int)block.n, (int)most);
	if (n < 0)
		return unpack_fail_damaged(out, "a block does not decode", err);
	while (done < (size_t)n) {
		uint8_t *to;
		size_t room;
		int r;

		r = unpacked_room(out, &to, &room, err);
		if (r < 0)
			return r;
		if (room > (size_t)n - done)
			room = (size_t)n - done;
		memcpy(to, buf + done, room);
		unpacked_add(out, room);
		done += room;
	}
	return 0;
}

/* Initial ramdisks are padded to a multiple of four with zeros. */
static bool is_padding(struct bytes in, size_t from)
{
	while (from < in.n && !in.p[from])
		from++;
	return from >= in.n;
}

/*
 * The format has no end mark: blocks follow until the file ends or what follows cannot be the
 * size of a block. The unpacked size that is behind the kernel in a bzImage can look like one;
 * it is then the last word of the file and equals the number of bytes unpacked.
 */
int unpack_lz4_legacy(struct bytes in, struct unpacked *out, size_t *ret_used, struct kx_error *err)
{
	size_t used = WORD, before = out->n;
	struct bytes block;
	uint32_t n = 0;
	int r;

	while (bytes_le32(in, used, &n)) {
		if (n == 0 || n > LZ4_COMPRESSBOUND(LEGACY_BLOCK) ||
		    (in.n - used == WORD && n == out->n - before))
			break;
		if (!bytes_sub(in, used + WORD, n, &block))
			return unpack_fail_cut_off(out, err);
		r = unpack_legacy_block(block, out, err);
		if (r < 0)
			return r;
		used += WORD + n;
	}
	if (used == WORD || (in.n - used < WORD && !is_padding(in, used)))
		return unpack_fail_cut_off(out, err);

	*ret_used = used;
	return 0;
}
