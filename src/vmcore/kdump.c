// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A compressed dump of makedumpfile: header, bitmaps of the page frames, a descriptor for each page that
 * is in it, and the pages. Its memory is made to look like a file that is read by physical address.
 * Source: makedumpfile's IMPLEMENTATION ("kdump-compressed format") and diskdump_mod.h; numbers are in
 * the crashed machine's byte order and, in the sub header, of the size of its longs.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "vmcore/core.h"

/* Offsets in the two headers, by the size of a long. i386 aligns 64-bit numbers to 4 bytes. */
struct layout {
	size_t word;
	size_t block_n, sub_blocks, bitmap_blocks, max_frame; /* struct disk_dump_header */
	size_t info_at, info_n, max_frame_64, sub_n;	      /* struct kdump_sub_header */
};

static const struct layout layout64 = { 8, 428, 432, 436, 440, 32, 40, 96, 104 };
static const struct layout layout32 = { 4, 416, 420, 424, 428, 20, 28, 72, 80 };

enum {
	HEADER_N = 464,
	VERSION_AT = 8,
	MACHINE_AT = 12 + 4 * 65, /* utsname.machine */
	MACHINE_N = 65,
	VERSION_WITH_INFO = 3, /* of the format: from here on the fields are there */
	VERSION_WITH_FRAMES = 6,
	DESCRIPTOR_N = 24,
	RANKS = 4096,
};

struct kdump {
	struct file file;
	bool is_big;
	size_t page_n;
	uint64_t n_frames;
	uint64_t bitmap_at, descriptors_at; /* in the file */
	uint64_t chunk_n;		    /* bytes of the bitmap for each of @ranks */
	uint64_t ranks[RANKS];		    /* pages in the dump before each chunk */
	uint64_t frame;			    /* that is in @page, with has_page */
	bool has_page;
	uint8_t *page, *packed;
};

static uint64_t load(const struct kdump *k, const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[k->is_big ? i : n - 1 - i];
	return v;
}

/* ---- which page frames are in it */

static uint64_t count_bits(const uint8_t *p, size_t n)
{
	uint64_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += (uint64_t)__builtin_popcount(p[i]);
	return count;
}

/* Set bits of the bitmap's bytes [@start, @end). */
static int count_range(struct kdump *k, uint64_t start, uint64_t end, uint64_t *count)
{
	uint8_t buf[BLOCK_N];

	while (start < end) {
		const size_t n = end - start < sizeof(buf) ? (size_t)(end - start) : sizeof(buf);
		ssize_t got = core_file_read(&k->file, k->bitmap_at + start, buf, n);

		if (got < 0)
			return (int)got;
		if ((size_t)got < n)
			return -ENODATA;
		*count += count_bits(buf, n);
		start += n;
	}
	return 0;
}

static int read_ranks(struct kdump *k, struct kx_error *err)
{
	const uint64_t n = (k->n_frames + 7) / 8;
	uint64_t count = 0;
	int r = 0;

	k->chunk_n = BLOCK_N;
	while (k->chunk_n * RANKS < n)
		k->chunk_n *= 2;
	for (uint64_t i = 0; r == 0 && i * k->chunk_n < n; i++) {
		const uint64_t start = i * k->chunk_n;

		k->ranks[i] = count;
		r = count_range(k, start, n - start < k->chunk_n ? n : start + k->chunk_n, &count);
	}
	if (r == -ENODATA)
		return kx_fail(err, r, "the file is cut off inside the bitmap of its pages");
	return r < 0 ? kx_fail(err, r, "cannot read the bitmap of its pages: %s", strerror(-r)) : 0;
}

