/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"

/* @dir and @name as one absolute path: no empty or "." components, ".." never leaves "/", no slash
 * at the end. @dir may be NULL. */
_must_check_ int path_join(const char *dir, const char *name, char **ret);
/* The directory of a path that path_join() made. */
_must_check_ int path_parent(const char *path, char **ret);
/* What is left of @path below @dir ("" or "/…"), or NULL when it is not below it. */
const char *path_below(const char *path, const char *dir);
const char *path_basename(const char *path);
