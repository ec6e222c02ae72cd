/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Finds out whether this system needs a reboot, for what, and whether a fast one is enough. */

#include "base/dir.h"
#include "reboot/choice.h"

enum waiting_kind {
	WAITING_NOT,
	WAITING_KERNEL, /* for a newer kernel, which the next reboot starts */
	/* for libraries or programs that cannot be restarted while the system runs */
	WAITING_SERVICES,
	/* for something that takes effect only when the firmware starts the machine */
	WAITING_FIRMWARE,
	WAITING_SOMETHING,
	WAITING_NOT_DEFAULT, /* a newer kernel is installed, and the one that runs would be started again */
};

/**
 * struct waiting - what is known
 * @source: file or program that says so, "" when it follows from the boot entries
 * @packages: who asked for it, as their names
 * @is_soft_enough: only programs wait, and init can start all of them anew under the kernel that runs
 *	(systemd-soft-reboot.service(8))
 * @kernel: release that would run, or that is installed and would not, "" not known
 */
struct waiting {
	enum waiting_kind kind;
	char source[64], kernel[128];
	struct names packages;
	bool is_soft_enough;
};

/**
 * waiting_read() - by the files that packages leave, needrestart(1), and the kernel that would start next
 * @next: what a reboot would start, or NULL
 * @running: release of the running kernel, or NULL
 * @may_run: needrestart(1) may be asked
 */
void waiting_read(const struct reboot *rb, const struct choice *next, const char *running,
		  bool may_run, struct waiting *ret);
void waiting_done(struct waiting *waiting);
/* "nothing", "kernel", "services", "firmware", "something", "not-default" */
const char *waiting_kind_name(enum waiting_kind kind);
