/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How kernels of arm64 are placed and told about their machine: Documentation/arch/arm64/booting.rst. */

#include "fundamental/aarch64/purgatory-abi.h"
#include "plan/planner.h"

/* The largest page that a running kernel can have: kexec_load(2) wants segments of whole ones. */
#define SEGMENT_ALIGN UINT64_C(65536)

/* Kernel and initial ramdisk lie within so much, counted from a multiple of 1 GiB. */
#define WINDOW (32 * GIB)

/* What follows kernel and initial ramdisk (empty for none), wherever they lie: device tree, page tables, purgatory. */
_must_check_ int add_rest(struct planner *p, struct range kernel, struct range initrd);
/* in-place.c: plans p->copied again with p->windows. */
_must_check_ int plan_image_in_place(struct planner *p);
/* Why that need not be tried, or NULL; static. */
const char *image_in_place_obstacle(const struct planner *p);

/* tree.c: adds the next kernel's device tree, which says where @initrd (of @initrd_n bytes) lies. @ret_stamps: the address
 * of struct stamps in it, 0 for none. */
_must_check_ int add_tree(struct planner *p, struct range initrd, uint64_t initrd_n,
			  struct range *ret, uint64_t *ret_stamps);
