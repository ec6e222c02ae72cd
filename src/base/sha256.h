/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

enum { SHA256_BYTES = 32 };

/* FIPS 180-4, section 6.2. */
void sha256(struct bytes data, uint8_t ret[SHA256_BYTES]);
