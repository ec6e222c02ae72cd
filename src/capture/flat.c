// SPDX-License-Identifier: LGPL-2.1-or-later
/* Source of the format: makedumpfile, IMPLEMENTATION ("Flattened format"); src/vmcore/flat.c reads it. */
#include "capture/flat.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { HEADER_N = 4096, SIGNATURE_N = 16, PART_N = 16, TYPE = 1, VERSION_1 = 1 };

/* What was written at @at, packed; without @packed it was overwritten by what is not kept. */
struct kept {
	uint64_t at;
	size_t n, packed_n;
	uint8_t *packed;
};

struct capture_flat {
	int (*write)(void *data, const void *buf, size_t n);
	void (*progress)(void *data, uint64_t done, uint64_t all);
	void *data;
	struct dump_sink sink;
	uint64_t n_bytes;
	bool is_read; /* nothing more is kept */
	struct kept *kept;
	size_t n_kept, room;
};

static void put_be64(uint8_t *p, uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static int put(struct capture_flat *f, const void *buf, size_t n)
{
	int r = f->write(f->data, buf, n);

	if (r == 0)
		f->n_bytes += n;
	return r;
}

static int put_part_header(struct capture_flat *f, uint64_t at, uint64_t n)
{
	uint8_t head[PART_N];

	put_be64(head, at);
	put_be64(head + 8, n);
	return put(f, head, sizeof(head));
}

static int keep(struct capture_flat *f, uint64_t at, const void *buf, size_t n)
{
	uLongf packed_n = compressBound(n);
	struct kept k = { .at = at, .n = n, .packed = malloc(packed_n) };
	uint8_t *smaller;

	if (f->n_kept == f->room) {
		const size_t room = f->room ? 2 * f->room : 64;
		struct kept *bigger = k.packed ? realloc(f->kept, room * sizeof(k)) : NULL;

		if (bigger) {
			f->kept = bigger;
			f->room = room;
		}
	}
	if (!k.packed || f->n_kept == f->room ||
	    compress2(k.packed, &packed_n, buf, n, 1) != Z_OK) {
		free(k.packed);
		return -ENOMEM;
	}
	smaller = realloc(k.packed, packed_n);
	k.packed = smaller ? smaller : k.packed;
	k.packed_n = packed_n;
	f->kept[f->n_kept++] = k;
	return 0;
}

static bool overlaps(const struct kept *k, uint64_t at, size_t n)
{
	return at >= k->at ? at - k->at < k->n : k->at - at < n;
}

/* No reader shall get what is not in the file any more. */
static void forget(struct capture_flat *f, uint64_t at, size_t n)
{
	for (size_t i = 0; i < f->n_kept; i++)
		if (overlaps(&f->kept[i], at, n))
			free(TAKE_PTR(f->kept[i].packed));
}

static int write_part(void *data, uint64_t at, const void *buf, size_t n)
{
	struct capture_flat *f = data;
	int r;

	if (n == 0)
		return 0;
	r = put_part_header(f, at, n);
	if (r == 0)
		r = put(f, buf, n);
	if (r == 0 && !f->is_read)
		r = keep(f, at, buf, n);
	else
		forget(f, at, n);
	return r;
}

/* The newest part that has something of the range, if it has all of it. */
static const struct kept *find(const struct capture_flat *f, uint64_t at, size_t n)
{
	for (size_t i = f->n_kept; i > 0; i--) {
		const struct kept *k = &f->kept[i - 1];

		if (overlaps(k, at, n))
			return k->packed && at >= k->at && n <= k->n - (size_t)(at - k->at) ? k
											    : NULL;
	}
	return NULL;
}

static int read_back(void *data, uint64_t at, void *buf, size_t n)
{
	struct capture_flat *f = data;
	const struct kept *k = find(f, at, n);
	_cleanup_free_ uint8_t *whole = k ? malloc(k->n) : NULL;
	uLongf whole_n = k ? k->n : 0;

	f->is_read = true;
	if (!k)
		return -ESPIPE;
	if (!whole)
		return -ENOMEM;
	if (uncompress(whole, &whole_n, k->packed, k->packed_n) != Z_OK || whole_n != k->n)
		return -EIO;
	memcpy(buf, whole + (at - k->at), n);
	return 0;
}

static void tell(void *data, uint64_t done, uint64_t all)
{
	const struct capture_flat *f = data;

	if (f->progress)
		f->progress(f->data, done, all);
}

int capture_flat_new(int (*write)(void *data, const void *buf, size_t n),
		     void (*progress)(void *data, uint64_t done, uint64_t all), void *data,
		     struct capture_flat **ret)
{
	_cleanup_capture_flat_ struct capture_flat *f = calloc(1, sizeof(*f));
	uint8_t head[HEADER_N] = "makedumpfile";
	int r;

	if (!f)
		return -ENOMEM;
	f->write = write;
	f->progress = progress;
	f->data = data;
	f->sink = (struct dump_sink){ write_part, read_back, tell, f };
	put_be64(head + SIGNATURE_N, TYPE);
	put_be64(head + SIGNATURE_N + 8, VERSION_1);
	r = put(f, head, sizeof(head));
	if (r == 0)
		*ret = TAKE_PTR(f);
	return r;
}

const struct dump_sink *capture_flat_sink(const struct capture_flat *f)
{
	return &f->sink;
}

int capture_flat_end(struct capture_flat *f, uint64_t *ret_n)
{
	int r = put_part_header(f, UINT64_MAX, UINT64_MAX);

	if (r == 0)
		*ret_n = f->n_bytes;
	return r;
}

struct capture_flat *capture_flat_free(struct capture_flat *f)
{
	for (size_t i = 0; f && i < f->n_kept; i++)
		free(f->kept[i].packed);
	if (f)
		free(f->kept);
	free(f);
	return NULL;
}