/* Which of the descriptors is @frame's; -EFAULT when it has none. */
static int find_descriptor(struct kdump *k, uint64_t frame, uint64_t *ret)
{
	const uint64_t chunk = frame / 8 / k->chunk_n;
	uint64_t count = k->ranks[chunk];
	uint8_t byte;
	int r;

	if (core_file_read(&k->file, k->bitmap_at + frame / 8, &byte, 1) != 1)
		return -EIO;
	if (!(byte >> frame % 8 & 1))
		return -EFAULT;
	r = count_range(k, chunk * k->chunk_n, frame / 8, &count);
	if (r < 0)
		return r;
	*ret = count + (uint64_t)__builtin_popcount(byte & ((1u << frame % 8) - 1));
	return 0;
}

/* ---- pages */

static int read_page(struct kdump *k, uint64_t frame)
{
	uint8_t raw[DESCRIPTOR_N];
	uint64_t index, at;
	uint32_t n, flags;
	ssize_t got;
	int r = find_descriptor(k, frame, &index);

	if (r < 0)
		return r;
	if (core_file_read(&k->file, k->descriptors_at + index * sizeof(raw), raw, sizeof(raw)) !=
	    sizeof(raw))
		return -EIO;
	at = load(k, raw, 8);
	n = (uint32_t)load(k, raw + 8, 4);
	flags = (uint32_t)load(k, raw + 12, 4);
	if (n == 0 || n > k->page_n)
		return -EPROTO;
	got = core_file_read(&k->file, at, k->packed, n);
	if (got < 0)
		return (int)got;
	if ((size_t)got < n)
		return -EIO;
	k->has_page = false;
	r = page_unpack((struct bytes){ k->packed, n }, flags, k->page, k->page_n);
	if (r < 0)
		return r;
	k->frame = frame;
	k->has_page = true;
	return 0;
}

static ssize_t read_at(void *data, uint64_t offset, void *buf, size_t n)
{
	struct kdump *k = data;
	size_t done = 0;

	while (done < n) {
		const uint64_t frame = (offset + done) / k->page_n;
		const size_t skip = (size_t)((offset + done) % k->page_n);
		const size_t room = k->page_n - skip, part = n - done < room ? n - done : room;
		int r = 0;

		if (frame >= k->n_frames)
			break;
		if (!k->has_page || k->frame != frame)
			r = read_page(k, frame);
		if (r < 0)
			return r;
		memcpy((uint8_t *)buf + done, k->page + skip, part);
		done += part;
	}
	return (ssize_t)done;
}

/* ---- headers */

static uint16_t machine_of(const char *name)
{
	static const struct {
		const char *name;
		uint16_t machine;
	} names[] = {
		{ "x86_64", EM_X86_64 }, { "aarch64", EM_AARCH64 }, { "i686", EM_386 },
		{ "i586", EM_386 },	 { "i386", EM_386 },	    { "s390x", EM_S390 },
		{ "ppc64", EM_PPC64 },	 { "ppc64le", EM_PPC64 },   { "riscv64", EM_RISCV },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i].name))
			return names[i].machine;
	return EM_NONE;
}

static bool is_page_size(uint64_t n)
{
	return n >= BLOCK_N && n <= PAGE_N_MAX && (n & (n - 1)) == 0;
}

/* By what makes the size of a page one. */
static const struct layout *find_layout(struct kdump *k, const uint8_t *head, struct vmcore *core)
{
	const struct layout *const layouts[] = { &layout64, &layout32 };

	for (size_t i = 0; i < 4; i++) {
		const struct layout *l = layouts[i / 2];
		const bool is_32 = core->machine == EM_386;

		k->is_big = i % 2;
		if (is_32 == (l == &layout32) && is_page_size(load(k, head + l->block_n, 4)))
			return l;
	}
	return NULL;
}

static int read_info(struct vmcore *core, uint64_t at, uint64_t n, struct kx_error *err)
{
	_cleanup_free_ char *info = NULL;
	int r;

	if (at == 0 || n == 0)
		return 0;
	if (n > INFO_MAX)
		return kx_fail(err, -EBADMSG, "VMCOREINFO claims %llu bytes, more than %u",
			       (unsigned long long)n, INFO_MAX);
	info = malloc((size_t)n + 1);
	if (!info)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = core_read_file(core, at, info, (size_t)n, "VMCOREINFO", err);
	if (r < 0)
		return r;
	core->n_info = strnlen(info, (size_t)n);
	core->info = TAKE_PTR(info);
	return 0;
}

