/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Leaves kernel modules out of an initial ramdisk that this machine does not use. */

#include "base/cleanup.h"
#include "fundamental/bytes.h"

struct diet_facts {
	struct bytes loaded; /* /proc/modules */
	/* names by which drivers are asked for, one per line: modalias of each device, "fs-TYPE"
	 * of each mounted file system */
	struct bytes aliases;
	struct bytes words;  /* of the next kernel's command line; may name modules */
	const char *release; /* of the next kernel; NULL: not known */
	/* the next system has the root file system of the running one, so that file systems that
	 * are not mounted now are not needed */
	bool same_root;
	bool has_stacks; /* device mapper or md is in use, or that is not known */
};

struct diet {
	size_t n_modules, n_left_out;
	uint64_t left_out; /* bytes */
	char why_not[256]; /* why all of it stays; "" when something was left out */
};

/*
 * Leaves modules out of the @n bytes of plain archives at @row, *ret_n bytes then: those that
 * nothing in @facts asks for, and that no needed module depends on. Kept are modules outside of
 * kernel/, those of kinds that are asked for by others than devices, with several links, or
 * missing in modules.dep. Everything else stays byte by byte as it is, modules.dep included, and
 * firmware. With ->why_not nothing has changed. -ENOMEM.
 */
_must_check_ int initrd_diet(uint8_t *row, size_t n, const struct diet_facts *facts, size_t *ret_n,
			     struct diet *ret);
