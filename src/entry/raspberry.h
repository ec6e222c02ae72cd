/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/choose.h"
#include "fundamental/bytes.h"

/* What config.txt says about the start of a kernel; NULL where it says nothing. */
struct raspberry_conf {
	char *kernel, *cmdline_file, *initramfs, *prefix;
	bool picks_initramfs; /* auto_initramfs */
	int is_64bit;	      /* arm_64bit; -1 when not set */
	/* a setting of the start is left out, because it is in an included file or in a section whose
	 * condition is not known here */
	bool is_partial;
};

/*
 * Reads config.txt as the firmware of a board @model ("Raspberry Pi 4 Model B Rev 1.4", or NULL)
 * does: sections for other boards do not count.
 */
_must_check_ int raspberry_parse(struct bytes file, const char *model, struct raspberry_conf *ret);
void raspberry_conf_done(struct raspberry_conf *conf);

/* The names of kernels that the firmware tries, best first, up to NULL, when config.txt has none. */
const char *const *raspberry_kernels(const char *machine, const char *model, int is_64bit);
/* "initramfs8" for "kernel8.img"; -EINVAL for other names. */
_must_check_ int raspberry_initramfs(const char *kernel, char **ret);
