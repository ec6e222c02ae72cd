/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Does this system wait for a reboot, what for, and is a fast one enough? */

#include <libkexec.h>

#include "base/dir.h"
#include "cli/rapidreboot/entries.h"

enum waiting_kind {
	WAITING_NOT,
	WAITING_KERNEL,	  /* for a newer kernel */
	WAITING_SERVICES, /* for libraries or programs that cannot be started anew while it runs */
	WAITING_FIRMWARE, /* for something that only the firmware starts or the tools say so */
	WAITING_SOMETHING,
};

/**
 * struct waiting - what is known
 * @source: file or program that says so, "" when it follows from the boot entries
 * @packages: who asked for it, as their names
 * @kernel: release that would run, "" not known
 */
struct waiting {
	enum waiting_kind kind;
	char source[64], kernel[128];
	struct names packages;
};

/* Files that packages leave, needrestart(1) when @may_run, and the kernel that would start next. */
void waiting_read(int root, const struct entries *entries, const char *running, bool may_run,
		  struct waiting *ret);
void waiting_done(struct waiting *waiting);
const char *waiting_kind_name(enum waiting_kind kind);
/* "a newer kernel waits (6.1.0-22): `rapidreboot` starts it" */
void waiting_print(const struct waiting *waiting);
