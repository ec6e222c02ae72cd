/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The seam: what one architecture does in its own way. Everything that the library asks of an
 * architecture it asks here; src/lib/NAME/arch.c fills the struct, out of the folders NAME of the rooms
 * below. Which one is used is decided by the machine that is read (base/arch.h). */

#include "base/arch.h"
#include "lib/internal.h"

struct arch {
	enum arch_id id;
	const struct arch_planner *planner; /* has the purgatory's blob */
	/* Formats of kernel files; as image_parse(). */
	int (*image_parse)(struct bytes file, const char *type, struct image *ret,
			   struct kx_error *err);
	/* `uname -r` of the kernel inside; n == 0 when the format does not say. */
	struct bytes (*image_release)(const struct image *image);
	/* Longest command line without its NUL; 0 when the format does not say. */
	uint32_t (*image_cmdline_max)(const struct image *image);
	/* Does kexec_file_load(2) take it? */
	bool (*takes_file)(const struct image *image);
	/* Characters of a command line that kexec_file_load(2) keeps for itself. */
	uint32_t file_cmdline_reserve;
	/* How the machine is read, the memory map first, of which it may take from @iomem what it wants;
	 * -ENOMEM only: what is missing is a warning of the plan. */
	int (*machine_read)(struct kx_ctx *ctx, struct iomem *iomem, struct machine *machine);
	/* Fills in what only its own memory map says of a type of memory. */
	void (*memory_describe)(enum memory_type type, struct kx_memory *ret);
	/* Serial console of the purgatory when none is named, and its clock in baud. */
	uint16_t serial_port;
	uint32_t serial_clock;
	/* What the purgatory left for this boot. -ENOENT nothing, -EBADMSG damaged. */
	int (*stamps_read)(struct kx_ctx *ctx, struct kx_stamps *ret, struct kx_error *err);
};

extern const struct arch arch_x86_64;

/* What arch_find() says of the machine below the context's root, asked once. */
struct arch_found ctx_arch(struct kx_ctx *ctx);
/* What the library does for it; -EOPNOTSUPP, in words, when it is not supported. */
_must_check_ int arch_of(struct kx_ctx *ctx, const struct arch **ret, struct kx_error *err);
