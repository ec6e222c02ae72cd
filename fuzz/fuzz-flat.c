// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The stream of a dump that is sent away. The input is a list of writes and reads of a small file, 4 bytes each:
 * what, where, length, byte. What is read back has to be what a file would have there, and the stream, put
 * together again by the format's own rules, has to be that file.
 */
#include <errno.h>

#include "capture/flat.h"
#include "inside.h"

enum { FILE_N = 512, STREAM_MAX = 1 << 20, HEADER_N = 4096 };

static uint8_t stream[STREAM_MAX];
static size_t stream_n;

static int collect(void *data, const void *buf, size_t n)
{
	(void)data;
	must(n <= STREAM_MAX - stream_n);
	memcpy(stream + stream_n, buf, n);
	stream_n += n;
	return 0;
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* As `makedumpfile -R` does it. */
static void put_together(uint8_t *file)
{
	size_t here = HEADER_N;

	must(stream_n > HEADER_N && strcmp((char *)stream, "makedumpfile") == 0);
	for (;;) {
		uint64_t at, n;

		must(stream_n - here >= 16);
		at = be64(stream + here);
		n = be64(stream + here + 8);
		here += 16;
		if (at == UINT64_MAX && n == UINT64_MAX)
			break;
		must(n > 0 && n <= FILE_N && at <= FILE_N - n && n <= stream_n - here);
		memcpy(file + at, stream + here, n);
		here += n;
	}
	must(here == stream_n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t file[FILE_N] = { 0 }, again[FILE_N] = { 0 };
	struct capture_flat *flat = NULL;
	const struct dump_sink *sink;
	uint64_t n_bytes = 0;

	stream_n = 0;
	must(capture_flat_new(collect, NULL, NULL, &flat) == 0);
	sink = capture_flat_sink(flat);
	for (size_t i = 0; i + 4 <= size && i < 4000; i += 4) {
		const size_t at = data[i + 1], n = data[i + 2];
		uint8_t buf[256];
		int r;

		if (data[i] & 1) {
			r = sink->read_at(sink->data, at, buf, n);
			must(r == -ESPIPE || (r == 0 && memcmp(buf, file + at, n) == 0));
			continue;
		}
		memset(buf, data[i + 3], n);
		must(sink->write_at(sink->data, at, buf, n) == 0);
		memcpy(file + at, buf, n);
	}
	must(capture_flat_end(flat, &n_bytes) == 0 && n_bytes == stream_n);
	put_together(again);
	must(memcmp(file, again, FILE_N) == 0);
	(void)capture_flat_free(flat);
	return 0;
}
