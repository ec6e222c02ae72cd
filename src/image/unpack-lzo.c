// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unpacks what lzop(1) writes: a header, blocks of LZO1X, a block of size 0. Sources: the kernel's
 * lib/decompress_unlzo.c; for the checksums, which it passes over, lzop 1.04 as it writes them; those of blocks
 * by CRC-32, which lzop writes when it is asked to, are passed over here as well. All
 * numbers are big-endian. Multipart archives, of which each part has a name, are not for kernels.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lzo.h"
#include "image/decompress.h"

enum {
	MAGIC_N = 9,
	BLOCK_MAX = 64 << 20, /* unpacked; lzop itself writes 256 KiB */
	VERSION_WITH_LEVEL = 0x940,
	METHOD_LZO1X_MAX = 3, /* 1 to 3: LZO1X-1, -1(15) and -999, which unpack alike */

	FLAG_ADLER32 = 1 << 0, /* of the unpacked block */
	FLAG_ADLER32_PACKED = 1 << 1,
	FLAG_EXTRA_FIELD = 1 << 6,
	FLAG_CRC32 = 1 << 8,
	FLAG_CRC32_PACKED = 1 << 9,
	FLAG_MULTIPART = 1 << 10,
	FLAG_FILTER = 1 << 11,
	FLAG_HEADER_CRC32 = 1 << 12,
};

struct stream {
	struct bytes in;
	size_t at;
	uint32_t flags;
};

/* The next @n bytes as a number; false where the file ends. */
static bool take(struct stream *s, size_t n, uint32_t *ret)
{
	*ret = 0;
	if (!bytes_has(s->in, s->at, n))
		return false;
	for (; n > 0; n--)
		*ret = *ret << 8 | s->in.p[s->at++];
	return true;
}

static bool pass(struct stream *s, size_t n)
{
	if (!bytes_has(s->in, s->at, n))
		return false;
	s->at += n;
	return true;
}

/* RFC 1950, 8.2 */
static uint32_t adler32(struct bytes b)
{
	uint32_t sum = 1, sums = 0;

	for (size_t i = 0; i < b.n; i++) {
		sum += b.p[i];
		sums += sum;
		if (i % 4096 == 4095 || i + 1 == b.n) {
			sum %= 65521;
			sums %= 65521;
		}
	}
	return sums << 16 | sum;
}

/* RFC 1952, 8; bit by bit, for a header */
static uint32_t crc32_of(struct bytes b)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < b.n; i++) {
		crc ^= b.p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* The checksum of all that was taken since @from follows. */
static int take_sum(struct stream *s, size_t from, const struct unpacked *out, struct kx_error *err)
{
	const struct bytes header = { s->in.p + from, s->at - from };
	uint32_t sum;

	if (!take(s, 4, &sum))
		return unpack_fail_cut_off(out, err);
	if ((s->flags & FLAG_HEADER_CRC32 ? crc32_of(header) : adler32(header)) != sum)
		return unpack_fail_damaged(out, "the checksum of the header differs", err);
	return 0;
}

static int take_header(struct stream *s, const struct unpacked *out, struct kx_error *err)
{
	uint32_t version, method, filter = 0, n;
	bool whole;
	int r;

	s->at = MAGIC_N;
	/* version, that of the library, the one that is needed; method, level; flags */
	whole = take(s, 2, &version) && pass(s, version >= VERSION_WITH_LEVEL ? 4 : 2) &&
		take(s, 1, &method) && (version < VERSION_WITH_LEVEL || pass(s, 1)) &&
		take(s, 4, &s->flags);
	if (whole && s->flags & FLAG_FILTER)
		whole = take(s, 4, &filter);
	/* mode, time, of which the upper half came later; name */
	whole = whole && pass(s, version >= VERSION_WITH_LEVEL ? 12 : 8) && take(s, 1, &n) &&
		pass(s, n);
	if (!whole)
		return unpack_fail_cut_off(out, err);
	r = take_sum(s, MAGIC_N, out, err);
	if (r == 0 && s->flags & FLAG_EXTRA_FIELD) {
		const size_t from = s->at;

		if (!take(s, 4, &n) || !pass(s, n))
			return unpack_fail_cut_off(out, err);
		r = take_sum(s, from, out, err);
	}
	if (r < 0)
		return r;
	if (method == 0 || method > METHOD_LZO1X_MAX || filter)
		return unpack_fail_damaged(out, "a method or filter that no kernel knows", err);
	if (s->flags & FLAG_MULTIPART)
		return unpack_fail_damaged(out, "an archive of several files", err);
	return 0;
}

static int append(struct unpacked *out, struct bytes from, struct kx_error *err)
{
	while (from.n) {
		uint8_t *to;
		size_t room;
		int r = unpacked_room(out, &to, &room, err);

		if (r < 0)
			return r;
		if (room > from.n)
			room = from.n;
		memcpy(to, from.p, room);
		unpacked_add(out, room);
		from = (struct bytes){ from.p + room, from.n - room };
	}
	return 0;
}

/* A block that does not become smaller is stored as it is, without a second checksum. */
static int take_block(struct stream *s, uint32_t unpacked_n, struct unpacked *out,
		      struct kx_error *err)
{
	_cleanup_free_ uint8_t *buf = NULL;
	uint32_t packed_n, sum = 0, unused;
	struct bytes packed, block;
	bool whole = take(s, 4, &packed_n);

	if (whole && (unpacked_n > BLOCK_MAX || packed_n > unpacked_n || packed_n == 0))
		return unpack_fail_damaged(out, "a block of impossible size", err);
	if (whole && s->flags & FLAG_ADLER32)
		whole = take(s, 4, &sum);
	if (whole && s->flags & FLAG_CRC32)
		whole = take(s, 4, &unused);
	if (whole && packed_n < unpacked_n && s->flags & FLAG_ADLER32_PACKED)
		whole = take(s, 4, &unused);
	if (whole && packed_n < unpacked_n && s->flags & FLAG_CRC32_PACKED)
		whole = take(s, 4, &unused);
	if (!whole || !bytes_sub(s->in, s->at, packed_n, &packed))
		return unpack_fail_cut_off(out, err);
	s->at += packed_n;

	block = packed;
	if (packed_n < unpacked_n) {
		buf = malloc(unpacked_n);
		if (!buf)
			return kx_fail(err, -ENOMEM, "no memory for the decoder");
		if (lzo_unpack(packed, buf, unpacked_n) != (ssize_t)unpacked_n)
			return unpack_fail_damaged(out, "a block does not decode", err);
		block = (struct bytes){ buf, unpacked_n };
	}
	if (s->flags & FLAG_ADLER32 && adler32(block) != sum)
		return unpack_fail_damaged(out, "the checksum of a block differs", err);
	return append(out, block, err);
}

int unpack_lzop(struct bytes in, struct unpacked *out, size_t *ret_used, struct kx_error *err)
{
	struct stream s = { .in = in };
	uint32_t n;
	int r = take_header(&s, out, err);

	while (r == 0) {
		if (!take(&s, 4, &n))
			return unpack_fail_cut_off(out, err);
		if (n == 0)
			break;
		r = take_block(&s, n, out, err);
	}
	if (r == 0)
		*ret_used = s.at;
	return r;
}
