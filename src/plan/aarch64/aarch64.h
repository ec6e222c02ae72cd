/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How kernels of arm64 are placed and told about their machine: Documentation/arch/arm64/booting.rst. */

#include "fundamental/aarch64/purgatory-abi.h"
#include "plan/planner.h"

/* The largest page that a running kernel can have: kexec_load(2) wants segments of whole ones. */
#define SEGMENT_ALIGN UINT64_C(65536)

/* tree.c: adds the next kernel's device tree, which says where @initrd (of @initrd_n bytes) lies. */
_must_check_ int add_tree(struct planner *p, struct range initrd, uint64_t initrd_n,
			  struct range *ret);
