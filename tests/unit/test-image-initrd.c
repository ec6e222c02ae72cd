// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rules: Documentation/driver-api/early-userspace/buffer-format.rst and init/initramfs.c, which the
 * result has to mean the same to. */
#include "image/initrd.h"

#include "tests/unit/vmlinux-make.h"

#define MAX ((size_t)1 << 20)

static uint8_t in[1 << 16], expected[1 << 16];
static size_t in_n, expected_n;

static void reset(void)
{
	memset(in, 0, sizeof(in));
	memset(expected, 0, sizeof(expected));
	in_n = expected_n = 0;
}

static void append(uint8_t *to, size_t *n, const void *p, size_t size)
{
	memcpy(to + *n, p, size);
	*n += size;
}

/* One file called @name of @size bytes, and a trailer. Returns the length, whole words. */
static size_t archive(uint8_t *b, const char *name, size_t size)
{
	size_t n = 0;

	for (int i = 0; i < 2; i++) {
		const char *what = i ? "TRAILER!!!" : name;
		const size_t file = i ? 0 : size;

		n += (size_t)sprintf((char *)b + n,
				     "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
				     7, 0100644, 0, 0, 1, 0, (unsigned)file, 0, 0, 0, 0,
				     (unsigned)strlen(what) + 1, 0);
		append(b, &n, what, strlen(what) + 1);
		while (n % 4)
			b[n++] = 0;
		memset(b + n, 'x', file);
		n += file;
		while (n % 4)
			b[n++] = 0;
	}
	return n;
}

static void add_plain(const char *name, size_t size)
{
	uint8_t b[4096];
	size_t n = archive(b, name, size);

	append(in, &in_n, b, n);
	append(expected, &expected_n, b, n);
}

/* @is_unpacked: expected to be, else expected as it is. */
static void add_gzip(const char *name, size_t size, bool is_unpacked)
{
	uint8_t b[4096], packed[4096 + GZIP_EXTRA];
	size_t n = archive(b, name, size);
	struct bytes gz = make_gzip(packed, (struct bytes){ b, n });

	append(in, &in_n, gz.p, gz.n);
	if (is_unpacked)
		append(expected, &expected_n, b, n);
	else
		append(expected, &expected_n, gz.p, gz.n);
}

static void add_both(const void *p, size_t n)
{
	append(in, &in_n, p, n);
	append(expected, &expected_n, p, n);
}

/* To memory of exactly the room that it asks for, where AddressSanitizer sees one byte more; NULL when nothing
 * was unpacked. */
static int unpack_row(const struct bytes *files, size_t n, size_t max, uint8_t **ret, size_t *ret_n,
		      struct initrd_unpacked *what)
{
	struct room room = { .n = initrd_room(files, n, max) };
	uint8_t *to = room.p = calloc(1, room.n);
	int r;

	assert_non_null(to);
	r = initrd_unpack_to(files, n, max, &room, ret_n, what, NULL);
	if (r < 0 || !*ret_n) {
		free(to);
		to = NULL;
	}
	*ret = to;
	return r;
}

static int unpack(struct bytes file, size_t max, uint8_t **ret, size_t *ret_n,
		  struct initrd_unpacked *what)
{
	return unpack_row(&file, 1, max, ret, ret_n, what);
}

static void check(size_t max, size_t n_unpacked, const char *why)
{
	uint8_t *copy = malloc(in_n ? in_n : 1), *ret = NULL;
	struct initrd_unpacked what;
	size_t n = 0;

	assert_non_null(copy);
	if (in_n)
		memcpy(copy, in, in_n);
	assert_int_equal(unpack((struct bytes){ copy, in_n }, max, &ret, &n, &what), 0);
	assert_int_equal(what.n_unpacked, n_unpacked);
	if (why ? !strstr(what.why_not, why) : what.why_not[0] != '\0')
		fail_msg("why not: \"%s\"", what.why_not);
	if (n_unpacked) {
		assert_int_equal(n, expected_n);
		assert_memory_equal(ret, expected, n);
	} else {
		assert_null(ret);
	}
	free(ret);
	free(copy);
}

