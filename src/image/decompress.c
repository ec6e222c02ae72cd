// SPDX-License-Identifier: LGPL-2.1-or-later
/* Unpacks a compressed file into memory. The formats are a table; each decoder is a file. */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "fundamental/overflow.h"
#include "image/decompress-config.h"
#include "image/decompress.h"

enum {
	CAPACITY_MIN = 64 << 10,
	USUAL_RATIO = 4, /* of kernels and initial ramdisks */
	/* Limit on streams in a file: a decoder takes up to 0.05 ms to begin one, however short
	 * it is. bgzip(1) makes one of every 64 KiB, which are 16384 in the largest file that is
	 * read. */
	STREAMS_MAX = 65536,
	STRETCH = 4 << 20, /* of a room: the largest block of lz4 */
};

/* Takes @n bytes of a limit that several decoders share; nothing is given back. */
static bool take_share(struct unpacked_share *share, size_t n)
{
	size_t before;

	if (!share)
		return true;
	before = atomic_fetch_add(&share->taken, n);
	if (before <= share->max && n <= share->max - before)
		return true;
	atomic_store(&share->is_over, true);
	return false;
}

/* @n more bytes, as far as there is room. */
static void make_ready(struct unpacked *out, size_t n)
{
	if (n > out->capacity - out->ready)
		n = out->capacity - out->ready;
	if (n)
		out->make_ready(out->p + out->ready, n);
	out->ready += n;
}

void unpacked_expect(struct unpacked *out, size_t n)
{
	if (out->is_fixed && n > out->ready - out->n)
		make_ready(out, n - (out->ready - out->n));
}

int unpacked_room(struct unpacked *out, uint8_t **ret, size_t *ret_n, struct kx_error *err)
{
	if (out->n > out->max)
		return kx_fail(err, -EFBIG, "unpacks to more than %zu bytes", out->max);
	if (out->is_fixed) {
		if (out->n == out->capacity)
			return kx_fail(err, -EFBIG, "unpacks to more than there is room for");
		if (out->n == out->ready)
			make_ready(out, STRETCH);
		*ret = out->p + out->n;
		*ret_n = out->ready - out->n;
		return 0;
	}
	if (out->n == out->capacity) {
		size_t want = out->expected > CAPACITY_MIN ? out->expected : CAPACITY_MIN;
		uint8_t *bigger;

		/* one byte more than is allowed, to find out whether there is more */
		if (add_overflow(out->capacity, out->capacity > want ? out->capacity : want,
				 &want) ||
		    want > out->max)
			want = out->max + 1;
		if (!take_share(out->share, want - out->capacity))
			return kx_fail(err, -EFBIG, "unpacks to more than there is room for");
		bigger = realloc(out->p, want);
		if (!bigger)
			return kx_fail(err, -ENOMEM, "no memory for %zu unpacked bytes", want);
		out->p = bigger;
		out->capacity = want;
	}
	*ret = out->p + out->n;
	*ret_n = out->capacity - out->n;
	return 0;
}

void unpacked_add(struct unpacked *out, size_t n)
{
	out->n += n;
}

int unpack_fail_cut_off(const struct unpacked *out, struct kx_error *err)
{
	return kx_fail(err, -EBADMSG, "the stream is cut off after %zu unpacked bytes", out->n);
}

int unpack_fail_damaged(const struct unpacked *out, const char *why, struct kx_error *err)
{
	return kx_fail(err, -EBADMSG, "the stream is damaged after %zu unpacked bytes: %s", out->n,
		       why);
}

/*
 * "LZMA alone" has no magic number: properties 0x5d, dictionary size, unpacked size. Every encoder
 * writes dictionary sizes 2^n or 2^n + 2^(n-1), and a size that is unknown (all ones) or small;
 * the reader of XZ Utils draws the same line (lzma_alone_decoder(3), "picky").
 */
static bool is_lzma(struct bytes b)
{
	uint32_t dictionary, top;
	uint64_t size;

	if (!bytes_is_at(b, 0, "\x5d", 1) || !bytes_le32(b, 1, &dictionary) ||
	    !bytes_le64(b, 5, &size) || dictionary < 1u << 12)
		return false;
	top = 1u << (31 - __builtin_clz(dictionary));
	return (dictionary == top || dictionary == (top | top >> 1) || dictionary == UINT32_MAX) &&
	       (size == UINT64_MAX || size < UINT64_C(1) << 38);
}

/* Skippable frame (RFC 8878, 3.1.2): data of other programs, between frames or behind them. */
static bool is_zstd_skippable(struct bytes b)
{
	uint32_t magic;

	return bytes_le32(b, 0, &magic) && (magic & 0xfffffff0) == 0x184d2a50;
}

