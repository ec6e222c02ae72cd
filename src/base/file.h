/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Writing below a root, as base/io.h reads: nothing here leaves it through a symlink. Parent
 * directories are given without a trailing slash. */

/* The directory @path, made with @mode if it is not there; its parent has to be. */
_must_check_ int directory_make_in(int root, const char *path, unsigned mode);

/* A file that appears whole or not at all, also after a power failure when @durable: written beside
 * @path, then renamed over it. */
_must_check_ int file_replace_in(int root, const char *path, unsigned mode, const void *buf,
				 size_t n, bool durable);

/* A lock that only root can hold: flock(2) on a file of root's own with mode 0600, made when it is not
 * there, since everybody may lock a directory or file that he can open. Returns the descriptor that holds
 * it; -EWOULDBLOCK while another one does; -EPERM when the file is not such a one. */
_must_check_ int lock_file_in(int root, const char *path);

/* Into a file that is there: sysctls and attributes. */
_must_check_ int file_write_in(int root, const char *path, const char *text);

/* 0 also when it was not there. */
_must_check_ int file_remove_in(int root, const char *path);

/* A symbolic link at @path that says @target; -EEXIST when something is there. */
_must_check_ int link_make_in(int root, const char *target, const char *path);
/* Where a symbolic link points, not followed; -EINVAL when it is none. */
_must_check_ int link_read_in(int root, const char *path, char **ret);
/* The path of @name in the folder of the program that runs, by @root's /proc/self/exe. */
_must_check_ int path_beside_self_in(int root, const char *name, char **ret);

bool is_there_in(int root, const char *path);
bool is_directory_in(int root, const char *path);
bool is_program_in(int root, const char *path);
