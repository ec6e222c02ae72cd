/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Everything that depends on the architecture, as one struct of functions and numbers. The library
 * calls architectures through it only. src/lib/NAME/arch.c fills the struct, from functions in the
 * folders NAME of the other rooms. Which one is used depends on the machine that is read
 * (base/arch.h). */

#include "base/arch.h"
#include "confined/message.h"
#include "lib/internal.h"

struct arch {
	enum arch_id id;
	const struct arch_planner *planner;  /* has the purgatory's blob */
	const struct image_formats *formats; /* of kernel files */
	/* For answers about a kernel file: what image.inner has for a kernel that is not packed, with
	 * parts of @file as offsets; lib/image-answer.h. What is taken is as sound as what a parser
	 * lets pass, or message_in.r says so. */
	void (*image_put)(struct message_out *out, struct bytes file, const struct image *image);
	void (*image_take)(struct message_in *in, struct bytes file, struct image *image);
	/* `uname -r` of the kernel inside; n == 0 when the format does not say. */
	struct bytes (*image_release)(const struct image *image);
	/* Longest command line without its NUL; 0 when the format does not say. */
	uint32_t (*image_cmdline_max)(const struct image *image);
	/* Bytes of the kernel that the format has in it packed. -ENOENT: there is none that the planner could
	 * place unpacked. -ENODATA: it does not say. */
	int (*kernel_size)(const struct image *image, size_t *ret, struct kx_error *err);
	/* Unpacks it to @room, of @size bytes and one more; as decompress(). */
	int (*kernel_unpack)(const struct image *image, const struct room *room, size_t size,
			     struct kx_error *err);
	/* Does kexec_file_load(2) take it? */
	bool (*takes_file)(const struct image *image);
	/* Bytes of the command line limit that kexec_file_load(2) reserves for its own words. */
	uint32_t file_cmdline_reserve;
	/* Reads the machine: the memory map, for which it may move contents out of @iomem, and what else its
	 * planner needs; -ENOMEM only, because the plan warns of what is missing. */
	int (*machine_read)(struct kx_ctx *ctx, struct iomem *iomem, struct machine *machine);
	/* Adds what the memory map of this architecture alone has, as the number of an e820 type. */
	void (*memory_describe)(enum memory_type type, struct kx_memory *ret);
	/* Serial console of the purgatory when none is named, and its clock in baud. */
	uint16_t serial_port;
	uint32_t serial_clock;
	/* What the purgatory left for this boot. -ENOENT nothing, -EBADMSG damaged. */
	int (*stamps_read)(struct kx_ctx *ctx, struct kx_stamps *ret, struct kx_error *err);
};

extern const struct arch arch_aarch64, arch_x86_64;

/* stamps.c, for stamps_read: @raw is a struct stamps found in @where, which is static. -EBADMSG: it is damaged. */
_must_check_ int stamps_take(struct bytes raw, const char *where, struct kx_stamps *ret,
			     struct kx_error *err);
/* The sentence when there are none in @where; -ENOENT. */
int stamps_missing(const char *where, struct kx_error *err);

/* arch_find() of the machine below the context's root; the result is kept in the context. */
struct arch_found ctx_arch(struct kx_ctx *ctx);
/* The struct arch for it; -EOPNOTSUPP with a sentence when it is not supported. */
_must_check_ int arch_of(struct kx_ctx *ctx, const struct arch **ret, struct kx_error *err);