static int read_sub_header(struct vmcore *core, struct kdump *k, const struct layout *l,
			   uint64_t version, struct kx_error *err)
{
	uint8_t sub[104];
	int r = core_read_file(core, k->page_n, sub, l->sub_n, "the sub header", err);

	if (r < 0)
		return r;
	core->phys_base = load(k, sub, l->word);
	core->has_phys_base = l->word == 8;
	if (version >= VERSION_WITH_FRAMES)
		k->n_frames = load(k, sub + l->max_frame_64, 8);
	if (version < VERSION_WITH_INFO)
		return 0;
	return read_info(core, load(k, sub + l->info_at, 8), load(k, sub + l->info_n, l->word),
			 err);
}

/* Two bitmaps, of frames that are memory and of frames that are in the dump; one in dumps of all memory. */
static int place_parts(struct kdump *k, uint64_t sub_blocks, uint64_t bitmap_blocks,
		       struct kx_error *err)
{
	const uint64_t one = (k->n_frames + 8 * k->page_n - 1) / (8 * k->page_n);

	if (k->n_frames == 0 || k->n_frames > PAGES_MAX || one > bitmap_blocks)
		return kx_fail(err, -EBADMSG,
			       "its header claims %llu pages and %llu blocks of bitmap",
			       (unsigned long long)k->n_frames, (unsigned long long)bitmap_blocks);
	k->bitmap_at = (1 + sub_blocks) * k->page_n;
	k->descriptors_at = k->bitmap_at + bitmap_blocks * k->page_n;
	if (bitmap_blocks >= 2 * one)
		k->bitmap_at += bitmap_blocks / 2 * k->page_n;
	return 0;
}

static int read_headers(struct vmcore *core, struct kdump *k, struct kx_error *err)
{
	uint8_t head[HEADER_N];
	char name[MACHINE_N + 1] = "";
	const struct layout *l;
	int r = core_read_file(core, 0, head, sizeof(head), "its header", err);

	if (r < 0)
		return r;
	memcpy(name, head + MACHINE_AT, MACHINE_N);
	core->machine = machine_of(name);
	l = find_layout(k, head, core);
	if (!l)
		return kx_fail(err, -EBADMSG, "its header does not say how large a page is");
	core->is_big = k->is_big;
	core->word = (uint8_t)l->word;
	k->page_n = (size_t)load(k, head + l->block_n, 4);
	k->n_frames = load(k, head + l->max_frame, 4);
	r = read_sub_header(core, k, l, load(k, head + VERSION_AT, 4), err);
	return r < 0 ? r
		     : place_parts(k, load(k, head + l->sub_blocks, 4),
				   load(k, head + l->bitmap_blocks, 4), err);
}

int kdump_open(struct vmcore *core, struct kx_error *err)
{
	struct kdump *k = calloc(1, sizeof(*k));
	struct segment all = { 0 };
	size_t room = 0;
	int r;

	if (!k)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = read_headers(core, k, err);
	core->kdump = k;
	k->file = core->file;
	if (r == 0)
		r = read_ranks(k, err);
	if (r < 0)
		return r;
	k->page = malloc(2 * k->page_n);
	if (!k->page)
		return kx_fail(err, -ENOMEM, "out of memory");
	k->packed = k->page + k->page_n;
	all.file_n = all.mem_n = k->n_frames * k->page_n;
	if (core_add_segment(core, &all, &room) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");
	core->file = (struct file){ .source = { read_at, k } };
	return 0;
}

void kdump_free(struct kdump *kdump)
{
	if (kdump)
		free(kdump->page);
	free(kdump);
}
