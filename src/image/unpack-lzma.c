// SPDX-License-Identifier: LGPL-2.1-or-later
/* Both formats of XZ Utils: .xz, and "LZMA alone" as older kernels and tools write it. */
#include <errno.h>
#include <inttypes.h>
#include <lzma.h>

#include "base/error.h"
#include "image/decompress.h"

static int fail_with(lzma_ret code, const struct unpacked *out, struct kx_error *err)
{
	if (code == LZMA_BUF_ERROR)
		return unpack_fail_cut_off(out, err);
	if (code == LZMA_MEM_ERROR)
		return kx_fail(err, -ENOMEM, "no memory for the decoder");
	if (code == LZMA_MEMLIMIT_ERROR)
		return kx_fail(err, -EBADMSG,
			       "the stream wants a decoder of more than %" PRIu64 " MiB",
			       DECODER_MEMORY_MAX >> 20);
	if (code == LZMA_OPTIONS_ERROR)
		return unpack_fail_damaged(out, "unknown options or filters", err);
	if (code == LZMA_FORMAT_ERROR)
		return unpack_fail_damaged(out, "not in this format", err);
	return unpack_fail_damaged(out, "wrong data or wrong checksum", err);
}

static int code_all(lzma_stream *s, struct bytes in, struct unpacked *out, size_t *ret_used,
		    struct kx_error *err)
{
	lzma_ret code;
	int r;

	s->next_in = in.p;
	s->avail_in = in.n;
	do {
		uint8_t *to;
		size_t room;

		r = unpacked_room(out, &to, &room, err);
		if (r < 0)
			return r;
		s->next_out = to;
		s->avail_out = room;
		code = lzma_code(s, LZMA_RUN);
		unpacked_add(out, room - s->avail_out);
	} while (code == LZMA_OK);

	if (code != LZMA_STREAM_END)
		return fail_with(code, out, err);
	*ret_used = in.n - s->avail_in;
	return 0;
}

static int unpack_with(lzma_ret (*init)(lzma_stream *s), struct bytes in, struct unpacked *out,
		       size_t *ret_used, struct kx_error *err)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret code = init(&s);
	int r;

	if (code != LZMA_OK)
		return fail_with(code, out, err);
	r = code_all(&s, in, out, ret_used, err);
	lzma_end(&s);
	return r;
}

static lzma_ret init_xz(lzma_stream *s)
{
	return lzma_stream_decoder(s, DECODER_MEMORY_MAX, 0);
}

static lzma_ret init_lzma(lzma_stream *s)
{
	return lzma_alone_decoder(s, DECODER_MEMORY_MAX);
}

int unpack_xz(struct bytes in, struct unpacked *out, size_t *ret_used, struct kx_error *err)
{
	return unpack_with(init_xz, in, out, ret_used, err);
}

int unpack_lzma(struct bytes in, struct unpacked *out, size_t *ret_used, struct kx_error *err)
{
	return unpack_with(init_lzma, in, out, ret_used, err);
}
