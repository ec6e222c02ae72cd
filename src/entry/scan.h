/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/choose.h"

/* The version in the name of a kernel's file ("" for a name without), NULL when it is none. */
const char *scan_version(const char *name);
/* Order of such versions; a ".old" file, what was there before an update, is below its sibling. */
int scan_compare(const char *a, const char *b);
/* A command line for kernels without a configuration, and where it is from; -ENOENT. */
_must_check_ int scan_cmdline(struct entry_fs *fs, const struct boot_find_opts *opts, char **ret,
			      const char **ret_where);
/* What fstab mounts as "/"; -ENOENT. */
_must_check_ int scan_fstab_root(struct entry_fs *fs, char **ret);
