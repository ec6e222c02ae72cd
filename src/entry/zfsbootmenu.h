/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "entry/entry.h"

/* The file name of a kernel for ZFSBootMenu. */
bool zbm_is_kernel(const char *name);
/* The name among @names of the initramfs that ZFSBootMenu pairs with @kernel; NULL when there is none,
 * and then it does not list the kernel. */
const char *zbm_initramfs(const struct strlist *names, const char *kernel);
/* What stands in front of the name of the file system, by ID and ID_LIKE of os-release. */
const char *zbm_root_prefix(const char *id, const char *id_like);
