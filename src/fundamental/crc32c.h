/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The processor's own CRC32C, one file per architecture (ARCHITECTURE/crc32c.c,
 * chosen by meson). Chains are
 * raw: the caller starts with ~0 and inverts the result. */

/* May crc32c_insn*() be called on the processor this runs on? */
bool crc32c_has_insn(void);
uint32_t crc32c_insn(uint32_t crc, const uint8_t *p, size_t n);
/* Three runs of @n bytes each, one behind the other from @p on; @n is a multiple of
 * CRC32C_STEP. */
#define CRC32C_STEP 64u
void crc32c_insn3(uint32_t crc[3], const uint8_t *p, size_t n);
