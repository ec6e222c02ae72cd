// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/mix.h"

#include "fundamental/crc32c.h"
#include "fundamental/digest.h"

uint64_t mix(uint64_t hash, const void *data, size_t n)
{
	struct digest d;

	digest_bytes(data, n, crc32c_has_insn(), &d);
	for (size_t i = 0; i < sizeof(d.crc) / sizeof(d.crc[0]); i++)
		hash = (hash ^ d.crc[i]) * UINT64_C(0x100000001b3); /* FNV-1a's prime */
	return hash;
}
