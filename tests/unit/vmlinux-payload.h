/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan/plan.h"

/* The vmlinux of vmlinux-make.h with three relocation lists, as a gzip payload of a bzImage. */
#define VMLINUX_PAYLOAD_MAX 4096
/* In memory: 64 bytes at 0, 32 at VMLINUX_SECOND. Those that nothing patches are 0x90. */
#define VMLINUX_SPAN UINT64_C(0x201000)
#define VMLINUX_SECOND UINT64_C(0x200000)
struct bytes vmlinux_payload(uint8_t b[VMLINUX_PAYLOAD_MAX]);

/* Unpacks the payload of @req->image as the library does, or says why not. What it sets in @req is good until
 * the next call. */
void vmlinux_prepare(struct plan_request *req);
