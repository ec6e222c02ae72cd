// SPDX-License-Identifier: LGPL-2.1-or-later
/* Streams come from the tools of each format, by way of run-image-decompress.py. */
#include <fcntl.h>

#include "base/io.h"
#include "tests/unit/image-make.h"

#define MAX ((size_t)64 << 20)

struct sample {
	char raw_name[32], name[64], format[16];
	int checked;
	struct bytes raw, stream, sized;
};
static struct sample samples[128];
static size_t n_samples;
static const char *folder;

static struct bytes load(const char *name, const char *suffix)
{
	char path[512];
	uint8_t *p;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	assert_int_equal(read_file_in(ROOT_HERE, path, MAX, &p, &n), 0);
	return (struct bytes){ p, n };
}

static int load_samples(void **state)
{
	struct bytes list = load("list", "");
	FILE *f = fmemopen((void *)(uintptr_t)list.p, list.n, "r");
	struct sample *s = samples;

	assert_non_null(f);
	while (fscanf(f, "%31s %63s %15s %d", s->raw_name, s->name, s->format, &s->checked) == 4) {
		s->raw = load(s->raw_name, ".raw");
		s->stream = load(s->name, "");
		s->sized = load(s->name, ".sized");
		s = &samples[++n_samples];
		assert_true(n_samples < ARRAY_SIZE(samples));
	}
	fclose(f);
	free((void *)(uintptr_t)list.p);
	return n_samples == 80 ? 0 : -1; /* 5 contents, 16 ways to pack them */
}

static int free_samples(void **state)
{
	for (size_t i = 0; i < n_samples; i++) {
		free((void *)(uintptr_t)samples[i].raw.p);
		free((void *)(uintptr_t)samples[i].stream.p);
		free((void *)(uintptr_t)samples[i].sized.p);
	}
	return 0;
}

/* Decodes a copy of exactly this size, and holds decompress() to its rules. */
static int unpack(struct bytes stream, size_t max, struct bytes expected, char *message, size_t n)
{
	uint8_t *copy = malloc(stream.n ? stream.n : 1), *out = (uint8_t *)77;
	struct kx_error err = { .code = 77 };
	size_t out_n = 77;
	int r;

	assert_non_null(copy);
	if (stream.n)
		memcpy(copy, stream.p, stream.n);
	r = decompress((struct bytes){ copy, stream.n }, max, &out, &out_n, &err);
	free(copy);
	if (message)
		(void)snprintf(message, n, "%s", err.message);
	if (r < 0) {
		assert_int_equal(err.code, r);
		assert_true(strlen(err.message) > 0);
		assert_ptr_equal(out, (uint8_t *)77);
		assert_int_equal(out_n, 77);
		return r;
	}
	assert_int_equal(err.code, 77);
	assert_true(out_n <= max);
	/* nothing has no address that memcmp(3) would take */
	r = out_n == expected.n && (!out_n || memcmp(out, expected.p, out_n) == 0) ? 0 : 1;
	free(out);
	return r;
}

static void test_round_trip(void **state)
{
	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];
		int r = unpack(s->stream, MAX, s->raw, NULL, 0);

		assert_string_equal(compression_detect(s->stream), s->format);
		if (r != 0)
			fail_msg("%s: %d", s->name, r);
		r = unpack(s->sized, MAX, s->raw, NULL, 0);
		if (r != 0)
			fail_msg("%s with its size behind it: %d", s->name, r);
	}
}

static struct bytes join(struct bytes a, struct bytes b)
{
	uint8_t *p = malloc(a.n + b.n);

	assert_non_null(p);
	memcpy(p, a.p, a.n);
	memcpy(p + a.n, b.p, b.n);
	return (struct bytes){ p, a.n + b.n };
}

