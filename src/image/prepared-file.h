/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A kernel and an initial ramdisk, both unpacked, in one file of a cache. A header of whole pages
 * (little endian: magic, length of header and key, length of the file, the parts, digest of all of
 * that and of the key; then the key), then the parts, each from a page on.
 */

#include "fundamental/digest.h"
#include "image/image.h"

/* Limit on the key, which names the inputs: a file whose key differs is made anew. */
#define PREPARED_KEY_MAX ((size_t)256 << 10)

enum { PREPARED_KERNEL, PREPARED_INITRD, PREPARED_PARTS };

struct prepared_file {
	uint64_t offset[PREPARED_PARTS];
	uint64_t n[PREPARED_PARTS]; /* 0: there is none */
	struct digest digest[PREPARED_PARTS];
	uint64_t file_n;
};

/* Computes where parts of these sizes are put; the caller adds their digests. -EFBIG. */
_must_check_ int prepared_file_lay_out(struct bytes key, struct prepared_file *file);

/* Makes the header, up to the first part; released with free(3). -ENOMEM. */
_must_check_ int prepared_file_header(const struct prepared_file *file, struct bytes key, bool insn,
				      uint8_t **ret, size_t *ret_n);

/*
 * @start is the beginning of a file of @file_n bytes, at least its header. What @ret says lies in the
 * file, whole pages apart; its contents are the caller's to check.
 * -EBADMSG it is damaged or none of ours; -ESTALE it is whole and was made of something else.
 */
_must_check_ int prepared_file_parse(struct bytes start, uint64_t file_n, struct bytes key,
				     bool insn, struct prepared_file *ret);
