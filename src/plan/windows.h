/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where kernel and initial ramdisk of the next kernel can lie in huge pages that were allocated
 * one by one: ranges of consecutive pages, if need be with holes, which become segments. */

#include <libkexec.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "memmap/memmap.h"

#define WINDOW_HOLES_MAX 16

struct windows_request {
	const uint64_t *frames; /* physical addresses of the pages, ascending */
	size_t n_frames;
	uint64_t page;			/* bytes of each */
	size_t n_kernel, n_initrd;	/* pages each needs; no initrd: 0 */
	const struct memmap *memory;	/* each window lies in one range of its RAM */
	struct range bounds;		/* and inside these */
	const struct ranges *taken;	/* and overlaps none of these */
	const struct ranges *not_holes; /* pages that cannot be filled at the jump */
	size_t holes_max;		/* runs of them, at most WINDOW_HOLES_MAX */
	uint64_t random[2];		/* pick a window without a hole: kernel, initrd */
};

struct windows {
	struct range kernel, initrd; /* initrd empty when none was asked for */
	struct range holes[WINDOW_HOLES_MAX];
	size_t n_holes;
	uint64_t hole_bytes;
};

/* A random pair of windows without a hole, else the pair that misses the fewest pages. -ENOSPC */
_must_check_ int windows_choose(const struct windows_request *req, struct windows *ret,
				struct kx_error *err);
