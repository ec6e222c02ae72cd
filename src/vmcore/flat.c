// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A flattened dump of makedumpfile (-F), which was written where one cannot seek: a header of a page,
 * then parts, each with its offset and size in the dump that it is a part of. Source: makedumpfile,
 * IMPLEMENTATION ("Flattened format") and makedumpfile.h. Numbers are big endian.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "fundamental/overflow.h"
#include "vmcore/core.h"

enum { HEADER_N = 4096, PART_HEADER_N = 16 };

/* Bytes [start, end) of the dump are at @at of the file. */
struct part {
	uint64_t start, end, at;
	uint64_t reach; /* the highest end of all parts up to this one, in the order of @start */
};

struct flat {
	struct vmcore_source source;
	struct part *parts; /* by start */
	size_t n_parts;
};

static uint64_t load_be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* A file that ends without its last mark is one for which there was no room: what is there counts. */
static int read_parts(struct vmcore *core, struct flat *flat, struct kx_error *err)
{
	uint64_t at = HEADER_N;
	size_t room = 0;

	for (;;) {
		uint8_t head[PART_HEADER_N];
		struct part part = { 0 };
		uint64_t n;
		ssize_t got = core_file_read(&core->file, at, head, sizeof(head));

		if (got < 0)
			return kx_fail(err, (int)got, "cannot read the flattened dump: %s",
				       strerror((int)-got));
		part.start = load_be64(head);
		n = load_be64(head + 8);
		if ((size_t)got < sizeof(head) || part.start == UINT64_MAX)
			return 0;
		part.at = at + sizeof(head);
		if (n == 0 || add_overflow(part.start, n, &part.end) ||
		    add_overflow(part.at, n, &at) || flat->n_parts == FLAT_PARTS_MAX)
			return kx_fail(err, -EBADMSG,
				       "the flattened dump claims a part of %#llx bytes at offset "
				       "%#llx, or has more than %u parts",
				       (unsigned long long)n, (unsigned long long)part.start,
				       FLAT_PARTS_MAX);
		if (array_room(&flat->parts, flat->n_parts, &room, sizeof(part)) < 0)
			return kx_fail(err, -ENOMEM, "out of memory");
		flat->parts[flat->n_parts++] = part;
	}
}

static void sort_parts(struct flat *flat)
{
	uint64_t reach = 0;

	if (flat->n_parts > 0)
		qsort(flat->parts, flat->n_parts, sizeof(*flat->parts), compare_parts);
	for (size_t i = 0; i < flat->n_parts; i++) {
		if (flat->parts[i].end > reach)
			reach = flat->parts[i].end;
		flat->parts[i].reach = reach;
	}
}

/* How many parts begin at @offset or before it. */
static size_t count_up_to(const struct flat *flat, uint64_t offset)
{
	size_t low = 0, high = flat->n_parts;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (flat->parts[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The part that was written last of those that hold @offset: headers are written once more at the end. */
static const struct part *newest_at(const struct flat *flat, uint64_t offset, size_t n)
{
	const struct part *best = NULL;

	for (; n > 0 && flat->parts[n - 1].reach > offset; n--) {
		const struct part *part = &flat->parts[n - 1];

		if (part->end > offset && (!best || part->at > best->at))
			best = part;
	}
	return best;
}

/* What no part holds was skipped by seeking, and is zero. */
static ssize_t read_at(void *data, uint64_t offset, void *buf, size_t n)
{
	const struct flat *flat = data;
	const uint64_t end = flat->n_parts ? flat->parts[flat->n_parts - 1].reach : 0;
	size_t done = 0;

	while (done < n && offset < end) {
		const size_t i = count_up_to(flat, offset);
		const struct part *part = newest_at(flat, offset, i);
		uint64_t stop = part ? part->end : end;
		size_t size;
		ssize_t got;

		if (i < flat->n_parts && flat->parts[i].start < stop)
			stop = flat->parts[i].start;
		size = stop - offset < n - done ? (size_t)(stop - offset) : n - done;
		if (part) {
			got = flat->source.read_at(flat->source.data,
						   part->at + (offset - part->start),
						   (uint8_t *)buf + done, size);
			if (got < 0)
				return got;
			if (got == 0)
				break;
			size = (size_t)got;
		} else {
			memset((uint8_t *)buf + done, 0, size);
		}
		done += size;
		offset += size;
	}
	return (ssize_t)done;
}

int flat_open(struct vmcore *core, struct kx_error *err)
{
	struct flat *flat = calloc(1, sizeof(*flat));
	int r;

	if (!flat)
		return kx_fail(err, -ENOMEM, "out of memory");
	core->flat = flat;
	flat->source = core->file.source;
	r = read_parts(core, flat, err);
	if (r < 0)
		return r;
	sort_parts(flat);
	core->file = (struct file){ .source = { read_at, flat } };
	return 0;
}

void flat_free(struct flat *flat)
{
	if (flat)
		free(flat->parts);
	free(flat);
}
