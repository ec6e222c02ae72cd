// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/sha256.h"
#include "tests/unit/cmocka-shim.h"

static const struct {
	const char *in;
	int r;
	uint64_t v;
} num_cases[] = {
	{ "0", 0, 0 },
	{ "42", 0, 42 },
	{ "0x10", 0, 16 },
	{ "0XfF", 0, 255 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "0xffffffffffffffff", 0, UINT64_MAX },
	{ "0x10000000000000000", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "0x", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ "1G", -EINVAL, 0 },
	{ "0xg", -EINVAL, 0 },
	{ "0x@", -EINVAL, 0 },
	{ "0x`", -EINVAL, 0 },
};

static void test_parse_u64(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(num_cases); i++) {
		uint64_t v = 77;
		int r = parse_u64(num_cases[i].in, &v);

		assert_int_equal(r, num_cases[i].r);
		assert_int_equal(v, r ? 77 : num_cases[i].v);
	}
}

/* As strtoll(3) in the C locale, which is specified in ISO C 7.24.1.8. */
static void test_leading_i64(void **state)
{
	static const struct {
		const char *in;
		int64_t want;
	} cases[] = {
		{ "0", 0 },
		{ "12", 12 },
		{ " \t-7x", -7 },
		{ "+3 4", 3 },
		{ "", 0 },
		{ "x1", 0 },
		{ "- 1", 0 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
		{ "-9223372036854775809", INT64_MIN },
		{ "99999999999999999999", INT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(leading_i64(cases[i].in), cases[i].want);
}

static void test_take_hex_u64(void **state)
{
	static const struct {
		const char *in;
		bool taken;
		uint64_t want;
		const char *rest;
	} cases[] = {
		{ "0", true, 0, "" },
		{ "1f9c39600", true, 0x1f9c39600, "" },
		{ "0x00000001003a6000 1024", true, 0x1003a6000, " 1024" },
		{ "0Xff-0x10", true, 0xff, "-0x10" },
		{ "ffffffffffffffff", true, UINT64_MAX, "" },
		{ "0x00000000000000001", false, 0, "0x00000000000000001" },
		{ "10000000000000000", false, 0, "10000000000000000" },
		{ "0x", true, 0, "x" },
		{ "0xg", true, 0, "xg" },
		{ "", false, 0, "" },
		{ " 1", false, 0, " 1" },
		{ "-1", false, 0, "-1" },
		{ "g", false, 0, "g" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *s = cases[i].in;
		uint64_t v = 0;

		assert_int_equal(take_hex_u64(&s, &v), cases[i].taken);
		assert_int_equal(v, cases[i].want);
		assert_string_equal(s, cases[i].rest);
	}
}

static void test_read_file(void **state)
{
	uint8_t *b;
	size_t n;

	assert_int_equal(read_file_in(ROOT_HERE, "/proc/self/maps", 1 << 20, &b, &n), 0);
	assert_true(n > 100);
	free(b);
	assert_int_equal(read_file_in(ROOT_HERE, "/proc/self/maps", 10, &b, &n), -EFBIG);
	assert_int_equal(read_file_in(ROOT_HERE, "/nope", 10, &b, &n), -ENOENT);
	assert_int_equal(read_file_in(ROOT_HERE, "/dev/zero", 100000, &b, &n), NOT_A_FILE);
	assert_int_equal(read_file_in(ROOT_HERE, "/dev/null", 0, &b, &n), NOT_A_FILE);
}

/* A file that is too long is not read at all; sysfs says 4096 of files that are shorter. */
static void test_limit(void **state)
{
	_cleanup_close_ int fd = memfd_create("test", MFD_CLOEXEC);
	uint8_t *b;
	size_t n;

	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(read_fd(fd, 99, &b, &n), -EFBIG);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_int_equal(read_fd(fd, 100, &b, &n), 0);
	assert_int_equal(n, 100);
	free(b);
	assert_int_equal(read_file_in(ROOT_HERE, "/sys/kernel/uevent_seqnum", 100, &b, &n), 0);
	assert_in_range(n, 1, 100);
	free(b);
}

/* pread(2) and pwrite(2), with all of it or the end of the file */
static void test_at(void **state)
{
	_cleanup_close_ int fd = memfd_create("test", MFD_CLOEXEC);
	char buf[8] = "";
	int ends[2];

	assert_int_equal(write_at(fd, "abc", 3, 5), 0);
	assert_int_equal(read_at(fd, buf, 8, 0), 8);
	assert_memory_equal(buf, "\0\0\0\0\0abc", 8);
	assert_int_equal(read_at(fd, buf, 8, 6), 2);
	assert_memory_equal(buf, "bc", 2);
	assert_int_equal(read_at(fd, buf, 1, 8), 0);
	assert_int_equal(read_at(fd, buf, 1, UINT64_MAX), 0);
	assert_int_equal(write_at(fd, "x", 1, UINT64_MAX), -EFBIG);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(read_at(ends[0], buf, 1, 0), -ESPIPE);
	assert_int_equal(write_at(ends[1], buf, 1, 0), -ESPIPE);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void test_array(void **state)
{
	enum { N = 1000 };
	_cleanup_free_ unsigned *v = NULL;
	size_t room = 0;

	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(array_room(&v, i, &room, sizeof(*v)), 0);
		assert_true(room > i);
		v[i] = i;
	}
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(v[i], i);
}

static void test_words(void **state)
{
	static const struct {
		const char *text, *word;
		bool has, starts;
	} cases[] = {
		{ "fpu la57 sse4_2", "la57", true, true },
		{ "fpu la57 sse4_2", "fpu", true, true },
		{ "fpu la57 sse4_2", "sse4_2", true, true },
		{ "fpu la57 sse4_2", "sse4", false, true },
		{ "fpu la57 sse4_2", "a57", false, false },
		{ "fpu la57 sse4_2", "fpu la57", false, false },
		{ "\tquiet\n", "quiet", true, true },
		{ "  quiet  splash ", "splash", true, true },
		{ "ima_policy=tcb", "ima_policy=", false, true },
		{ "xima_policy=tcb ima", "ima_policy=", false, false },
		{ "sev sev_es", "sev_es", true, true },
		{ "sev_es", "sev", false, true },
		{ "", "x", false, false },
		{ " ", "x", false, false },
		{ NULL, "x", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text, *word = cases[i].word;

		assert_int_equal(has_word(text, word), cases[i].has);
		assert_int_equal(has_word_starting(text, word), cases[i].starts);
		if (text && !strpbrk(text, "\n"))
			assert_int_equal(
				bytes_has_word(
					(struct bytes){ (const uint8_t *)text, strlen(text) },
					(struct bytes){ (const uint8_t *)word, strlen(word) }),
				cases[i].has);
	}
	assert_true(has_item("shutdown:sleep", ":", "sleep"));
	assert_true(has_item("shutdown:sleep", ":", "shutdown"));
	assert_false(has_item("shutdown:sleep", ":", "down"));
	assert_false(has_item("handle-shutdown-key", ":", "shutdown"));
}

static void test_error(void **state)
{
	struct kx_error e = { 0 };
	int r = kx_fail(&e, -ENOEXEC, "bzImage: %d", 3);

	r = kx_fail_in(&e, r, "/boot/vmlinuz");
	r = kx_fail_at(&e, r, KX_STEP_KERNEL_TYPE);
	assert_int_equal(r, -ENOEXEC);
	assert_int_equal(e.step, KX_STEP_KERNEL_TYPE);
	assert_string_equal(e.message, "/boot/vmlinuz: bzImage: 3");
	assert_int_equal(kx_fail(NULL, -EINVAL, "x"), -EINVAL);
}

/* Digests of the first bytes of (7 i + 3) mod 256, by Python's hashlib; the last one is FIPS 180-4's
 * example. */
static void test_sha256(void **state)
{
	static const struct {
		size_t n;
		const char *digest;
	} rows[] = {
		{ 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ 3, "6ab0dba1f4f1dfbb37b4f9eeb092c09fca4900ad32bdcd147d8dde35d6c87c35" },
		{ 55, "e7313d333c272e639f790978283f9eb392e843d0f29b7016828bb1daa4aac70b" },
		{ 56, "4324d65f3c103567f5589c710bc08f8523f929a9272e3af36fc968e52abc6c27" },
		{ 63, "81c80242132f230c3bd41b3e63bbcff16107339549214a99614ff26664625055" },
		{ 64, "39e3d7b6b5d075d37d053ad89b24b41bef4f3c29760c84447cab3f3be1882241" },
		{ 65, "aacca6ff74fdbb296d165a45cecfa04e5127bc008770fbbdd48006f2d2fae95e" },
		{ 119, "9ce7368e4daf32341631b492e80359dc9f594b48453cd0dd5bf0b19279cc177e" },
		{ 120, "7836b787757e95e58b3ca5aec90b1b004e8deba1e50e9675af9cabf1a13a04b5" },
		{ 128, "d2742f1f4ac6bb7ca2b239ee18402ba8b3f9f8e652d2a72973c2b9ba11c08cf6" },
		{ 1000, "1e9bc38cbf860b9ec31918b065f9b52476c549a782e0e7990bed8ce3868d2371" },
	};
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	uint8_t data[1000], digest[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(7 * i + 3);
	for (size_t i = 0; i <= ARRAY_SIZE(rows); i++) {
		const bool is_abc = i == ARRAY_SIZE(rows);
		const char *expected = is_abc ? abc : rows[i].digest;

		sha256(is_abc ? (struct bytes){ (const uint8_t *)"abc", 3 }
			      : (struct bytes){ data, rows[i].n },
		       digest);
		for (size_t k = 0; k < SHA256_BYTES; k++)
			(void)snprintf(hex + 2 * k, 3, "%02x", digest[k]);
		assert_string_equal(hex, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),	    cmocka_unit_test(test_parse_u64),
		cmocka_unit_test(test_leading_i64), cmocka_unit_test(test_take_hex_u64),
		cmocka_unit_test(test_read_file),   cmocka_unit_test(test_limit),
		cmocka_unit_test(test_at),	    cmocka_unit_test(test_array),
		cmocka_unit_test(test_words),	    cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
