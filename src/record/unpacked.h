/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kernels with their initial ramdisks that were once unpacked without a fault, so that a check need not unpack
 * them again to say that they are whole. /var/lib/rapidreboot/unpacked, for root only, the newest line first:
 *
 *	5f0c3c8f0a1b2c3d 9e107d9d372bb682	state of the files, and what is in them
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define UNPACKED "/var/lib/rapidreboot/unpacked"
/* Kernels that a machine has installed at a time are fewer. */
enum { UNPACKED_LINES_MAX = 32 };

/**
 * struct unpacked - a kernel and its initial ramdisks
 * @files: number of where they lie and when they were changed; never 0
 * @contents: number of the bytes in them, kx_plan_contents()
 */
struct unpacked {
	uint64_t files, contents;
};

/* Is there a line with that @files? Then @ret_contents is what was in them. False also when the file is
 * missing, damaged, or can be written to by others than root. */
bool unpacked_find(int root, uint64_t files, uint64_t *ret_contents);
/* Puts @u first, in place of an older line of the same files. */
_must_check_ int unpacked_note(int root, const struct unpacked *u);
