/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The uncompressed Linux/x86_64 kernel of a bzImage, with the list of places to patch when it is
 * to run at another virtual address: the input of the bzImage's own decompressor. */

#include "image/image.h"

/* The kernel runs in the last 2 GiB of the address space: __START_KERNEL_map, since 2.6.11. */
#define VMLINUX_MAP_BASE UINT64_C(0xffffffff80000000)
/* Physical and virtual moves go in steps of one large page: CONFIG_PHYSICAL_ALIGN. */
#define VMLINUX_ALIGN (UINT64_C(2) << 20)

struct vmlinux {
	struct elf elf;
	uint64_t start, end; /* physical link addresses of all PT_LOADs together */
	uint64_t filled;     /* end of what the file has bytes for; the kernel clears the rest */
	struct bytes table;  /* what follows the ELF file: the relocation lists, or nothing */
};

/* Lists of u32: the low halves of link-time virtual addresses, ascending. */
struct vmlinux_relocs {
	struct bytes add64, subtract32, add32;
	uint64_t slots; /* virtual slides that fit, in steps of VMLINUX_ALIGN; 1: none but 0 */
};

/* Bytes that the payload of @bz is said to unpack to. -ENODATA: there is none. */
_must_check_ int vmlinux_size(const struct bzimage *bz, size_t *ret, struct kx_error *err);
/* Unpacks it to @room, of @size bytes, which vmlinux_size() told, and one more. -ENODATA: it has another
 * size; else as decompress(). */
_must_check_ int vmlinux_unpack(const struct bzimage *bz, const struct room *room, size_t size,
				struct kx_error *err);

/* @file as unpacked. -EBADMSG no ELF file, or not one that Linux's decompressor would start. */
_must_check_ int vmlinux_parse(struct bytes file, struct vmlinux *ret, struct kx_error *err);

/* Writes the kernel as it lies in memory to the end - start zero bytes at @image. */
void vmlinux_lay_out(const struct vmlinux *vmlinux, uint8_t *image);

/*
 * Splits the relocation table into its lists, and checks that what they name in @image are
 * addresses. -ENODATA the kernel was built without one; -EBADMSG anything about it is doubtful.
 */
_must_check_ int vmlinux_find_relocs(const struct vmlinux *vmlinux, const uint8_t *image,
				     struct vmlinux_relocs *ret, struct kx_error *err);

/* Makes @image run @slide bytes above its link address: a multiple of VMLINUX_ALIGN below
 * slots * VMLINUX_ALIGN. */
void vmlinux_slide(const struct vmlinux *vmlinux, const struct vmlinux_relocs *relocs,
		   uint64_t slide, uint8_t *image);
