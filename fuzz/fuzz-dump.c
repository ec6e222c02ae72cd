// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A crashed machine's memory, copied without what nobody needs. The input patches a file of zeros, since a
 * machine is large and hardly anything of it matters: four bytes where, two bytes how many, the bytes; and so
 * on. Numbers are little endian.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"
#include "vmcore/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 4 << 20, COPY_MAX = 16 << 20 };

struct memory {
	uint8_t *p;
	size_t n;
};

/* The patched file ends behind the last patch. */
static struct memory unfold(const uint8_t *data, size_t size)
{
	struct memory file = { calloc(1, FILE_MAX), 0 };

	if (!file.p)
		abort();
	while (size >= 6) {
		const size_t at = (size_t)data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16 |
				  (size_t)data[3] << 24;
		size_t n = (size_t)data[4] | (size_t)data[5] << 8;

		data += 6;
		size -= 6;
		n = n < size ? n : size;
		if (at < FILE_MAX && n <= FILE_MAX - at) {
			memcpy(file.p + at, data, n);
			file.n = at + n > file.n ? at + n : file.n;
		}
		data += n;
		size -= n;
	}
	return file;
}

static ssize_t read_file(void *data, uint64_t offset, void *buf, size_t n)
{
	const struct memory *file = data;

	if (offset >= file->n)
		return 0;
	n = n < file->n - (size_t)offset ? n : file->n - (size_t)offset;
	memcpy(buf, file->p + offset, n);
	return (ssize_t)n;
}

static int write_copy(void *data, uint64_t offset, const void *buf, size_t n)
{
	struct memory *copy = data;

	if (offset > COPY_MAX || n > COPY_MAX - (size_t)offset)
		return -ENOSPC;
	memcpy(copy->p + offset, buf, n);
	copy->n = offset + n > copy->n ? (size_t)offset + n : copy->n;
	return 0;
}

static int read_copy(void *data, uint64_t offset, void *buf, size_t n)
{
	const struct memory *copy = data;

	if (offset > copy->n || n > copy->n - (size_t)offset)
		return -EIO;
	memcpy(buf, copy->p + offset, n);
	return 0;
}

/* Whatever was left out, each page is counted once, and what was written can be opened again. */
static void look_at_copy(const struct memory *copy, const struct dump_counts *c)
{
	const struct vmcore_source source = { read_file, (void *)(uintptr_t)copy };
	struct vmcore *core = NULL;

	if (c->n_kept + c->n_zero + c->n_cache + c->n_cache_private + c->n_user + c->n_free +
		    c->n_bad !=
	    c->n_pages)
		abort();
	if (vmcore_open(&source, &core, NULL) == 0)
		vmcore_free(core);
}

static void copy_it(struct vmcore *core, unsigned level)
{
	struct memory copy = { calloc(1, COPY_MAX), 0 };
	const struct dump_sink sink = { write_copy, read_copy, &copy };
	struct dump_counts counts = { 0 };
	struct kx_error err = { 0 };
	int r;

	if (!copy.p)
		abort();
	r = dump_write(core, level, DUMP_RAW, &sink, &counts, &err);
	if (r < 0 && (err.code != r || !*err.message))
		abort();
	if (r == 0)
		look_at_copy(&copy, &counts);
	free(copy.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory file;
	const struct vmcore_source source = { read_file, &file };
	struct vmcore_summary summary;
	struct vmcore *core = NULL;

	if (size < 1)
		return 0;
	file = unfold(data + 1, size - 1);
	if (vmcore_open(&source, &core, NULL) == 0) {
		vmcore_summarise(core, &summary);
		copy_it(core, data[0] & DUMP_LEVEL_MAX);
		vmcore_free(core);
	}
	free(file.p);
	return 0;
}
