/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Everything that the library unpacks, each in a child that can do nothing else (confined/reader.h). Errors are those
 * of the decoders and of reader_run(). */

#include "image/diet.h"
#include "image/initrd.h"
#include "lib/internal.h"

/* decompress() into memory of its own. */
_must_check_ int unpack_file(struct kx_ctx *ctx, struct bytes file, size_t max,
			     struct contents *ret, struct kx_error *err);

struct unpack_wish {
	const struct arch *arch;
	const struct image *kernel;	/* NULL: nothing to unpack */
	const struct payload *initrd;	/* no bytes: none; never a secret one */
	const struct diet_facts *facts; /* NULL: no module is left out */
	size_t max;			/* for the initial ramdisk */
};

struct unpack_made {
	struct contents kernel; /* without bytes: */
	int kernel_r; /* the code, -ENOENT when there was nothing to unpack, and the sentence */
	struct kx_error kernel_why;
	struct contents initrd; /* without bytes: it stays as it is */
	struct initrd_unpacked what;
	struct diet diet;
};

/* Kernel and initial ramdisk, at the same time. That one of them cannot be unpacked is no error. */
_must_check_ int unpack_all(struct kx_ctx *ctx, const struct unpack_wish *wish,
			    struct unpack_made *ret, struct kx_error *err);
void unpack_made_done(struct unpack_made *made);

struct pack_made {
	struct contents initrd; /* without bytes: the present form costs least */
	bool is_packed;
	char why[sizeof(((struct initrd_repacked *)0)->why)]; /* in words */
	struct diet diet;
};

/* initrd_repack(). */
_must_check_ int unpack_and_pack(struct kx_ctx *ctx, const struct payload *initrd,
				 const struct repack_wish *wish, struct pack_made *ret,
				 struct kx_error *err);

/* The files that @initrd is made of. */
const struct bytes *initrd_files(const struct payload *initrd, size_t *ret_n);
