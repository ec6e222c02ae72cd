/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kernels and initial ramdisks as they were unpacked for an earlier load. The directory belongs to
 * root, because whoever can write to it controls what is started next. A file in it is used only
 * when owner, mode, layout, key and digests are right, and removed otherwise.
 */

#include "lib/prepare.h"

/* Limit on the size of all files: a larger one is not written, and old ones are removed for a new
 * one. */
#define CACHE_MAX (UINT64_C(1) << 30)

struct cache {
	char *path;
	char name[32]; /* name of the file: one for each set of paths */
	char *key;     /* what is unpacked: inode, size, time and digest of each file */
	size_t key_n;
	bool insn;		/* the processor has the crc32 instruction */
	struct contents kernel; /* to be written when the plan is committed; owned, or empty */
};

/* Makes the key of @req; -EOPNOTSUPP with a sentence when its parts cannot be kept. */
_must_check_ int cache_key(struct kx_ctx *ctx, const struct kx_request *req,
			   const struct kx_plan *plan, const struct diet_facts *facts,
			   struct cache *ret, struct kx_error *err);
/* Reads the parts kept for @cache: 0 when the file exists and is intact, else an error for the
 * log. */
_must_check_ int cache_find(const struct cache *cache, struct prepared *ret, struct kx_error *err);
/* Writes @parts. A failure affects nothing but the cache. */
_must_check_ int cache_keep(const struct cache *cache, const struct bytes *parts,
			    struct kx_error *err);
void cache_done(struct cache *cache);
