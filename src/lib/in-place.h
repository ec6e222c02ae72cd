/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kernel and initial ramdisk in huge pages, at the addresses where they will run, from the load to
 * the jump. Getting such pages changes the machine, so nothing of it happens before the commit; what
 * was got is written down first, in a file of this boot, so that whoever comes next can give it back.
 */

#include "lib/internal.h"

#define IN_PLACE_BOOT_ID_MAX 64

/* Kernel or initial ramdisk. */
struct in_place_part {
	struct range window;
	size_t n; /* leading bytes that are not all zero */
	uint32_t crc[3];
};

/* What the file says. */
struct in_place {
	bool is_ready; /* all fields are filled, and the image was handed over, or nearly so */
	char boot_id[IN_PLACE_BOOT_ID_MAX];
	uint64_t pool_before;  /* pages in the pool before ours came */
	uint64_t pool_added;   /* ours, or more while they are being got */
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
 * A descriptor that keeps other processes out: held from before the system call to after the release by
 * every load, unload and release, and from the last look to the jump. -EBUSY when another one holds it for
 * a minute; other codes where there is no place for the file, and so none for pages either.
 */
_must_check_ int in_place_lock(struct kx_ctx *ctx, struct kx_error *err);
_must_check_ int in_place_boot_id(struct kx_ctx *ctx, char ret[IN_PLACE_BOOT_ID_MAX]);
/* What in_place_read() said means that nobody will ever know more: what is held is given back as far as
 * it is seen. */
static inline bool in_place_has_lost(int r)
{
	return r == -ESTALE || r == -EBADMSG || r == -EPROTONOSUPPORT;
}
void in_place_done(struct in_place *state);
#define _cleanup_in_place_ _cleanup_(in_place_done)

/* in-place-budget.c: reads what can be known without asking for a page; why not, into @err */
_must_check_ int in_place_obstacle(struct kx_ctx *ctx, const struct kx_plan *plan,
				   struct kx_error *err);
/* Is there memory that the kernel must be able to empty (CMA, ZONE_MOVABLE)? */
bool in_place_has_movable_memory(struct kx_ctx *ctx);
/* Pages of 2 MiB for this plan: kernel, initial ramdisk. */
void in_place_need(const struct kx_plan *plan, size_t *ret_kernel, size_t *ret_initrd);
/* How many to ask for, so that there is something to choose from. */
size_t in_place_wanted(struct kx_ctx *ctx, const struct kx_plan *plan);

/*
 * in-place-load.c: kx_plan_commit() of a plan that may be in place, under the lock. 0 it is loaded; 1 it was not
 * possible, the sentence is in @why and nothing is left behind; or what kexec_load(2) said.
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
 * Last look before the jump, under the lock: is everything where it was put? If not, it is loaded again
 * with a copy when it is certain that ours is what is loaded, else unloaded. 0 the jump may come; else
 * -EIO.
 */
_must_check_ int in_place_check(struct kx_ctx *ctx, struct kx_error *err);

/* in-place-token.c: does the kernel hold the image that @state describes? 1 yes, 0 another one or none; a
 * negative errno when that cannot be told. */
_must_check_ int in_place_is_loaded(struct kx_ctx *ctx, const struct in_place *state);

/* commit.c: with retries while the kernel is busy */
_must_check_ int load_segments(struct kx_ctx *ctx, uint64_t entry, size_t n,
			       const struct sys_segment *segments, uint64_t flags);
_must_check_ int unload_segments(struct kx_ctx *ctx);
