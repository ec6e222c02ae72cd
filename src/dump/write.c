// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes a dump in the compressed format of makedumpfile, version 6, which crash, drgn and makedumpfile read.
 * Source: makedumpfile's IMPLEMENTATION and diskdump_mod.h; src/vmcore/kdump.c reads it. First the bitmaps,
 * chunk by chunk, then the pages of which they say that they are kept: descriptors and contents are
 * written side by side, each from a buffer of its own.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "dump/filter.h"
#include "fundamental/put.h"

enum {
	HEADER_VERSION = 6,
	HEADER_N = 464,
	UTSNAME_AT = 12,
	UTSNAME_N = 390,
	TIME_AT = 408,
	STATUS_AT = 424, /* how pages are packed: the bits of their own flags */
	SUB_N = 104,
	DESCRIPTOR_N = 24,
	OUT_N = 1 << 20,
};

/* Bytes that are written one after the other. */
struct stream {
	uint64_t at;
	size_t n;
	uint8_t buf[OUT_N];
};

struct writer {
	struct filter filter;
	const struct dump_sink *sink;
	struct batch *batch;
	enum dump_packing packing;
	uint8_t *notes;
	size_t n_notes;
	uint64_t sub_blocks, bitmap_blocks; /* of one bitmap */
	uint64_t bitmap_at, descriptors_at, data_at;
	bool has_zero; /* the page that all pages of zeros share, by its descriptor */
	uint8_t zero[DESCRIPTOR_N];
	struct stream descriptors, data;
};

static int put_at(struct writer *w, uint64_t at, const void *buf, size_t n)
{
	return w->sink->write_at(w->sink->data, at, buf, n);
}

static int flush(struct writer *w, struct stream *s)
{
	int r = s->n ? put_at(w, s->at, s->buf, s->n) : 0;

	s->at += s->n;
	s->n = 0;
	return r;
}

static int append(struct writer *w, struct stream *s, struct bytes b)
{
	int r = 0;

	if (b.n > sizeof(s->buf) - s->n)
		r = flush(w, s);
	if (r < 0)
		return r;
	memcpy(s->buf + s->n, b.p, b.n);
	s->n += b.n;
	return 0;
}

/* ---- headers */

static uint64_t blocks(const struct writer *w, uint64_t n)
{
	return (n + w->filter.counts.page_n - 1) / w->filter.counts.page_n;
}

/*
 * Where VMCOREINFO is, behind the beginning of the second header: among the notes, which makedumpfile takes for
 * granted when it reads a dump to make another one (write_kdump_header() in makedumpfile.c), or behind them
 * when it is no note.
 */
static uint64_t info_at(const struct writer *w)
{
	const struct bytes info = vmcore_info(w->filter.core);
	const uint8_t *found = memmem(w->notes, w->n_notes, info.p, info.n);

	return SUB_N + (found ? (uint64_t)(found - w->notes) : w->n_notes);
}

static void place_parts(struct writer *w)
{
	const uint64_t page_n = w->filter.counts.page_n, notes_end = SUB_N + w->n_notes,
		       info_end = info_at(w) + vmcore_info(w->filter.core).n;

	w->sub_blocks = blocks(w, notes_end > info_end ? notes_end : info_end);
	w->bitmap_blocks = blocks(w, (w->filter.n_frames + 7) / 8);
	w->bitmap_at = (1 + w->sub_blocks) * page_n;
	w->descriptors_at = w->bitmap_at + 2 * w->bitmap_blocks * page_n;
}

/* Registers of how many processors are in the notes? */
static uint32_t count_processors(const struct writer *w)
{
	const struct bytes notes = { w->notes, w->n_notes };
	uint32_t name_n, body_n, type, count = 0;
	uint64_t at = 0;

	while (bytes_le32(notes, at, &name_n) && bytes_le32(notes, at + 4, &body_n) &&
	       bytes_le32(notes, at + 8, &type) && name_n > 0) {
		count += type == NT_PRSTATUS;
		at += sizeof(Elf64_Nhdr) + ((uint64_t)name_n + 3) / 4 * 4 +
		      ((uint64_t)body_n + 3) / 4 * 4;
		if (at > notes.n)
			break;
	}
	return count ? count : 1;
}

