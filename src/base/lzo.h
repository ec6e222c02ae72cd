/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "fundamental/bytes.h"

/* Unpacks one LZO1X stream. Returns how many bytes were made, at most @out_n, or -EPROTO when the stream is
 * damaged, cut off, or makes more. */
ssize_t lzo_unpack(struct bytes in, uint8_t *out, size_t out_n);