/* `cat a.gz b.gz`, and whatever else may follow. LZMA alone has no magic number to go on by. */
static void test_what_follows(void **state)
{
	static const char signature[] = "~Module signature appended~\n";

	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];
		struct bytes twice, raw_twice, signed_;
		bool goes_on = strcmp(s->format, "lzma") != 0;
		int r;

		if (strcmp(s->raw_name, "small") != 0)
			continue;
		twice = join(s->stream, s->stream);
		raw_twice = join(s->raw, s->raw);
		r = unpack(twice, MAX, goes_on ? raw_twice : s->raw, NULL, 0);
		if (r != 0)
			fail_msg("%s twice: %d", s->name, r);

		signed_ = join(s->stream,
			       (struct bytes){ (const uint8_t *)signature, sizeof(signature) });
		r = unpack(signed_, MAX, s->raw, NULL, 0);
		if (r != 0)
			fail_msg("%s with a signature: %d", s->name, r);
		free((void *)(uintptr_t)twice.p);
		free((void *)(uintptr_t)raw_twice.p);
		free((void *)(uintptr_t)signed_.p);
	}
}

/* RFC 8878, 3.1.2: a skippable frame between two others. */
static void test_skippable(void **state)
{
	static const uint8_t skippable[] = { 0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c' };

	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];
		struct bytes a, b, raw;

		if (strcmp(s->name, "small.zst") != 0)
			continue;
		a = join(s->stream, (struct bytes){ skippable, sizeof(skippable) });
		b = join(a, s->stream);
		raw = join(s->raw, s->raw);
		assert_int_equal(unpack(b, MAX, raw, NULL, 0), 0);
		b.n = a.n - 1; /* cut off inside */
		assert_int_equal(unpack(b, MAX, raw, NULL, 0), -EBADMSG);
		free((void *)(uintptr_t)a.p);
		free((void *)(uintptr_t)b.p);
		free((void *)(uintptr_t)raw.p);
		return;
	}
	fail_msg("no small.zst");
}

/* Decoders with 128 MiB for themselves are too slow for thousands of runs, and are no others. */
static bool is_small(const struct sample *s)
{
	return (strcmp(s->raw_name, "small") == 0 || strcmp(s->raw_name, "noise") == 0) &&
	       !strstr(s->name, "long") && !strstr(s->name, "kernel");
}

static void test_cut_off(void **state)
{
	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];
		struct bytes cut = s->stream;
		char message[512];

		if (!is_small(s))
			continue;
		for (cut.n = 0;
		     cut.n<s->stream.n; cut.n += cut.n> 300 && cut.n + 300 < s->stream.n ? 37 : 1) {
			int r = unpack(cut, MAX, s->raw, message, sizeof(message));

			/* All that is missing may be the encoder's padding: then all is there. */
			if (r == 0 && strcmp(s->format, "lzma") == 0 && cut.n + 1 == s->stream.n)
				continue;
			if (r != -EBADMSG)
				fail_msg("%s cut off at %zu of %zu: %d %s", s->name, cut.n,
					 s->stream.n, r, message);
		}
	}
}

/* One bit wrong anywhere: an error, or the right contents (the name in a gzip header). Formats
 * without a checksum may give wrong contents, but nothing worse. */
static void test_damaged(void **state)
{
	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];
		struct bytes bad;

		if (!is_small(s) || s->raw.n > 1000)
			continue;
		bad = join(s->stream, (struct bytes){ s->stream.p, 0 });
		for (size_t bit = 0; bit < bad.n * 8; bit++) {
			uint8_t *at = (uint8_t *)(uintptr_t)bad.p + bit / 8;
			int r;

			*at ^= (uint8_t)(1u << bit % 8);
			r = unpack(bad, 1 << 20, s->raw, NULL, 0);
			*at ^= (uint8_t)(1u << bit % 8);
			if (r != 0 && r != -EBADMSG && (s->checked || (r != 1 && r != -EFBIG)))
				fail_msg("%s, bit %zu wrong: %d", s->name, bit, r);
		}
		free((void *)(uintptr_t)bad.p);
	}
}

/* A file of exactly the limit is unpacked, one byte more is refused, and a decompression bomb stops
 * at the limit. */
