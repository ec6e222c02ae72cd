// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The memory of a crashed machine becomes a smaller dump. So that a machine of some hundred pages is an input of
 * few bytes, the image is zeros with pieces laid over them:
 *
 *	what is left out (5 bits) and how pages are packed, then any number of
 *	offset in units of 8 (3 bytes, little endian), bytes minus 1 (1 byte), the bytes
 */
#include <errno.h>

#include "dump/dump.h"
#include "fuzz/inside.h"

enum { IMAGE_MAX = 1 << 20, DUMP_MAX = 2 << 20, PIECE_HEAD = 4 };

static uint8_t image[IMAGE_MAX], dump[DUMP_MAX];
static size_t dirty; /* bytes of the image that an earlier input may have changed */

struct file {
	uint8_t *p;
	uint64_t n, max; /* @n: what was written */
};

static ssize_t read_file(void *data, uint64_t offset, void *buf, size_t n)
{
	const struct file *file = data;

	if (offset >= file->n)
		return 0;
	if (n > file->n - offset)
		n = (size_t)(file->n - offset);
	memcpy(buf, file->p + offset, n);
	return (ssize_t)n;
}

/* A disk that is full after DUMP_MAX bytes. */
static int write_at(void *data, uint64_t offset, const void *buf, size_t n)
{
	struct file *file = data;

	if (offset > file->max || n > file->max - offset)
		return -ENOSPC;
	if (offset > file->n) /* a hole */
		memset(file->p + file->n, 0, (size_t)(offset - file->n));
	memcpy(file->p + offset, buf, n);
	if (offset + n > file->n)
		file->n = offset + n;
	return 0;
}

static int read_at(void *data, uint64_t offset, void *buf, size_t n)
{
	return read_file(data, offset, buf, n) == (ssize_t)n ? 0 : -EIO;
}

static void lay_out(struct bytes input)
{
	memset(image, 0, dirty);
	dirty = 0;
	while (input.n > PIECE_HEAD) {
		const size_t at = 8 * ((size_t)input.p[0] | (size_t)input.p[1] << 8 |
				       (size_t)input.p[2] << 16);
		size_t n = (size_t)input.p[3] + 1;

		input = (struct bytes){ input.p + PIECE_HEAD, input.n - PIECE_HEAD };
		if (n > input.n)
			n = input.n;
		if (at <= IMAGE_MAX && n <= IMAGE_MAX - at) {
			memcpy(image + at, input.p, n);
			dirty = at + n > dirty ? at + n : dirty;
		}
		input = (struct bytes){ input.p + n, input.n - n };
	}
}

static void check_counts(const struct dump_counts *c, unsigned level)
{
	const uint64_t left_out =
		c->n_zero + c->n_cache + c->n_cache_private + c->n_user + c->n_free;

	must(c->n_kept <= c->n_pages && left_out <= c->n_pages);
	must(level & DUMP_NO_FREE || !c->n_free);
	must(level & DUMP_NO_USER || !c->n_user);
	must(level & DUMP_NO_ZERO || !c->n_zero);
	must(!c->missing || !(c->n_free + c->n_user + c->n_cache + c->n_cache_private));
}

/* What was written is a dump. */
static void read_back(struct file *written)
{
	const struct vmcore_source source = { read_file, written };
	struct vmcore *core = NULL;
	struct kx_error err = { 0 };

	must(vmcore_open(&source, &core, &err) == 0);
	vmcore_free(core);
}

static void write_dump(struct vmcore *core, unsigned level, enum dump_packing packing)
{
	struct file written = { dump, 0, DUMP_MAX };
	const struct dump_sink sink = { .write_at = write_at,
					.read_at = read_at,
					.data = &written };
	struct dump_counts counts = { 0 }, survey = { 0 };
	struct kx_error err = { 0 };
	int r = dump_write(core, level, packing, &sink, &counts, &err);

	if (r < 0) {
		must(err.code == r && *err.message);
		return;
	}
	check_counts(&counts, level);
	must(counts.n_bytes == written.n);
	read_back(&written);
	must(dump_survey(core, level, &survey, &err) == 0);
	must(survey.n_pages == counts.n_pages && survey.n_free == counts.n_free &&
	     survey.n_user == counts.n_user && survey.n_cache == counts.n_cache);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file memory = { image, IMAGE_MAX, IMAGE_MAX };
	const struct vmcore_source source = { read_file, &memory };
	struct vmcore *core = NULL;

	if (!size)
		return 0;
	lay_out((struct bytes){ data + 1, size - 1 });
	if (vmcore_open(&source, &core, NULL) < 0)
		return 0;
	write_dump(core, data[0] & DUMP_LEVEL_MAX, data[0] >> 5 & 1 ? DUMP_ZLIB : DUMP_RAW);
	vmcore_free(core);
	return 0;
}
