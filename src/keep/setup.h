/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Puts the word of keep/range.h into the boot configuration. */

#include "keep/range.h"
#include "sys/sys.h"

#define KEEP_GRUB_FILE "/etc/default/grub.d/rapidreboot-keep.cfg"

enum keep_family {
	KEEP_FAMILY_UPDATE_GRUB, /* KEEP_GRUB_FILE, which update-grub of Debian's family reads */
	KEEP_FAMILY_GRUBBY,	 /* grubby of Red Hat's family, which changes every boot entry */
	KEEP_FAMILY_UNKNOWN,	 /* a person writes the word */
};

/* Chooses a range by the machine's /proc/iomem. -EEXIST: one is set aside already. */
_must_check_ int keep_setup_choose(struct sys *sys, uint64_t size, struct range *ret,
				   struct kx_error *err);
enum keep_family keep_setup_family(struct sys *sys);
/* Not for KEEP_FAMILY_UNKNOWN. */
_must_check_ int keep_setup_write(struct sys *sys, enum keep_family family, struct range range,
				  struct kx_error *err);