static uint64_t crash_time(const struct vmcore *core)
{
	struct bytes value;
	uint64_t time = 0;

	if (!vmcore_value(core, "CRASHTIME", &value))
		return 0;
	for (size_t i = 0; i < value.n && value.p[i] >= '0' && value.p[i] <= '9'; i++)
		time = time * 10 + (uint64_t)(value.p[i] - '0');
	return time;
}

/* Names of the crashed system out of its memory: struct new_utsname in init_uts_ns. */
static void put_names(const struct writer *w, uint8_t *names)
{
	struct vmcore *core = w->filter.core;
	uint64_t at, offset;

	if (!vmcore_symbol(core, "init_uts_ns", &at) ||
	    !vmcore_number(core, "OFFSET", "uts_namespace.name", &offset) ||
	    vmcore_read_virtual(core, at + offset, names, UTSNAME_N, "its names", NULL) < 0)
		memset(names, 0, UTSNAME_N);
}

static int write_header(struct writer *w)
{
	static const uint32_t status[] = { [DUMP_RAW] = 0, [DUMP_ZLIB] = 1, [DUMP_ZSTD] = 0x20 };
	const struct dump_counts *c = &w->filter.counts;
	uint8_t head[HEADER_N] = "KDUMP   ";
	const uint64_t frames = w->filter.n_frames;

	put_le32(head + 8, HEADER_VERSION);
	put_names(w, head + UTSNAME_AT);
	put_le64(head + TIME_AT, crash_time(w->filter.core));
	put_le32(head + STATUS_AT, status[w->packing]);
	put_le32(head + 428, (uint32_t)c->page_n);
	put_le32(head + 432, (uint32_t)w->sub_blocks);
	put_le32(head + 436, (uint32_t)(2 * w->bitmap_blocks));
	put_le32(head + 440, frames < UINT32_MAX ? (uint32_t)frames : UINT32_MAX);
	put_le32(head + 448, (uint32_t)blocks(w, w->data_at));
	put_le32(head + 460, count_processors(w));
	return put_at(w, 0, head, sizeof(head));
}

static int write_sub_header(struct writer *w)
{
	const uint64_t at = w->filter.counts.page_n;
	const struct bytes info = vmcore_info(w->filter.core);
	uint8_t sub[SUB_N] = { 0 };
	uint64_t phys_base = 0;
	int r;

	(void)vmcore_number(w->filter.core, "NUMBER", "phys_base", &phys_base);
	put_le64(sub, phys_base);
	put_le32(sub + 8, w->filter.level);
	put_le64(sub + 32, at + info_at(w));
	put_le64(sub + 40, info.n);
	put_le64(sub + 48, w->n_notes ? at + SUB_N : 0);
	put_le64(sub + 56, w->n_notes);
	put_le64(sub + 96, w->filter.n_frames);
	r = put_at(w, at, sub, sizeof(sub));
	if (r == 0 && w->n_notes)
		r = put_at(w, at + SUB_N, w->notes, w->n_notes);
	return r == 0 ? put_at(w, at + info_at(w), info.p, info.n) : r;
}

/* ---- bitmaps, then pages */

static int write_bitmaps(struct writer *w)
{
	const uint64_t size = w->bitmap_blocks * w->filter.counts.page_n;
	uint8_t memory[CHUNK], kept[CHUNK];
	int r = 0;

	for (uint64_t at = 0; r == 0 && at < size; at += CHUNK) {
		filter_chunk(&w->filter, 8 * at, memory, kept);
		r = put_at(w, w->bitmap_at + at, memory, CHUNK);
		if (r == 0)
			r = put_at(w, w->bitmap_at + size + at, kept, CHUNK);
	}
	return r;
}

static int write_new_page(struct writer *w, const struct batch_page *page,
			  uint8_t descriptor[DESCRIPTOR_N])
{
	put_le64(descriptor, w->data.at + w->data.n);
	put_le32(descriptor + 8, (uint32_t)page->packed.n);
	put_le32(descriptor + 12, page->flags);
	return append(w, &w->data, page->packed);
}

