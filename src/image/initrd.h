/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Initial ramdisks: cpio archives that follow one another, each packed or not, with zeros
 * between them: Documentation/driver-api/early-userspace/buffer-format.rst. */

#include "image/diet.h"
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
/* Length of the archives at the start of these plain ones up to the last that has files which kernels
 * read before they unpack anything (microcode, ACPI tables), with the zeros behind it; 0: none has. */
size_t initrd_early_length(struct bytes plain);

struct repack_wish {
	size_t max;		/* bytes that all of it may unpack to */
	const char *why_no_lz4; /* why the result may not be packed with lz4; NULL: it may */
	const struct diet_facts *facts; /* NULL: no module is left out */
};

struct initrd_repacked {
	uint8_t *p; /* released with free(3); NULL: the present form costs least */
	size_t n;
	bool is_packed;	  /* with lz4; else it consists of plain archives */
	char why[256];	  /* a sentence that says why */
	struct diet diet; /* with ->facts: what came of it. Without ->why_not, ->p is set */
};

/*
 * Makes @in anew, which is @files joined, so that it costs a kernel the least to check by SHA-256
 * and to unpack: as plain archives or with lz4, what is looked for early left in front as it is, and
 * without the modules that @wish->facts do not ask for. Leaves it alone when not all of it is understood;
 * and, when no module was left out, also when less than half of that time is saved. -ENOMEM.
 */
_must_check_ int initrd_repack(const struct bytes *files, size_t n_files, struct bytes in,
			       const struct repack_wish *wish, struct initrd_repacked *ret,
			       struct kx_error *err);

/* Makes a file of @head, unchanged, and @in packed with lz4 in the format that kernels unpack. */
_must_check_ int pack_lz4(struct bytes head, struct bytes in, uint8_t **ret, size_t *ret_n,
			  struct kx_error *err);