static void test_nothing_packed(void **state)
{
	reset();
	check(MAX, 0, NULL);
	add_plain("a", 5);
	check(MAX, 0, NULL);
	in_n += 512 - in_n % 512;
	add_plain("b", 100);
	check(MAX, 0, NULL);
}

/* Microcode in front, padded as its makers do; the real one behind it. */
static void test_early(void **state)
{
	static const uint8_t zeros[512];

	reset();
	add_plain("kernel/x86/microcode/GenuineIntel.bin", 1000);
	add_both(zeros, 512 - in_n % 512);
	add_gzip("init", 999, true);
	check(MAX, 1, NULL);
	add_gzip("more", 7, true);
	check(MAX, 2, NULL);
}

/* A packed part ends anywhere; a plain archive behind it starts at a multiple of four. */
static void test_alignment(void **state)
{
	for (size_t size = 0; size < 8; size++) {
		reset();
		add_gzip("first", size, true);
		while (in_n % 4)
			in[in_n++] = 0;
		add_plain("second", 3);
		add_gzip("third", 1, true);
		check(MAX, 2, NULL);
	}
}

/* bootconfig.rst: data, size, sum and magic number are found from the end. */
static void test_tail(void **state)
{
	static const char config[] = "key = value\n\0\0\0\0\x10\0\0\0\x12\x34\0\0#BOOTCONFIG\n";

	for (size_t skew = 0; skew < 4; skew++) {
		reset();
		add_gzip("init", 12, true);
		while (in_n % 4 != skew)
			in[in_n++] = 0;
		expected_n += skew; /* stands at the same place modulo 4 */
		add_both(config, sizeof(config) - 1);
		check(MAX, 1, "neither");
	}
}

static void test_left_alone(void **state)
{
	uint8_t b[4096], packed[4096 + GZIP_EXTRA];
	struct bytes gz;
	size_t n;

	/* lzop, of which only the magic number is here, and all that follows it */
	reset();
	add_gzip("a", 5, true);
	while (in_n % 4)
		in[in_n++] = 0;
	add_both("\x89LZO\0\r\n\x1a\n...", 12);
	add_gzip("b", 5, false);
	check(MAX, 1, "lzop");
	/* damaged */
	reset();
	add_gzip("a", 5, false);
	in[40] ^= 1;
	check(MAX, 0, "gzip");
	/* cut off */
	reset();
	add_gzip("a", 5, false);
	in_n -= 9;
	check(MAX, 0, "gzip");
	/* no archive in it; one that stops in an entry; one that lacks its padding */
	reset();
	gz = make_gzip(packed, (struct bytes){ (const uint8_t *)"#!/bin/sh\n", 10 });
	append(in, &in_n, gz.p, gz.n);
	check(MAX, 0, "whole cpio");
	n = archive(b, "file", 50);
	for (size_t cut = 1; cut <= n - 4; cut++) {
		/* without its trailer (header, name, padding) an archive is whole, too */
		const bool is_whole = cut == 110 + 11 + 3;

		reset();
		gz = make_gzip(packed, (struct bytes){ b, n - cut });
		append(in, &in_n, gz.p, gz.n);
		append(expected, &expected_n, b, n - cut);
		check(MAX, is_whole, is_whole ? NULL : "whole cpio");
	}
}

static void test_budget(void **state)
{
	static const uint8_t zeros[60000];
	uint8_t *packed = malloc(sizeof(zeros) + GZIP_EXTRA);
	struct bytes gz;
	size_t plain;

	assert_non_null(packed);
	reset();
	add_gzip("a", 1000, true);
	check(expected_n + in_n, 1, NULL);
	check(expected_n - 1, 0, "more than");
	check(0, 0, "more than");
	/* the second does not fit */
	plain = expected_n;
	expected_n += in_n % 4; /* stands at the same place modulo 4 */
	add_gzip("b", 2500, false);
	check(plain + in_n, 1, "more than");
	reset();
	gz = make_gzip(packed, (struct bytes){ zeros, sizeof(zeros) });
	append(in, &in_n, gz.p, gz.n);
	append(expected, &expected_n, zeros, sizeof(zeros));
	check(MAX, 1, NULL); /* zeros alone are allowed between archives */
	free(packed);
}

