// SPDX-License-Identifier: LGPL-2.1-or-later
/* CRC32C in three lanes. This file is linked into the library, which computes the digests when a
 * kernel is loaded, and also into the purgatory, which compares them. */
#include "fundamental/digest.h"

#include "fundamental/crc32c.h"

/* CRC of each value of four bits, polynomial 0x82f63b78: two look-ups a byte and a table of 64
 * bytes. Only processors without SSE4.2 (before 2008) need it. */
static const uint32_t nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t crc_table(uint32_t crc, const uint8_t *p, size_t n)
{
	for (; n; p++, n--) {
		crc ^= *p;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}

void digest_bytes(const void *bytes, size_t n, bool insn, struct digest *ret)
{
	uint32_t crc[3] = { ~UINT32_C(0), ~UINT32_C(0), ~UINT32_C(0) };
	const uint8_t *p = bytes;

	for (; n >= 3 * DIGEST_LANE; p += 3 * DIGEST_LANE, n -= 3 * DIGEST_LANE) {
		if (insn) {
			crc32c_insn3(crc, p, DIGEST_LANE);
			continue;
		}
		for (size_t i = 0; i < 3; i++)
			crc[i] = crc_table(crc[i], p + i * DIGEST_LANE, DIGEST_LANE);
	}
	crc[0] = insn ? crc32c_insn(crc[0], p, n) : crc_table(crc[0], p, n);

	for (size_t i = 0; i < 3; i++)
		ret->crc[i] = ~crc[i];
}
