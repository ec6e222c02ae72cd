/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the child says that unpacks a kernel and an initial ramdisk: between the two halves of unpack.c, and for
 * tests. */

#include "image/diet.h"
#include "image/initrd.h"

struct unpack_answer {
	int32_t kernel_r;
	uint32_t is_damaged;
	struct kx_error kernel_why;
	uint64_t initrd_n; /* 0: it stays as it is */
	uint64_t n_unpacked, cost;
	uint64_t n_modules, n_left_out, left_out;
	char why_not[sizeof(((struct initrd_unpacked *)0)->why_not)];
	char why_no_diet[sizeof(((struct diet *)0)->why_not)];
};
