/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"
#include "entry/entry.h"
#include "entry/outside.h"

/* Where the file systems of a real or captured system are. */
struct fs_root_opts {
	struct outside
		*outside; /* borrowed: all that is not in the other fields comes from there */
	/* "uuid:U=DIR", "label:L=DIR", "dev:hd0,gpt2=DIR": DIR, below the root, is where that
	 * file system is */
	const char *const *places;
	size_t n_places;
	struct budget *budget; /* that every access takes from; borrowed, may be NULL */
};

/*
 * The table for a directory tree. What is mounted where comes from the kernel for the running
 * system and whatever is mounted at or below another root; from the tree's own
 * /proc/self/mountinfo if that is a file (a captured system); else from its /etc/fstab.
 * -EINVAL for a place that is not of the above form.
 */
_must_check_ int fs_root_new(const struct fs_root_opts *opts, struct entry_fs **ret,
			     struct kx_error *err);
struct entry_fs *fs_root_free(struct entry_fs *fs);
DEFINE_CLEANUP(struct entry_fs *, fs_root_free)
#define _cleanup_fs_root_ _cleanup_(fs_root_freep)
