/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* The vmlinux of vmlinux-make.h with three relocation lists, as a gzip payload of a bzImage. */
#define VMLINUX_PAYLOAD_MAX 4096
struct bytes vmlinux_payload(uint8_t b[VMLINUX_PAYLOAD_MAX]);
