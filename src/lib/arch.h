/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The seam: what one architecture does in its own way. Everything that the library asks of an
 * architecture it asks here; src/lib/NAME/arch.c fills the struct, out of the folders NAME of the rooms
 * below. Which one is used is decided by the machine that is read (base/arch.h). */

#include "base/arch.h"
#include "lib/internal.h"

struct arch {
	enum arch_id id;
	/* NULL: a kernel for this architecture cannot be planned yet, and nothing below is filled. */
	const struct arch_planner *planner; /* has the purgatory's blob */
	uint64_t page_size, huge_page_size;
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
	/* What the planner wants to know beyond the memory map; -ENOMEM only. */
	int (*machine_read)(struct kx_ctx *ctx, struct machine *machine);
	/* Serial console of the purgatory when none is named, and its clock in baud. */
	uint16_t serial_port;
	uint32_t serial_clock;
	/* What the purgatory left for this boot. -ENOENT nothing, -EBADMSG damaged. */
	int (*stamps_read)(struct kx_ctx *ctx, struct kx_stamps *ret, struct kx_error *err);
};

extern const struct arch arch_x86_64, arch_aarch64, arch_riscv64;

/* That of the machine below the context's root; -EOPNOTSUPP, in words, when there is no planner. */
_must_check_ int arch_of(struct kx_ctx *ctx, const struct arch **ret, struct kx_error *err);
/* The entry of the table, or NULL. */
const struct arch *arch_by_id(enum arch_id id);
