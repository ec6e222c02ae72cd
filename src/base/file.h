/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Writing below a root as in base/io.h: no symbolic link leads out of it. Parent directories are
 * given without a trailing slash. */

/* Makes the directory @path with @mode if it does not exist; its parent has to exist. */
_must_check_ int directory_make_in(int root, const char *path, unsigned mode);

/* Replaces a file at once, or not at all, also when power fails if @durable: it is written without a name,
 * or under one next to @path where a file system has no nameless files, and renamed. Any number may do so
 * at the same time, also in different PID namespaces; what killed ones left behind is removed. */
_must_check_ int file_replace_in(int root, const char *path, unsigned mode, const void *buf,
				 size_t n, bool durable);

/* A lock that only root can hold: flock(2) on a file of root's own with mode 0600, made when it is not
 * there, since everybody may lock a directory or file that he can open. Returns the descriptor that holds
 * it; -EWOULDBLOCK while another one does; -EPERM when the file is not such a one. */
_must_check_ int lock_file_in(int root, const char *path);

/* Writes to a file that exists, as sysctls and attributes of sysfs. */
_must_check_ int file_write_in(int root, const char *path, const char *text);

/* 0 also when it did not exist. */
_must_check_ int file_remove_in(int root, const char *path);

/* Makes a symbolic link at @path to @target; -EEXIST when something has that name. */
_must_check_ int link_make_in(int root, const char *target, const char *path);
/* Target of a symbolic link, not followed; -EINVAL when it is no link. */
_must_check_ int link_read_in(int root, const char *path, char **ret);
/* Path of the file @name in the directory of the running program, by /proc/self/exe below @root. */
_must_check_ int path_beside_self_in(int root, const char *name, char **ret);

bool is_there_in(int root, const char *path);
bool is_directory_in(int root, const char *path);
bool is_program_in(int root, const char *path);
