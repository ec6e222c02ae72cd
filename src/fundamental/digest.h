/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CRC32C (Castagnoli, reflected 0x82f63b78, as RFC 3720 appendix B.4) in three lanes, so that the
 * crc32 instruction runs at its full rate: three independent chains hide its latency. */
#define DIGEST_LANE 4096u

struct digest {
	uint32_t crc[3];
};

/* @insn: use the crc32 instruction, after crc32c_has_insn(). The result is the same either way. */
void digest_bytes(const void *p, size_t n, bool insn, struct digest *ret);