static const struct format {
	const char *name;
	unsigned cost; /* picoseconds for an unpacked byte: decompress.h */
	const char *magic;
	size_t magic_n;
	bool (*matches)(struct bytes b);   /* instead of a magic number */
	bool (*continues)(struct bytes b); /* what else may follow a stream */
	unpack_fn *unpack;		   /* NULL: not built in */
} formats[] = {
	{ "gzip", 4960, "\x1f\x8b\x08", 3, .unpack = HAVE_ZLIB ? unpack_gzip : NULL },
	{ "xz", 9900, "\xfd\x37zXZ\0", 6, .unpack = HAVE_LZMA ? unpack_xz : NULL },
	{ "zstd", 1080, "\x28\xb5\x2f\xfd", 4, .continues = is_zstd_skippable,
	  .unpack = HAVE_ZSTD ? unpack_zstd : NULL },
	{ "lz4", 110, "\x04\x22\x4d\x18", 4, .unpack = HAVE_LZ4 ? unpack_lz4 : NULL },
	{ "lz4", 110, "\x02\x21\x4c\x18", 4, .unpack = HAVE_LZ4 ? unpack_lz4_legacy : NULL },
	{ "bzip2", 30000, "BZh", 3, .unpack = HAVE_BZ2 ? unpack_bzip2 : NULL },
	{ "lzop", 1000, "\x89LZO\0\r\n\x1a\n", 9, .unpack = unpack_lzop },
	{ "lzma", 9900, .matches = is_lzma, .unpack = HAVE_LZMA ? unpack_lzma : NULL },
};

static bool format_matches(const struct format *f, struct bytes b)
{
	return f->matches ? f->matches(b) : bytes_is_at(b, 0, f->magic, f->magic_n);
}

static const struct format *format_find(struct bytes b)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (format_matches(&formats[i], b))
			return &formats[i];
	return NULL;
}

const char *compression_detect(struct bytes file)
{
	const struct format *f = format_find(file);

	return f ? f->name : NULL;
}

/* Unpacks streams of one format that follow one another, as `cat a.gz b.gz` makes them. Ends
 * without an error at anything else: the compressed kernel in a bzImage is followed by its
 * unpacked size. */
static int unpack_streams(const struct format *f, struct bytes in, bool all, struct unpacked *out,
			  size_t *ret_used, struct kx_error *err)
{
	const size_t n = in.n;
	size_t n_streams = 0;

	do {
		size_t used = 0;
		int r = f->unpack(in, out, &used, err);

		if (r == 0 && ++n_streams > STREAMS_MAX)
			r = kx_fail(err, -EFBIG, "more than %d streams one after the other",
				    STREAMS_MAX);
		if (r < 0)
			return kx_fail_in(err, r, "%s", f->name);
		if (used == 0)
			break;
		in = (struct bytes){ in.p + used, in.n - used };
	} while (all && f->magic && (format_matches(f, in) || (f->continues && f->continues(in))));

	if (out->n > out->max)
		return kx_fail(err, -EFBIG, "%s: unpacks to more than %zu bytes", f->name,
			       out->max);
	*ret_used = n - in.n;
	return 0;
}

static int unpack(const struct format *f, struct bytes file, bool all, struct unpacked *out,
		  size_t *ret_used, struct kx_error *err)
{
	uint8_t *start;
	size_t room;
	int r;

	/* allocate also for a file that unpacks to nothing */
	r = unpacked_room(out, &start, &room, err);
	if (r < 0)
		return r;
	return unpack_streams(f, file, all, out, ret_used, err);
}

static int append(struct bytes file, bool all, struct unpacked *out, size_t *ret_used,
		  struct kx_error *err)
{
	const struct format *f = format_find(file);

	if (!f)
		return kx_fail(err, -EBADMSG, "not compressed in any format known here");
	if (!f->unpack)
		return kx_fail(
			err, -EOPNOTSUPP,
			"compressed with %s, which is recognised but not built in; unpack it "
			"first or use another format",
			f->name);
	if (mul_overflow(file.n, (size_t)USUAL_RATIO, &out->expected))
		out->expected = 0;
	return unpack(f, file, all, out, ret_used, err);
}

int decompress_append(struct bytes file, struct unpacked *out, size_t *ret_used,
		      struct kx_error *err)
{
	const size_t n = out->n;
	size_t used = 0;
	int r = append(file, false, out, &used, err);

	if (r < 0) {
		out->n = n;
		return r;
	}
	*ret_used = used;
	return 0;
}

unsigned compression_cost(struct bytes file)
{
	const struct format *f = format_find(file);

	return f ? f->cost : 0;
}

static int run(struct bytes file, size_t max, bool all, uint8_t **ret, size_t *ret_n,
	       size_t *ret_used, struct kx_error *err)
{
	struct unpacked out = { .max = max < SIZE_MAX ? max : SIZE_MAX - 1 };
	uint8_t *fitting;
	size_t used = 0;
	int r = append(file, all, &out, &used, err);

	if (r < 0) {
		free(out.p);
		return r;
	}
	fitting = realloc(out.p, out.n ? out.n : 1);

	*ret = fitting ? fitting : out.p;
	*ret_n = out.n;
	*ret_used = used;
	return 0;
}

int decompress_to(struct bytes file, const struct room *room, size_t *ret_n, struct kx_error *err)
{
	struct unpacked out = unpacked_in(room);
	size_t used = 0;
	int r;

	out.max = room->n - 1;
	r = append(file, true, &out, &used, err);
	if (r == 0)
		*ret_n = out.n;
	return r;
}

int decompress(struct bytes file, size_t max, uint8_t **ret, size_t *ret_n, struct kx_error *err)
{
	size_t used;

	return run(file, max, true, ret, ret_n, &used, err);
}

int decompress_stream(struct bytes file, size_t max, uint8_t **ret, size_t *ret_n, size_t *ret_used,
		      struct kx_error *err)
{
	return run(file, max, false, ret, ret_n, ret_used, err);
}
