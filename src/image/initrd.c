// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Row of archives -> row of plain archives, as init/initramfs.c would read both.
 */
#include "image/initrd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fundamental/overflow.h"

enum {
	ALIGN = 4, /* of archives, names and contents */
	HEADER = 110,
	FILE_SIZE = 54, /* fields of eight hexadecimal digits */
	NAME_SIZE = 94,
	NAME_MAX_ = 4096, /* PATH_MAX */
	PIECES_MAX = 256,
	RATIO_MAX = 200, /* of one stream; real ones stay below 20 */
	RATIO_SLACK = 1 << 20,
};

/* A part of the result: borrowed from the input, or unpacked. */
struct piece {
	struct bytes data;
	uint8_t *owned;
	size_t skew; /* start modulo ALIGN */
};

struct pieces {
	struct piece v[PIECES_MAX];
	size_t n, size;
};

static uint64_t aligned(uint64_t n)
{
	return (n + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

static bool hex_field(struct bytes b, size_t off, uint32_t *ret)
{
	uint32_t v = 0;

	if (!bytes_has(b, off, 8))
		return false;
	for (size_t i = 0; i < 8; i++) {
		const uint8_t c = b.p[off + i];
		const uint8_t lower = c | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | (uint32_t)(lower - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

/* Length of the entry at the start of @b with its padding; 0 when there is no whole one. */
static uint64_t entry_length(struct bytes b)
{
	uint32_t name, file;
	uint64_t n;

	if ((!bytes_is_at(b, 0, "070701", 6) && !bytes_is_at(b, 0, "070702", 6)) ||
	    !hex_field(b, NAME_SIZE, &name) || !hex_field(b, FILE_SIZE, &file) || name == 0 ||
	    name > NAME_MAX_)
		return 0;
	n = aligned(aligned(HEADER + (uint64_t)name) + file);
	return n <= b.n ? n : 0;
}

static size_t zeros(struct bytes b)
{
	size_t n = 0;

	while (n < b.n && !b.p[n])
		n++;
	return n;
}

/* Whole entries and the zeros between and behind them: to there @b is plain. */
static size_t plain_length(struct bytes b)
{
	size_t at = 0;

	for (;;) {
		struct bytes rest = { b.p + at, b.n - at };
		size_t n = zeros(rest);

		if (!n && at % ALIGN == 0)
			n = (size_t)entry_length(rest);
		if (!n)
			return at;
		at += n;
	}
}

static bool add(struct pieces *pieces, struct bytes data, uint8_t *owned, size_t skew)
{
	if (pieces->n == PIECES_MAX)
		return false;
	pieces->size = (size_t)aligned(pieces->size) + skew + data.n;
	pieces->v[pieces->n++] = (struct piece){ data, owned, skew };
	return true;
}

static size_t limit(const struct pieces *pieces, struct bytes rest, size_t max)
{
	const size_t left = max > pieces->size + rest.n ? max - pieces->size - rest.n : 0;
	size_t most;

	if (mul_overflow(rest.n, (size_t)RATIO_MAX, &most) || most > SIZE_MAX - RATIO_SLACK)
		return left;
	return most + RATIO_SLACK < left ? most + RATIO_SLACK : left;
}

/* One packed part at the start of @rest: its length, or 0 with the reason why it stays so. */
static int unpack_part(struct pieces *pieces, struct bytes rest, size_t max, size_t *ret_used,
		       char *why, size_t why_n)
{
	struct kx_error err = { 0 };
	uint8_t *p = NULL;
	size_t n = 0;
	int r;

	*ret_used = 0;
	if (!compression_detect(rest)) {
		(void)snprintf(why, why_n, "neither a cpio archive nor a known compression");
		return 0;
	}
	r = decompress_stream(rest, limit(pieces, rest, max), &p, &n, ret_used, &err);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		*ret_used = 0;
		(void)snprintf(why, why_n, "%.200s", err.message);
		return 0;
	}
	if (!n || plain_length((struct bytes){ p, n }) != n ||
	    !add(pieces, (struct bytes){ p, n }, p, 0)) {
		free(p);
		*ret_used = 0;
		(void)snprintf(why, why_n, "what unpacks of it are not whole cpio archives");
	}
	return 0;
}

static int split(struct bytes in, size_t max, struct pieces *pieces, struct initrd_unpacked *what)
{
	size_t at = 0;

	while (at < in.n) {
		struct bytes rest = { in.p + at, in.n - at };
		size_t used = zeros(rest);
		int r;

		if (used) {
			at += used;
			continue;
		}
		used = at % ALIGN ? 0 : plain_length(rest);
		if (used) {
			if (!add(pieces, (struct bytes){ rest.p, used }, NULL, 0))
				break;
		} else {
			r = unpack_part(pieces, rest, max, &used, what->why_not,
					sizeof(what->why_not));
			if (r < 0)
				return r;
			if (!used)
				break;
			what->n_unpacked++;
		}
		at += used;
	}
	/* One piece is always left for it. */
	if (at < in.n) {
		if (pieces->n == PIECES_MAX)
			return -E2BIG;
		(void)add(pieces, (struct bytes){ in.p + at, in.n - at }, NULL, at % ALIGN);
	}
	return 0;
}

static int join(struct pieces *pieces, uint8_t **ret, size_t *ret_n)
{
	size_t at = 0;
	uint8_t *all;

	if (pieces->n == 1) {
		*ret = pieces->v[0].owned;
		*ret_n = pieces->size;
		pieces->n = 0;
		return 0;
	}
	all = calloc(1, pieces->size);
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < pieces->n; i++) {
		const struct piece *piece = &pieces->v[i];

		at = (size_t)aligned(at) + piece->skew;
		memcpy(all + at, piece->data.p, piece->data.n);
		at += piece->data.n;
	}
	*ret = all;
	*ret_n = at;
	return 0;
}

int initrd_unpack(struct bytes initrd, size_t max, uint8_t **ret, size_t *ret_n,
		  struct initrd_unpacked *ret_what, struct kx_error *err)
{
	struct initrd_unpacked what = { 0 };
	struct pieces pieces = { 0 };
	uint8_t *all = NULL;
	size_t n = 0;
	int r = split(initrd, max, &pieces, &what);

	if (r == -E2BIG) { /* nobody has so many: leave all of it */
		what = (struct initrd_unpacked){ .why_not = "it has more than 256 parts" };
		r = 0;
	} else if (r == 0 && what.n_unpacked) {
		r = join(&pieces, &all, &n);
	}
	for (size_t i = 0; i < pieces.n; i++)
		free(pieces.v[i].owned);
	if (r < 0)
		return kx_fail(err, r, "out of memory for the unpacked initial ramdisk");
	*ret = all;
	*ret_n = n;
	*ret_what = what;
	return 0;
}
