/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/choose.h"
#include "entry/grub/grub.h"

/* grub.cfg with everything it printed and set; released with grub_result_done(). */
_must_check_ int grub_read_all(struct entry_fs *fs, const struct boot_find_opts *opts,
			       const char *config, struct grub_result *ret, struct kx_error *err);
