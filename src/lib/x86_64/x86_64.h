/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/internal.h"

/* machine.c: boot_params, ACPI's root, screen, processor. */
_must_check_ int x86_64_machine_read(struct kx_ctx *ctx, struct machine *machine);
/* stamps.c: from a setup_data node. */
_must_check_ int x86_64_stamps_read(struct kx_ctx *ctx, struct kx_stamps *ret,
				    struct kx_error *err);
