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

/* The same, with the directories above it that do not exist, whose mode is 0755: a system that was made
 * small need not have /var/lib. */
_must_check_ int directories_make_in(int root, const char *path, unsigned mode);

/* Replaces a file atomically, with @durable also across a power failure: the new contents are
 * written to a file without a name (O_TMPFILE) or, where the file system does not have that, under
 * a temporary name next to @path, and renamed. Any number of processes may do so at the same time,
 * also in different PID namespaces; files left by killed processes are removed. */
_must_check_ int file_replace_in(int root, const char *path, unsigned mode, const void *buf,
				 size_t n, bool durable);

/* A lock that only root can hold: flock(2) on a file of root with mode 0600, created when it does
 * not exist. (Any user can lock a file or directory that he can open.) Returns the descriptor that
 * holds the lock; -EWOULDBLOCK while another process holds it; -EPERM when owner or mode of the
 * file are wrong. */
_must_check_ int lock_file_in(int root, const char *path);

/* Writes to a file that exists already, such as a sysctl or an attribute in sysfs. */
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