static void test_limits(void **state)
{
	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];
		char message[512];

		assert_int_equal(unpack(s->stream, s->raw.n, s->raw, NULL, 0), 0);
		assert_int_equal(unpack(s->stream, s->raw.n - 1, s->raw, message, sizeof(message)),
				 -EFBIG);
		assert_non_null(strstr(message, s->format));
		assert_int_equal(unpack(s->stream, 0, s->raw, NULL, 0), -EFBIG);
		assert_int_equal(unpack(s->stream, 1, s->raw, NULL, 0), -EFBIG);
	}
}

/* Streams that unpack to nothing take time as well, so their number is limited. */
static void test_endless_streams(void **state)
{
	/* RFC 1952, 1951: one final block with fixed codes that holds its end only */
	static const uint8_t nothing[20] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3 };
	enum { MOST = 65536 };
	uint8_t *many = malloc((MOST + 1) * sizeof(nothing));
	char message[512];

	assert_non_null(many);
	for (size_t i = 0; i <= MOST; i++)
		memcpy(many + i * sizeof(nothing), nothing, sizeof(nothing));
	assert_int_equal(unpack((struct bytes){ many, MOST * sizeof(nothing) }, MAX,
				(struct bytes){ 0 }, NULL, 0),
			 0);
	assert_int_equal(unpack((struct bytes){ many, (MOST + 1) * sizeof(nothing) }, MAX,
				(struct bytes){ 0 }, message, sizeof(message)),
			 -EFBIG);
	assert_non_null(strstr(message, "streams"));
	free(many);
}

static const struct {
	const char *bytes;
	size_t n;
	const char *format;
} magics[] = {
	{ "", 0, NULL },
	{ "\x1f\x8b", 2, NULL },
	{ "\x1f\x8b\x08", 3, "gzip" },
	{ "\x1f\x9d\x90", 3, NULL }, /* compress(1) */
	{ "\xfd\x37zXZ", 5, NULL },
	{ "\xfd\x37zXZ\0", 6, "xz" },
	{ "BZh9", 4, "bzip2" },
	{ "\x89LZO\0\r\n\x1a\n", 9, "lzop" },
	{ "\x02\x21\x4c\x18", 4, "lz4" },
	{ "\x04\x22\x4d\x18", 4, "lz4" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd" },
	{ "\x50\x2a\x4d\x18", 4, NULL }, /* skippable: any program's */
	{ "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", 13, "lzma" },
	{ "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff", 12, NULL },
	{ "\x5d\0\0\x80\0\0\0\0\x20\0\0\0\0", 13, "lzma" },
	{ "\x5d\0\0\x81\0\0\0\0\x20\0\0\0\0", 13, NULL }, /* a size no encoder writes */
	{ "\x5d\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 13, NULL },
	{ "\x5d\0\0\x80\0\0\0\0\0\0\0\0\x80", 13, NULL }, /* 2^63 bytes */
	{ "]\nkey=value\nmore=more\n", 22, NULL },
	{ "\177ELF", 4, NULL },
};

static void test_detect(void **state)
{
	struct bytes nothing = { NULL, 0 };
	char message[512];

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		struct bytes b = { (const uint8_t *)magics[i].bytes, magics[i].n };
		const char *format = compression_detect(b);

		if (!magics[i].format) {
			assert_null(format);
			assert_int_equal(unpack(b, MAX, nothing, NULL, 0), -EBADMSG);
			continue;
		}
		assert_non_null(format);
		assert_string_equal(format, magics[i].format);
		assert_int_equal(unpack(b, MAX, nothing, message, sizeof(message)), -EBADMSG);
		assert_non_null(strstr(message, format));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_what_follows),
		cmocka_unit_test(test_skippable),  cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_damaged),	   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_detect),	   cmocka_unit_test(test_endless_streams),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER (run-image-decompress.py makes it)\n", argv[0]);
		return 2;
	}
	folder = argv[1];
	return cmocka_run_group_tests(tests, load_samples, free_samples);
}
