/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An initial ramdisk is a row of cpio archives, each packed or not, zeros between them:
 * Documentation/driver-api/early-userspace/buffer-format.rst. */

#include "image/image.h"

struct initrd_unpacked {
	size_t n_unpacked; /* packed parts that are plain archives now */
	/* why the rest, from some part on, is as it was; "" when nothing is left */
	char why_not[256];
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
