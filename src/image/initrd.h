/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An initial ramdisk is a row of cpio archives, each packed or not, zeros between them:
 * Documentation/driver-api/early-userspace/buffer-format.rst. */

#include "image/image.h"

struct initrd_unpacked {
	size_t n_unpacked; /* packed parts that are plain archives now */
	/* why the rest, from some part on, is as it was; "" when nothing is left */
	char why_not[256];
	bool damaged;  /* because it is cut off or damaged: the kernel will not unpack it either */
	uint64_t cost; /* of unpacking what is unpacked now, as compression_cost() measures it */
};

/*
 * Unpacks what is packed, up to @max bytes altogether. The kernel makes the same files of the result
 * as of @initrd: plain archives stay byte by byte as they are and before everything that follows
 * them (microcode is looked for at the start), order is kept, and whatever is unknown, damaged or
 * too large stays as it is, with all that follows it.
 * @ret is released with free(3); NULL when there was nothing to unpack. -ENOMEM.
 */
_must_check_ int initrd_unpack(struct bytes initrd, size_t max, uint8_t **ret, size_t *ret_n,
			       struct initrd_unpacked *ret_what, struct kx_error *err);

/*
 * The same for @n files that are to be joined, each at a multiple of four: they are unpacked at the
 * same time. The result is that of initrd_unpack() on the joined ones.
 */
_must_check_ int initrd_unpack_row(const struct bytes *files, size_t n, size_t max, uint8_t **ret,
				   size_t *ret_n, struct initrd_unpacked *ret_what,
				   struct kx_error *err);

/* To there @b is plain: whole entries, and zeros between and behind them. */
size_t initrd_plain_length(struct bytes b);
/* Is there anything in these plain archives that kernels read before they unpack any? */
bool initrd_has_early(struct bytes plain);

struct initrd_repacked {
	uint8_t *p; /* released with free(3); NULL: the one that is there costs least */
	size_t n;
	char why[256]; /* a sentence about either */
};

/*
 * Packs @in anew, which is @files joined, so that it costs a kernel the least to check by SHA-256
 * and to unpack: with lz4, what is looked for early left in front as it is. Leaves it alone when not
 * all of it is understood, or when nothing is gained. Needs CONFIG_RD_LZ4 there. -ENOMEM.
 */
_must_check_ int initrd_repack(const struct bytes *files, size_t n_files, struct bytes in,
			       size_t max, struct initrd_repacked *ret, struct kx_error *err);

/* @head as it is, then @in as lz4 in the form that kernels unpack. */
_must_check_ int pack_lz4(struct bytes head, struct bytes in, uint8_t **ret, size_t *ret_n,
			  struct kx_error *err);
