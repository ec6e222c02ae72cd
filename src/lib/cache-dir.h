/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The directory of the cache: opening it, checking owner and mode of it and its files, removing old
 * files. */

#include "lib/internal.h"

#define CACHE_SUFFIX ".prepared"

/* Opens the directory, when nobody else may use it (mode 0700) and its file system has owners:
 * -ENOENT, -ENOTDIR, -EACCES, -EOPNOTSUPP. */
_must_check_ int cache_dir_open(const char *path, struct kx_error *err);
/* The same, and creates it first when it does not exist. */
_must_check_ int cache_dir_make(const char *path, struct kx_error *err);
/* -EACCES when it is no regular file, belongs to another user, or has a second hard link. */
_must_check_ int cache_file_open(int dir, const char *name, uint64_t *ret_n);
void cache_file_remove(int dir, const char *name);
/* Removes files of the cache, the oldest first, until @n more bytes fit into the limit. */
void cache_make_room(int dir, const char *name, uint64_t n, uint64_t max);
