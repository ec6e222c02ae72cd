/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "confined/message.h"
#include "lib/internal.h"

/* machine.c: all of it. */
_must_check_ int x86_64_machine_read(struct kx_ctx *ctx, struct iomem *iomem,
				     struct machine *machine);
/* memory.c */
_must_check_ int x86_64_memory_read(struct kx_ctx *ctx, struct iomem *iomem,
				    struct machine *machine);
/* efi.c */
void efi_read(struct kx_ctx *ctx, struct efi_facts *ret);
/* A value of /sys/firmware/efi/systab ("ACPI20", "SMBIOS", …), 0 when there is none. */
uint64_t efi_systab_value(struct kx_ctx *ctx, const char *key);
/* stamps.c: from a setup_data node. */
_must_check_ int x86_64_stamps_read(struct kx_ctx *ctx, struct kx_stamps *ret,
				    struct kx_error *err);
/* image-answer.c: as in struct arch. */
void x86_64_image_put(struct message_out *out, struct bytes file, const struct image *image);
void x86_64_image_take(struct message_in *in, struct bytes file, struct image *image);
