/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Initial ramdisks: cpio archives that follow one another, each packed or not, with zeros
 * between them: Documentation/driver-api/early-userspace/buffer-format.rst. */

#include "image/image.h"

struct initrd_unpacked {
	size_t n_unpacked; /* packed parts that are plain archives now */
	/* why the rest, from some part on, is as it was; "" when nothing is left */
	char why_not[256];
	bool damaged;  /* because it is cut off or damaged: the kernel will not unpack it either */
	uint64_t cost; /* of unpacking what was unpacked, as compression_cost() measures it */
};

/*
 * Unpacks what is packed in @n files, which are joined, each at a multiple of four, up to @max bytes
 * altogether; several are unpacked at the same time. The kernel makes the same files of the result
 * as of the joined ones: plain archives stay byte by byte as they are and before everything that
 * follows them (microcode is looked for at the start), order is kept, and whatever is unknown, damaged
 * or too large stays as it is, with all that follows it.
 * The result has *ret_n bytes, from the start of @room, which has initrd_room() bytes or more; 0 when
 * there was nothing to unpack, whatever was written there then. -ENOMEM.
 */
_must_check_ int initrd_unpack_to(const struct bytes *files, size_t n, size_t max,
				  const struct room *room, size_t *ret_n,
				  struct initrd_unpacked *ret_what, struct kx_error *err);
size_t initrd_room(const struct bytes *files, size_t n, size_t max);

/* Length of the plain archives at the start of @b: whole entries, and zeros between and behind
 * them. */
size_t initrd_plain_length(struct bytes b);
/* Do these plain archives have files that kernels read before they unpack anything? */
bool initrd_has_early(struct bytes plain);

struct initrd_repacked {
	uint8_t *p; /* released with free(3); NULL: the present form costs least */
	size_t n;
	char why[256]; /* a sentence that says why */
};

/*
 * Packs @in anew, which is @files joined, so that it costs a kernel the least to check by SHA-256
 * and to unpack: with lz4, what is looked for early left in front as it is. Leaves it alone when not
 * all of it is understood, or when nothing is gained. Needs CONFIG_RD_LZ4 there. -ENOMEM.
 */
_must_check_ int initrd_repack(const struct bytes *files, size_t n_files, struct bytes in,
			       size_t max, struct initrd_repacked *ret, struct kx_error *err);

/* Makes a file of @head, unchanged, and @in packed with lz4 in the format that kernels unpack. */
_must_check_ int pack_lz4(struct bytes head, struct bytes in, uint8_t **ret, size_t *ret_n,
			  struct kx_error *err);
