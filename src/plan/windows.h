/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where kernel and initial ramdisk of the next kernel can lie in huge pages that were got one by
 * one: runs of neighbours among them, if need be with holes, which are filled as segments are. */

#include <libkexec.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "memmap/memmap.h"

#define WINDOW_PAGE (UINT64_C(2) << 20)
#define WINDOW_HOLES_MAX 16

struct windows_request {
	const uint64_t *frames; /* physical addresses of the pages, ascending */
	size_t n_frames;
	size_t n_kernel, n_initrd;	/* pages each needs; no initrd: 0 */
	const struct memmap *memory;	/* each window lies in one range of its RAM */
	struct range bounds;		/* and in here */
	const struct ranges *taken;	/* and nowhere near these */
	const struct ranges *not_holes; /* pages that cannot be filled at the jump */
	size_t holes_max;		/* runs of them, at most WINDOW_HOLES_MAX */
	uint64_t random[2];		/* of all windows without a hole, which: kernel, initrd */
};

struct windows {
	struct range kernel, initrd; /* initrd empty when none was asked for */
	struct range holes[WINDOW_HOLES_MAX];
	size_t n_holes;
	uint64_t hole_bytes;
};

/* Any pair of windows without a hole, or the pair that misses the fewest pages. -ENOSPC */
_must_check_ int windows_choose(const struct windows_request *req, struct windows *ret,
				struct kx_error *err);
