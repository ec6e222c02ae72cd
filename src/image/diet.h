/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An initial ramdisk without the kernel modules that one machine has no use for. */

#include "base/cleanup.h"
#include "fundamental/bytes.h"

struct diet_facts {
	struct bytes loaded; /* /proc/modules */
	/* a name on each line by which drivers are asked for: modalias of each device, "fs-TYPE" of
	 * each file system that is mounted */
	struct bytes aliases;
	struct bytes words;  /* text that may name modules: the command line of the next kernel */
	const char *release; /* of the next kernel; NULL: not known */
	/* its root file system is that of the running one: others than those mounted are not needed */
	bool same_root;
	bool has_stacks; /* device mapper or md is in use, or that is not known */
};

struct diet {
	size_t n_modules, n_left_out;
	uint64_t left_out; /* bytes */
	char why_not[256]; /* why all of it stays; "" when something was left out */
};

/*
 * Leaves modules out of the @n bytes of plain archives at @row, *ret_n then: those that nothing in
 * @facts asks for, and nothing that is needed depends on. Whatever it does not know well stays:
 * modules outside of kernel/, of kinds that are asked for by others than devices, with several
 * links, or that modules.dep does not list. All else stays byte by byte as it is, modules.dep
 * included, and firmware. With ->why_not nothing has changed. -ENOMEM.
 */
_must_check_ int initrd_diet(uint8_t *row, size_t n, const struct diet_facts *facts, size_t *ret_n,
			     struct diet *ret);
