/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The directory of the cache and the files in it, as far as whose they are. */

#include "lib/internal.h"

#define CACHE_SUFFIX ".prepared"

/* The directory, when it is one, ours alone (0700), and its file system keeps owners: -ENOENT,
 * -ENOTDIR, -EACCES, -EOPNOTSUPP. */
_must_check_ int cache_dir_open(const char *path, struct kx_error *err);
/* The same after making it. */
_must_check_ int cache_dir_make(const char *path, struct kx_error *err);
/* -EACCES when it is no regular file, somebody else's, or has another name somewhere. */
_must_check_ int cache_file_open(int dir, const char *name, uint64_t *ret_n);
void cache_file_remove(int dir, const char *name);
/* Removes files of ours, the oldest first, until all that are left and @n bytes have room. */
void cache_make_room(int dir, const char *name, uint64_t n, uint64_t max);