static int write_page(void *data, const struct batch_page *page)
{
	struct writer *w = data;
	uint8_t made[DESCRIPTOR_N] = { 0 };
	int r = 0;

	if (!page->is_zero || !w->has_zero)
		r = write_new_page(w, page, made);
	if (r == 0 && page->is_zero) {
		if (!w->has_zero)
			memcpy(w->zero, made, sizeof(made));
		w->has_zero = true;
		w->filter.counts.n_zero++;
		w->filter.counts.n_kept--;
	}
	return r < 0 ? r
		     : append(w, &w->descriptors,
			      (struct bytes){ page->is_zero ? w->zero : made, DESCRIPTOR_N });
}

static int write_chunk(struct writer *w, uint64_t start, const uint8_t *kept)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < CHUNK_PAGES; i++) {
		size_t n = 0;

		if (i % 8 == 0 && !kept[i / 8]) {
			i += 7;
			continue;
		}
		while (i + n < CHUNK_PAGES && kept[(i + n) / 8] >> (i + n) % 8 & 1)
			n++;
		if (n > 0)
			r = batch_add(w->batch, start + i, n);
		i += n;
	}
	return r;
}

static void tell_progress(const struct writer *w, uint64_t all)
{
	const uint64_t n = w->descriptors.at + w->descriptors.n - w->descriptors_at;

	if (w->sink->progress)
		w->sink->progress(w->sink->data, n / DESCRIPTOR_N, all);
}

static int write_pages(struct writer *w)
{
	const uint64_t all = w->filter.counts.n_kept;
	const uint64_t size = w->bitmap_blocks * w->filter.counts.page_n;
	uint8_t kept[CHUNK];
	int r = 0;

	w->data_at = w->descriptors_at + w->filter.counts.n_kept * DESCRIPTOR_N;
	w->descriptors.at = w->descriptors_at;
	w->data.at = w->data_at;
	for (uint64_t at = 0; r == 0 && at < size; at += CHUNK) {
		r = w->sink->read_at(w->sink->data, w->bitmap_at + size + at, kept, CHUNK);
		if (r == 0)
			r = write_chunk(w, 8 * at, kept);
		tell_progress(w, all);
	}
	if (r == 0)
		r = batch_flush(w->batch);
	if (r == 0)
		r = flush(w, &w->descriptors);
	if (r == 0)
		r = flush(w, &w->data);
	w->filter.counts.n_bytes = w->data.at;
	return r;
}

static int write_all(struct writer *w)
{
	const struct batch_options options = { .packing = w->packing,
					       .page_n = w->filter.counts.page_n,
					       .looks_for_zeros = w->filter.level & DUMP_NO_ZERO,
					       .emit = write_page,
					       .data = w };
	int r = batch_new(w->filter.core, &options, &w->batch);

	if (r == 0)
		r = write_bitmaps(w);
	if (r == 0)
		r = write_pages(w);
	if (r == 0)
		r = write_sub_header(w);
	/* last: what is cut off before has no header that says that it is a dump */
	return r == 0 ? write_header(w) : r;
}

int dump_write(struct vmcore *core, unsigned level, enum dump_packing packing,
	       const struct dump_sink *sink, struct dump_counts *ret, struct kx_error *err)
{
	struct filter filter;
	struct writer *w;
	int r = filter_open(core, level, &filter, err);

	if (r < 0)
		return r;
	w = calloc(1, sizeof(*w));
	if (!w) {
		filter_done(&filter);
		return kx_fail(err, -ENOMEM, "out of memory");
	}
	w->filter = filter;
	w->sink = sink;
	w->packing = packing;
	r = vmcore_notes(core, &w->notes, &w->n_notes, err);
	if (r == 0) {
		place_parts(w);
		r = write_all(w);
		if (r < 0)
			r = kx_fail(err, r, "cannot write the dump: %s", strerror(-r));
	}
	if (r == 0) {
		*ret = w->filter.counts;
		ret->missing = w->filter.missing;
		ret->n_unreadable = batch_unreadable(w->batch);
	}
	batch_free(w->batch);
	filter_done(&w->filter);
	free(w->notes);
	free(w);
	return r;
}