/* Files that are joined: the same whichever is ready first, and what is not understood ends it. */
static void test_many_parts(void **state)
{
	enum { MOST = 1024 };
	uint8_t b[256], packed[256 + GZIP_EXTRA], *many, *ret = NULL;
	const size_t n = archive(b, "a", 0);
	const struct bytes gz = make_gzip(packed, (struct bytes){ b, n });
	struct initrd_unpacked what;
	size_t ret_n = 0;

	many = malloc((MOST + 1) * gz.n);
	assert_non_null(many);
	for (size_t i = 0; i <= MOST; i++)
		memcpy(many + i * gz.n, gz.p, gz.n);
	assert_int_equal(unpack((struct bytes){ many, MOST * gz.n }, MAX, &ret, &ret_n, &what), 0);
	assert_int_equal(what.n_unpacked, MOST);
	assert_string_equal(what.why_not, "");
	assert_int_equal(ret_n, MOST * n);
	free(ret);
	assert_int_equal(
		unpack((struct bytes){ many, (MOST + 1) * gz.n }, MAX, &ret, &ret_n, &what), 0);
	assert_int_equal(what.n_unpacked, MOST);
	assert_non_null(strstr(what.why_not, "packed parts"));
	free(ret);
	free(many);
}

static void test_row(void **state)
{
	uint8_t plain[4096], odd[4096], want[1 << 15], *ret;
	uint8_t packed[3][4096 + GZIP_EXTRA];
	struct bytes row[5];
	struct initrd_unpacked what;
	size_t n = archive(plain, "kernel/x86/microcode/AuthenticAMD.bin", 900), want_n = 0, got;

	row[0] = (struct bytes){ plain, n };
	append(want, &want_n, plain, n);
	for (size_t i = 0; i < 3; i++) {
		n = archive(odd, i ? "b" : "a", 100 * (i + 1));
		row[i + 1] = make_gzip(packed[i], (struct bytes){ odd, n });
		append(want, &want_n, odd, n);
	}
	for (int i = 0; i < 100; i++) {
		assert_int_equal(unpack_row(row, 4, MAX, &ret, &got, &what), 0);
		assert_int_equal(what.n_unpacked, 3);
		assert_string_equal(what.why_not, "");
		assert_int_equal(got, want_n);
		assert_memory_equal(ret, want, got);
		free(ret);
	}
	/* the last one is too much */
	assert_int_equal(unpack_row(row, 4, want_n - 1, &ret, &got, &what), 0);
	assert_int_equal(what.n_unpacked, 2);
	assert_non_null(strstr(what.why_not, "more than"));
	want_n -= n;
	assert_memory_equal(ret, want, want_n);
	assert_int_equal(got, want_n + row[3].n);
	assert_memory_equal(ret + want_n, row[3].p, row[3].n);
	free(ret);
	/* the second one is damaged: it stays, and so does the third */
	packed[1][30] ^= 1;
	assert_int_equal(unpack_row(row, 4, MAX, &ret, &got, &what), 0);
	assert_int_equal(what.n_unpacked, 1);
	assert_non_null(strstr(what.why_not, "gzip"));
	assert_memory_equal(ret + got - row[3].n, row[3].p, row[3].n);
	free(ret);
}

static void expect_left(struct bytes file, const char *why)
{
	static const struct repack_wish wish = { .max = MAX };
	struct initrd_repacked got;

	assert_int_equal(initrd_repack(&file, 1, file, &wish, &got, NULL), 0);
	assert_null(got.p);
	if (!strstr(got.why, why))
		fail_msg("why: \"%s\"", got.why);
}

