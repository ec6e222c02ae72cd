// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "fundamental/crc32c.h"
#include "fundamental/digest.h"
#include "tests/unit/cmocka-shim.h"

/* RFC 3720, appendix B.4; the CRC is printed there byte by byte, lowest first. */
static const uint8_t read_pdu[48] = {
	[0] = 0x01,  [1] = 0xc0,  [16] = 0x14, [22] = 0x04,
	[27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02,
};

static void check(const uint8_t *p, size_t n, uint32_t want)
{
	for (int insn = 0; insn <= crc32c_has_insn(); insn++) {
		struct digest d;

		digest_bytes(p, n, insn, &d);
		assert_int_equal(d.crc[0], want);
		assert_int_equal(d.crc[1], 0); /* CRC of nothing */
		assert_int_equal(d.crc[2], 0);
	}
}

static void test_rfc3720(void **state)
{
	uint8_t b[32];

	memset(b, 0, sizeof(b));
	check(b, 32, 0x8a9136aa);
	memset(b, 0xff, sizeof(b));
	check(b, 32, 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		b[i] = i;
	check(b, 32, 0x46dd794e);
	for (uint8_t i = 0; i < 32; i++)
		b[i] = 31 - i;
	check(b, 32, 0x113fdb5c);
	check(read_pdu, sizeof(read_pdu), 0xd9963a56);
	check((const uint8_t *)"123456789", 9, 0xe3069283); /* the usual check value of CRC-32C */
}

/* The polynomial as RFC 3720 writes it, one bit at a time. */
static uint32_t crc_bit(uint32_t crc, uint8_t byte)
{
	for (int bit = 0; bit < 8; bit++, byte >>= 1) {
		uint32_t feedback = (crc ^ byte) & 1;

		crc >>= 1;
		if (feedback)
			crc ^= 0x82f63b78;
	}
	return crc;
}

/* Lanes as purgatory-abi.h describes them: whole blocks by thirds, the rest in lane 0. */
static struct digest reference(const uint8_t *p, size_t n)
{
	struct digest d = { { UINT32_MAX, UINT32_MAX, UINT32_MAX } };
	const size_t block = (size_t)3 * DIGEST_LANE, whole = n - n % block;

	for (size_t i = 0; i < n; i++) {
		size_t lane = i < whole ? i % block / DIGEST_LANE : 0;

		d.crc[lane] = crc_bit(d.crc[lane], p[i]);
	}
	for (size_t i = 0; i < 3; i++)
		d.crc[i] ^= UINT32_MAX;
	return d;
}

static void test_lanes(void **state)
{
	static const size_t sizes[] = {
		0, 1, 7, 8, 9, 4095, 4096, 8193, 12287, 12288, 12289, 12296, 24575, 24576, 50001,
	};
	uint8_t *b = malloc(50001 + 3);

	assert_non_null(b);
	for (size_t i = 0; i < 50004; i++)
		b[i] = (uint8_t)(i * 7 + (i >> 8) * 13);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const uint8_t *p = b + i % 4; /* also unaligned */
		struct digest want = reference(p, sizes[i]);

		for (int insn = 0; insn <= crc32c_has_insn(); insn++) {
			struct digest d;

			digest_bytes(p, sizes[i], insn, &d);
			assert_memory_equal(&d, &want, sizeof(d));
		}
	}
	free(b);
}

static void test_every_bit_counts(void **state)
{
	const size_t n = 3 * (size_t)DIGEST_LANE + 5;
	uint8_t *b = calloc(1, n);
	struct digest clean, d;

	assert_non_null(b);
	digest_bytes(b, n, crc32c_has_insn(), &clean);
	for (size_t i = 0; i < n; i++) {
		b[i] ^= 0x10;
		digest_bytes(b, n, crc32c_has_insn(), &d);
		assert_memory_not_equal(&d, &clean, sizeof(d));
		b[i] ^= 0x10;
	}
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3720),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_every_bit_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
