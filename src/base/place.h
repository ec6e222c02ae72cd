/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"

/*
 * Places: file systems that are mounted nowhere, but held by a descriptor (fsmount(2)), under names of
 * directories that only this process knows. open_in() finds files below such a name on the file system
 * that it stands for, and never leaves that. A place may be a single file as well, in memory.
 */

/* The file system or file behind @fd (O_PATH will do; it is duplicated) becomes @dir below @root, and for whoever
 * opens paths of the running system that has no place of that name. A name that @root has already stands
 * for @fd from now on, and has one more owner. -ENOSPC, -ENOMEM, or what dup(2) and stat(2) return. */
_must_check_ int place_add(int root, const char *dir, int fd);
/* One owner less; without any the name is gone, and the descriptor is closed. */
void place_remove(int root, const char *dir);
/* A descriptor of the place that holds @path, which is the caller's, and the rest of the path, "" when the
 * place is that file itself; -1 when it is in none. */
int place_open(int root, const char *path, const char **ret_rest);