/* What the kernel has to find: the early part as it was, then one stream with all the rest. */
static void expect_packed(struct bytes file, struct bytes early, struct bytes rest)
{
	static const struct repack_wish wish = { .max = MAX };
	struct initrd_repacked got;
	struct bytes tail;
	uint8_t *plain;
	size_t n;

	assert_int_equal(initrd_repack(&file, 1, file, &wish, &got, NULL), 0);
	assert_non_null(got.p);
	assert_true(got.is_packed);
	assert_non_null(strstr(got.why, "as lz4"));
	assert_true(got.n > early.n);
	if (early.n)
		assert_memory_equal(got.p, early.p, early.n);
	tail = (struct bytes){ got.p + early.n, got.n - early.n };
	assert_memory_equal(tail.p, "\x02\x21\x4c\x18", 4);
	assert_int_equal(decompress(tail, MAX, &plain, &n, NULL), 0);
	assert_int_equal(n, rest.n);
	assert_memory_equal(plain, rest.p, n);
	free(plain);
	/* twice is once */
	if (!early.n)
		expect_left((struct bytes){ got.p, got.n }, "less than half");
	free(got.p);
}

static void test_repack(void **state)
{
	static const uint8_t zeros[512];
	size_t early;

	/* microcode and its padding stay */
	reset();
	add_plain("kernel/x86/microcode/GenuineIntel.bin", 1000);
	add_both(zeros, 512 - in_n % 512);
	early = in_n;
	add_gzip("init", 3000, true);
	expect_packed((struct bytes){ in, in_n }, (struct bytes){ in, early },
		      (struct bytes){ expected + early, expected_n - early });
	/* nothing is looked for early: one stream */
	reset();
	add_plain("etc/motd", 1000);
	add_gzip("init", 3000, true);
	expect_packed((struct bytes){ in, in_n }, (struct bytes){ 0 },
		      (struct bytes){ expected, expected_n });
	/* not packed at all */
	reset();
	add_plain("init", 3500);
	expect_packed((struct bytes){ in, in_n }, (struct bytes){ 0 },
		      (struct bytes){ expected, expected_n });
	/* what follows the archive with microcode is packed, be it plain or not */
	reset();
	add_plain("kernel/x86/microcode/GenuineIntel.bin", 1000);
	early = in_n;
	add_plain("usr/lib/modules/6.1/modules.dep", 2000);
	add_gzip("init", 3000, true);
	expect_packed((struct bytes){ in, in_n }, (struct bytes){ in, early },
		      (struct bytes){ expected + early, expected_n - early });
	/* lz4 does not end by itself: nothing else may follow (lib/decompress_unlz4.c) */
	reset();
	add_gzip("init", 3000, true);
	add_both("\0\0\0\0key = value\n#BOOTCONFIG\n", 28);
	expect_left((struct bytes){ in, in_n }, "neither");
	reset();
	add_plain("kernel/x86/microcode/GenuineIntel.bin", 1000);
	expect_left((struct bytes){ in, in_n }, "little");
	expect_left((struct bytes){ in, 0 }, "little");
}

/* What does not compress only gets larger. */
static void test_repack_noise(void **state)
{
	uint32_t x = 1;

	reset();
	in_n = archive(in, "init", 60000);
	for (size_t i = 116; i < 60116; i++) {
		x = x * 1664525 + 1013904223;
		in[i] = (uint8_t)(x >> 24);
	}
	expect_left((struct bytes){ in, in_n }, "less than half");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_parts),     cmocka_unit_test(test_row),
		cmocka_unit_test(test_repack),	       cmocka_unit_test(test_repack_noise),
		cmocka_unit_test(test_nothing_packed), cmocka_unit_test(test_early),
		cmocka_unit_test(test_alignment),      cmocka_unit_test(test_tail),
		cmocka_unit_test(test_left_alone),     cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
