/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kernels and initial ramdisks as they were unpacked for an earlier load. A directory of root's own:
 * whoever can write to it decides what is started next. A file in it is used only when everything
 * about it is right, and removed when anything is not.
 */

#include "lib/prepare.h"

/* What there is room for: of a file that would be larger none is made, old ones make way. */
#define CACHE_MAX (UINT64_C(1) << 30)

struct cache {
	char *path;
	char name[32]; /* of the file in it: one for every set of paths */
	char *key;     /* what is unpacked: inode, size, time and digest of each file */
	size_t key_n;
	bool insn;	 /* the processor has the crc32 instruction */
	uint8_t *kernel; /* to be kept when the plan is carried out; owned, or NULL */
	size_t kernel_n;
};

/* What @req is going to be made of; -EOPNOTSUPP with a sentence when it cannot be kept. */
_must_check_ int cache_key(struct kx_ctx *ctx, const struct kx_request *req,
			   const struct kx_plan *plan, const struct diet_facts *facts,
			   struct cache *ret, struct kx_error *err);
/* What was kept for @cache: 0 when it is there and intact, else why not, for the log. */
_must_check_ int cache_find(const struct cache *cache, struct prepared *ret, struct kx_error *err);
/* Keeps @parts. Nothing but the cache is harmed when that fails. */
_must_check_ int cache_keep(const struct cache *cache, const struct bytes *parts,
			    struct kx_error *err);
void cache_done(struct cache *cache);
