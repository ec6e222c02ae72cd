/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kernel and initial ramdisk in huge pages, at the addresses where they will run, from the load to
 * the jump. Allocating such pages changes the machine, so it is done by the commit, not by the
 * plan. Before, a file of this boot is written that lists them, so that a later process can give
 * them back if this one is killed.
 */

#include "lib/internal.h"

#define IN_PLACE_BOOT_ID_MAX 64

/* Kernel or initial ramdisk. */
struct in_place_part {
	struct range window;
	size_t n; /* leading bytes that are not all zero */
	uint32_t crc[3];
};

/* Contents of that file. */
struct in_place {
	bool is_ready; /* all fields are filled: written right before the image is loaded */
	char boot_id[IN_PLACE_BOOT_ID_MAX];
	uint64_t pool_before;  /* pages in the pool before ours came */
	uint64_t pool_added;   /* ours; an upper bound while they are being allocated */
	uint64_t entry, flags; /* of the system call */
	/* pages of the windows, in order: which page of the file, and the physical address where it
	 * must lie: 0 when it only keeps what a segment fills a hole with */
	size_t *order;
	uint64_t *frames;
	size_t n_pages;
	struct in_place_part parts[2];
	size_t n_parts;
	struct in_place_segment {
		struct range dest;
		struct bytes data;
	} segments[PLAN_SEGMENTS_MAX]; /* those that lie in no window */
	size_t n_segments;
	uint8_t *store; /* the file, when it was read */
};

/* in-place-file.c: -ENOENT no file, -ESTALE of another boot, -EBADMSG, -EPROTONOSUPPORT of another
 * version, -EPERM not root's own */
_must_check_ int in_place_read(struct kx_ctx *ctx, struct in_place *ret, struct kx_error *err);
_must_check_ int in_place_write(struct kx_ctx *ctx, const struct in_place *state,
				struct kx_error *err);
_must_check_ int in_place_forget(struct kx_ctx *ctx, struct kx_error *err);
/*
 * Takes the lock: a descriptor that keeps other processes out. Every load, unload and release holds
 * it from before the system call to after the release; a jump from the last check on. -EBUSY when
 * another process holds it for a minute; other codes when there is no directory for the lock file,
 * and so no pages either.
 */
_must_check_ int in_place_lock(struct kx_ctx *ctx, struct kx_error *err);
_must_check_ int in_place_boot_id(struct kx_ctx *ctx, char ret[IN_PLACE_BOOT_ID_MAX]);
/* Does the error of in_place_read() mean that the file will never be readable? Then what can be
 * found without it is given back. */
static inline bool in_place_has_lost(int r)
{
	return r == -ESTALE || r == -EBADMSG || r == -EPROTONOSUPPORT;
}
void in_place_done(struct in_place *state);
#define _cleanup_in_place_ _cleanup_(in_place_done)

/* in-place-budget.c: is it worth trying, as far as that is known without allocating a page? The
 * reason against it in @err. */
_must_check_ int in_place_obstacle(struct kx_ctx *ctx, struct kx_plan *plan, struct kx_error *err);
/* Is there memory that the kernel must be able to empty (CMA, ZONE_MOVABLE)? */
bool in_place_has_movable_memory(struct kx_ctx *ctx);
/* Huge pages for this plan: kernel, initial ramdisk. */
void in_place_need(const struct kx_plan *plan, size_t *ret_kernel, size_t *ret_initrd);
/* How many to ask for, so that there is something to choose from. */
size_t in_place_wanted(struct kx_ctx *ctx, const struct kx_plan *plan);

/*
 * in-place-load.c: kx_plan_commit() of a plan that may be in place, under the lock. 0 it is loaded; 1 it was not
 * possible, the sentence is in @why and nothing is left behind; or the error of kexec_load(2).
 */
_must_check_ int in_place_commit(struct kx_ctx *ctx, struct kx_plan *plan, struct kx_error *why);

/* in-place-keep.c: gives everything back, once no image is loaded that needs it, under the lock. 0 also
 * when there is nothing. */
_must_check_ int in_place_release(struct kx_ctx *ctx, struct kx_error *err);
/* Is there something to give back? */
bool in_place_is_held(struct kx_ctx *ctx);
/* The same as in_place_release() for what @state says, under the lock. */
_must_check_ int in_place_drop(struct kx_ctx *ctx, const struct in_place *state,
			       struct kx_error *err);
/*
 * The last check before the jump, under the lock: are all pages at their addresses with their
 * contents? If not, and ours is certain to be the loaded image, it is loaded again with a copy, or
 * unloaded. 0: the jump may be made; else -EIO.
 */
_must_check_ int in_place_check(struct kx_ctx *ctx, struct kx_error *err);

/* in-place-token.c: does the kernel hold the image that @state describes? 1 yes, 0 another one or none; a
 * negative errno when that cannot be told. */
_must_check_ int in_place_is_loaded(struct kx_ctx *ctx, const struct in_place *state);

/* commit.c: with retries while the kernel is busy */
_must_check_ int load_segments(struct kx_ctx *ctx, uint64_t entry, size_t n,
			       const struct sys_segment *segments, uint64_t flags);
_must_check_ int unload_segments(struct kx_ctx *ctx);
