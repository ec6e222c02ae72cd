/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

/* Looks at files below a root as in base/io.h. */

/* 1: @path exists; 0: it does not (-ENOENT); else a negative errno: it is not known. */
_must_check_ int exists_in(int root, const char *path);
/* Where the symbolic link @path points, as it is written; -EINVAL when it is none. */
_must_check_ int readlink_in(int root, const char *path, char **ret);

/* Names in a directory, in the order of strcmp(3), without "." and "..". */
struct names {
	char **v;
	size_t n;
};
_must_check_ int list_in(int root, const char *path, struct names *ret);
void names_done(struct names *names);
#define _cleanup_names_ _cleanup_(names_done)
