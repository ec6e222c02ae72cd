/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/* Reads a file that the configuration includes: the path as written. */
struct extlinux_files {
	int (*read)(struct extlinux_files *files, const char *raw, uint8_t **ret, size_t *ret_n);
};

/*
 * extlinux.conf, syslinux.cfg and their kin: bytes in, menu out, paths as written. @is_uboot: by
 * the rules of U-Boot's reader of the same file, which differ. @files may be NULL: then included
 * files are left out with a warning.
 */
_must_check_ int extlinux_parse(struct bytes file, bool is_uboot, struct extlinux_files *files,
				struct boot_menu *ret);
