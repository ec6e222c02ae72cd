// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unpacks an LZO1X stream: a block of what lzop(1) writes, or a page as makedumpfile -l packs it.
 * Source: the kernel's Documentation/staging/lzo.rst, whose names of fields are used here.
 */
#include <errno.h>
#include <string.h>

#include "base/lzo.h"

struct lzo {
	struct bytes in;
	size_t at;
	uint8_t *out;
	size_t n, max;	/* bytes in @out, and room there */
	unsigned state; /* literals after the last match; 4 after a run of literals */
};

static bool take(struct lzo *z, unsigned *ret)
{
	if (z->at >= z->in.n)
		return false;
	*ret = z->in.p[z->at++];
	return true;
}

/* A length that did not fit into its instruction: zeros for 255 each, then the rest. */
static bool take_length(struct lzo *z, size_t base, size_t *ret)
{
	size_t length = base;
	unsigned byte;

	do {
		if (!take(z, &byte) || length > z->max)
			return false;
		length += byte ? byte : 255;
	} while (byte == 0);
	*ret = length;
	return true;
}

static bool copy_literals(struct lzo *z, size_t n)
{
	if (!bytes_has(z->in, z->at, n) || n > z->max - z->n)
		return false;
	memcpy(z->out + z->n, z->in.p + z->at, n);
	z->at += n;
	z->n += n;
	return true;
}

/* The match may reach into what it makes itself, and is then repeated. */
static bool copy_match(struct lzo *z, size_t distance, size_t n)
{
	if (distance > z->n || n > z->max - z->n)
		return false;
	for (; n > 0; n--, z->n++)
		z->out[z->n] = z->out[z->n - distance];
	return true;
}

static bool match(struct lzo *z, size_t distance, size_t n, unsigned n_literals)
{
	z->state = n_literals;
	return copy_match(z, distance, n) && copy_literals(z, n_literals);
}

/* 0 to 15: literals, or a short match after such */
static bool run_low(struct lzo *z, unsigned code)
{
	size_t n = code + 3;
	unsigned high;

	if (z->state == 0) {
		z->state = 4;
		return (code > 0 || take_length(z, 18, &n)) && copy_literals(z, n);
	}
	if (!take(z, &high))
		return false;
	n = (size_t)high << 2 | code >> 2;
	return z->state == 4 ? match(z, n + 2049, 3, code & 3) : match(z, n + 1, 2, code & 3);
}

/* 16 to 63: a distance of two bytes; 1 is returned at the end of the stream. */
static int run_far(struct lzo *z, unsigned code)
{
	const unsigned mask = code < 32 ? 7 : 31;
	size_t n = (code & mask) + 2, distance;
	unsigned low, high;

	if ((code & mask) == 0 && !take_length(z, mask + 2, &n))
		return -EPROTO;
	if (!take(z, &low) || !take(z, &high))
		return -EPROTO;
	distance = (high << 8 | low) >> 2;
	if (code >= 32)
		distance += 1;
	else
		distance += 16384 + ((code & 8) << 11);
	if (code < 32 && distance == 16384)
		return n == 3 ? 1 : -EPROTO; /* the one length that is written there */
	return match(z, distance, n, low & 3) ? 0 : -EPROTO;
}

/* 64 to 255: a distance of one byte and three bits */
static bool run_near(struct lzo *z, unsigned code)
{
	const size_t n = code < 128 ? 3 + (code >> 5 & 1) : 5 + (code >> 5 & 3);
	unsigned high;

	return take(z, &high) && match(z, ((size_t)high << 3 | (code >> 2 & 7)) + 1, n, code & 3);
}

static bool run_first(struct lzo *z)
{
	size_t n;

	if (z->in.n == 0 || z->in.p[0] <= 17)
		return true;
	n = z->in.p[z->at++] - 17u;
	z->state = n < 4 ? (unsigned)n : 4;
	return copy_literals(z, n);
}

ssize_t lzo_unpack(struct bytes in, uint8_t *out, size_t out_n)
{
	struct lzo z = { .in = in, .out = out, .max = out_n };
	bool good = run_first(&z);
	unsigned code;

	while (good && take(&z, &code)) {
		int r = 0;

		if (code < 16)
			good = run_low(&z, code);
		else if (code >= 64)
			good = run_near(&z, code);
		else
			r = run_far(&z, code);
		if (r != 0)
			return r < 0 ? r : (ssize_t)z.n;
	}
	return -EPROTO; /* damaged, or the mark of the end is missing */
}
