/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a crash kernel's load reads of the machine besides struct machine's other parts. */

#include "lib/internal.h"

#define CRASH_ELFCOREHDR_SIZE "/sys/kernel/crash_elfcorehdr_size"
/* A hundred times what a kernel for 8192 processors and 32768 stretches of memory asks for. */
#define CRASH_HEADER_MAX (UINT64_C(256) << 20)

/* Step KX_STEP_MACHINE; what is missing is told with what to do instead. */
_must_check_ int dump_facts_read(struct kx_ctx *ctx, struct dump_facts *ret, struct kx_error *err);
/* Reservations of crashkernel=,cma; none where the kernel has no such thing. -ENOMEM only. */
_must_check_ int crash_cma_read(struct kx_ctx *ctx, struct ranges *ret);
/* Bytes that a dump's header may grow to when processors and memory change; -ENOENT: the kernel does not
 * rewrite it. */
_must_check_ int crash_header_room(struct kx_ctx *ctx, uint64_t *ret);
