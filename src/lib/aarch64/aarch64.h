/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/internal.h"

struct message_in;
struct message_out;

/* image-answer.c */
void aarch64_image_put(struct message_out *out, struct bytes file, const struct image *image);
void aarch64_image_take(struct message_in *in, struct bytes file, struct image *image);

#define DEVICE_TREE "/sys/firmware/fdt"

/* stamps.c */
_must_check_ int aarch64_stamps_read(struct kx_ctx *ctx, struct kx_stamps *ret,
				     struct kx_error *err);

/* machine.c: all of it. */
_must_check_ int aarch64_machine_read(struct kx_ctx *ctx, struct iomem *iomem,
				      struct machine *machine);

/* acpi.c: what tables of the firmware say of its own calls and of the serial console, as the purgatory's
 * arguments have it. Tables that are cut off, or of kinds that are not known here, change nothing. */
void acpi_read_fadt(struct bytes table, struct aarch64_machine *ret);
void acpi_read_spcr(struct bytes table, struct aarch64_machine *ret);
