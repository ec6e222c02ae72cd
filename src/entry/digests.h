/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"

/* Compares kernel and initrd of the entries that have digests, that of the default first: one that
 * differs, or that there was no time for, is not bootable. */
_must_check_ int menu_compare_digests(struct entry_fs *fs, struct boot_menu *menu);
