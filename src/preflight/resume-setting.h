/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* RESUME of initramfs.conf(5), of which the initrd has a copy. */
struct resume_setting {
	char *device;
	char where[512]; /* "FILE: RESUME=" */
};

/* @ret->device stays NULL where nothing is set, or something else makes the initrds. */
int resume_setting_read(const struct look *l, struct report *r, struct resume_setting *ret);
void resume_setting_done(struct resume_setting *setting);
