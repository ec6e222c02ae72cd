// SPDX-License-Identifier: LGPL-2.1-or-later
/* Decides for each page of a dump's memory whether it is kept. */
#include <stdlib.h>

#include "base/array.h"
#include "dump/filter.h"

static int compare_frames(const void *a, const void *b)
{
	const struct frames *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void join_parts(struct filter *f)
{
	size_t n = 0;

	qsort(f->parts, f->n_parts, sizeof(*f->parts), compare_frames);
	for (size_t i = 0; i < f->n_parts; i++) {
		if (n > 0 && f->parts[i].start <= f->parts[n - 1].end) {
			if (f->parts[i].end > f->parts[n - 1].end)
				f->parts[n - 1].end = f->parts[i].end;
		} else {
			f->parts[n++] = f->parts[i];
		}
	}
	f->n_parts = n;
	f->n_frames = f->parts[n - 1].end;
	for (size_t i = 0; i < n; i++)
		f->counts.n_pages += f->parts[i].end - f->parts[i].start;
}

/* Only whole pages: what is less at an end belongs to the firmware. */
static int read_parts(struct filter *f, struct kx_error *err)
{
	const uint64_t n = f->counts.page_n;
	uint64_t start, end;
	size_t room = 0;

	for (size_t i = 0; vmcore_part(f->core, i, &start, &end); i++) {
		const struct frames part = { (start + n - 1) / n, end / n };

		if (part.start >= part.end)
			continue;
		if (part.end > PAGES_MAX || f->n_parts == PARTS_MAX)
			return kx_fail(err, -EBADMSG,
				       "memory goes up to %#llx or has more than %u parts",
				       (unsigned long long)end, PARTS_MAX);
		if (array_room(&f->parts, f->n_parts, &room, sizeof(part)) < 0)
			return kx_fail(err, -ENOMEM, "out of memory");
		f->parts[f->n_parts++] = part;
	}
	if (f->n_parts == 0)
		return kx_fail(err, -EBADMSG, "there is no memory in it");
	join_parts(f);
	return 0;
}

int filter_open(struct vmcore *core, unsigned level, struct filter *ret, struct kx_error *err)
{
	struct filter f = { .core = core, .level = level };
	struct bytes value;
	uint64_t n = 0;
	int r;

	for (size_t i = 0; vmcore_value(core, "PAGESIZE", &value) && i < value.n; i++)
		n = value.p[i] >= '0' && value.p[i] <= '9' && n < 1u << 20
			    ? n * 10 + (uint64_t)(value.p[i] - '0')
			    : 0;
	if (!vmcore_is_le64(core))
		return kx_fail(err, -EOPNOTSUPP,
			       "dumps of machines that are not 64-bit and little endian are not "
			       "copied");
	if (n < 4096 || n > 65536 || n & (n - 1))
		return kx_fail(err, -EBADMSG, "VMCOREINFO: a page has %llu bytes",
			       (unsigned long long)n);
	f.counts.page_n = n;
	r = read_parts(&f, err);
	if (r < 0) {
		free(f.parts);
		return r;
	}
	f.missing = page_layout_read(core, &f.layout);
	if (!f.missing)
		f.missing = page_map_open(core, n, f.layout.size, &f.map);
	*ret = f;
	return 0;
}

void filter_done(struct filter *filter)
{
	free(filter->parts);
	*filter = (struct filter){ 0 };
}

static bool is_left_out(struct filter *f, enum verdict verdict)
{
	struct dump_counts *c = &f->counts;
	uint64_t *count = NULL;
	unsigned bits = 0;

	switch (verdict) {
	case KEEP:
		return false;
	case CACHE:
		count = &c->n_cache;
		bits = DUMP_NO_CACHE | DUMP_NO_CACHE_PRIVATE;
		break;
	case CACHE_PRIVATE:
		count = &c->n_cache_private;
		bits = DUMP_NO_CACHE_PRIVATE;
		break;
	case USER:
		count = &c->n_user;
		bits = DUMP_NO_USER;
		break;
	case FREE:
		count = &c->n_free;
		bits = DUMP_NO_FREE;
		break;
	case BAD:
		count = &c->n_bad;
		bits = DUMP_LEVEL_MAX;
		break;
	}
	if (!(f->level & bits) && verdict != BAD)
		return false;
	++*count;
	return true;
}

/* What holds for the first page of a large one holds for all of it. */
static enum verdict verdict_of(struct filter *f, struct bytes page, uint64_t at, uint64_t frame)
{
	const uint64_t head = page_head(f->core, &f->layout, page, at);
	uint8_t raw[2 * PAGE_NOTE_MAX];
	enum verdict verdict;
	unsigned order;

	if (frame < f->free_end)
		return FREE;
	if (head == f->head)
		return f->head_verdict;
	if (head != at) {
		if (vmcore_read_virtual(f->core, head, raw, 2 * f->layout.size, "a struct page",
					NULL) < 0)
			return KEEP;
		page = (struct bytes){ raw, 2 * f->layout.size };
	}
	verdict = page_verdict(f->core, &f->layout, page, &order);
	if (verdict == FREE && head == at)
		f->free_end = frame + (UINT64_C(1) << order);
	f->head = head;
	f->head_verdict = verdict;
	return verdict;
}

/* Frames of one group that are memory; they have their struct pages side by side. */
static void look_at_group(struct filter *f, uint64_t frame, uint64_t end, uint64_t start,
			  uint8_t *kept)
{
	uint8_t raw[GROUP * PAGE_NOTE_MAX];
	const uint64_t size = f->layout.size, n = end - frame;
	uint64_t at;
	const bool known =
		page_map_find(f->core, &f->map, frame, size, &at) &&
		vmcore_read_virtual(f->core, at, raw, n * size, "struct pages", NULL) == 0;

	if (!known)
		f->counts.n_unknown += n;
	for (uint64_t i = 0; i < n; i++) {
		const struct bytes page = { raw + i * size, (n - i) * size };

		if (!known || !is_left_out(f, verdict_of(f, page, at + i * size, frame + i))) {
			const uint64_t bit = frame + i - start;

			kept[bit / 8] |= (uint8_t)(1u << bit % 8);
			f->counts.n_kept++;
		}
	}
}

static void mark(uint8_t *bitmap, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		bitmap[from / 8] |= (uint8_t)(1u << from % 8);
}

void filter_chunk(struct filter *f, uint64_t start, uint8_t memory[CHUNK], uint8_t kept[CHUNK])
{
	const bool tells = !f->missing && f->level & ~DUMP_NO_ZERO;

	__builtin_memset(memory, 0, CHUNK);
	__builtin_memset(kept, 0, CHUNK);
	for (size_t i = 0; i < f->n_parts; i++) {
		uint64_t from = f->parts[i].start, to = f->parts[i].end;

		from = from < start ? start : from;
		to = to > start + CHUNK_PAGES ? start + CHUNK_PAGES : to;
		if (from >= to)
			continue;
		mark(memory, from - start, to - start);
		if (!tells) {
			mark(kept, from - start, to - start);
			f->counts.n_kept += to - from;
			continue;
		}
		while (from < to) {
			uint64_t end = (from / GROUP + 1) * GROUP;

			end = end < to ? end : to;
			look_at_group(f, from, end, start, kept);
			from = end;
		}
	}
}

int dump_survey(struct vmcore *core, unsigned level, struct dump_counts *ret, struct kx_error *err)
{
	uint8_t memory[CHUNK], kept[CHUNK];
	struct filter f;
	int r = filter_open(core, level, &f, err);

	if (r < 0)
		return r;
	for (uint64_t at = 0; at < f.n_frames; at += CHUNK_PAGES)
		filter_chunk(&f, at, memory, kept);
	*ret = f.counts;
	ret->missing = f.missing;
	filter_done(&f);
	return 0;
}
