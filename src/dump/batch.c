// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads kept pages, and packs many of them at once: a thread for each processor takes the same number of pages,
 * and each page has a place of its own, so that the dump does not depend on how many there are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/jobs.h"
#include "dump/filter.h"

enum {
	SLICE = 32, /* pages that one thread packs before the next ones are read */
	THREADS_MAX = 16,
};

struct batch {
	struct vmcore *core;
	batch_emit_fn emit;
	void *data;
	size_t page_n, n, room; /* pages that are in it, and that fit */
	bool looks_for_zeros;
	uint64_t n_unreadable;
	size_t n_packers;
	struct packer *packers[THREADS_MAX];
	struct batch_page pages[SLICE * THREADS_MAX];
	uint8_t *in, *out;
};

int batch_new(struct vmcore *core, const struct batch_options *options, struct batch **ret)
{
	struct batch *b = calloc(1, sizeof(*b));
	unsigned n = jobs_processors();
	int r = 0;

	if (!b)
		return -ENOMEM;
	n = n > THREADS_MAX ? THREADS_MAX : n;
	b->core = core;
	b->emit = options->emit;
	b->data = options->data;
	b->page_n = options->page_n;
	b->looks_for_zeros = options->looks_for_zeros;
	for (; r == 0 && b->n_packers < n; b->n_packers += r == 0)
		r = packer_new(options->packing, b->page_n, &b->packers[b->n_packers]);
	if (r == -ENOMEM && b->n_packers > 0)
		r = 0; /* fewer threads */
	if (r == 0) {
		b->room = b->n_packers * SLICE;
		b->in = malloc(b->room * b->page_n);
		b->out = malloc(b->room * b->page_n);
		r = b->in && b->out ? 0 : -ENOMEM;
	}
	if (r < 0)
		b = batch_free(b);
	*ret = b;
	return r;
}

struct batch *batch_free(struct batch *b)
{
	if (!b)
		return NULL;
	for (size_t i = 0; i < b->n_packers; i++)
		packer_free(b->packers[i]);
	free(b->in);
	free(b->out);
	free(b);
	return NULL;
}

uint64_t batch_unreadable(const struct batch *b)
{
	return b->n_unreadable;
}

static void pack_page(struct batch *b, struct packer *packer, size_t i)
{
	const uint8_t *in = b->in + i * b->page_n;
	struct batch_page *page = &b->pages[i];

	page->is_zero = b->looks_for_zeros && page_is_zero(in, b->page_n);
	if (page->is_zero) {
		page->flags = 0;
		page->packed = (struct bytes){ in, b->page_n };
	} else {
		page->packed = packer_pack(packer, in, b->out + i * b->page_n, &page->flags);
	}
}

static void pack_slice(void *data, size_t number)
{
	struct batch *b = data;
	const size_t end = (number + 1) * SLICE < b->n ? (number + 1) * SLICE : b->n;

	for (size_t i = number * SLICE; i < end; i++)
		pack_page(b, b->packers[number], i);
}

int batch_flush(struct batch *b)
{
	int r = 0;

	jobs_run((b->n + SLICE - 1) / SLICE, pack_slice, b);
	for (size_t i = 0; r == 0 && i < b->n; i++)
		r = b->emit(b->data, &b->pages[i]);
	b->n = 0;
	return r;
}

/* Memory that cannot be read is written as zeros: the rest of the dump is worth having. */
static void read_run(struct batch *b, uint64_t frame, size_t n)
{
	uint8_t *to = b->in + b->n * b->page_n;

	if (vmcore_read_physical(b->core, frame * b->page_n, to, n * b->page_n, NULL) == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		uint8_t *page = to + i * b->page_n;

		if (vmcore_read_physical(b->core, (frame + i) * b->page_n, page, b->page_n, NULL) <
		    0) {
			memset(page, 0, b->page_n);
			b->n_unreadable++;
		}
	}
}

int batch_add(struct batch *b, uint64_t frame, size_t n)
{
	int r = 0;

	while (r == 0 && n > 0) {
		const size_t part = n < b->room - b->n ? n : b->room - b->n;

		read_run(b, frame, part);
		for (size_t i = 0; i < part; i++)
			b->pages[b->n + i].frame = frame + i;
		b->n += part;
		frame += part;
		n -= part;
		if (b->n == b->room)
			r = batch_flush(b);
	}
	return r;
}
