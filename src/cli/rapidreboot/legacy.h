/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Other tools' files, for start.c and hook.c. */

#include "cli/rapidreboot/start.h"
#include "config/legacy.h"

/* Reads them below @root and tells what is odd about them. An exit status; legacy_done() after it. */
int legacy_take(int root, struct legacy *ret);

/* Does it name the kernel to start, of the system below @root (NULL: here)? */
bool legacy_decides(const struct legacy *l, const char *root);
/* The command line that it asks for. An exit status; *ret is to be released with free(3). */
int legacy_cmdline(const struct legacy *l, char **ret);

/* Fills in what they decide when nobody has named a kernel; leaves *ret_decided alone when it is for
 * the boot loader to say. An exit status. */
int start_legacy(struct start *s, const struct start_options *o, int root, bool *ret_decided);

/* /nokexec or /no-kexec-reboot is there; and removes them, telling so. */
bool legacy_wants_cold(int root);
void legacy_cold_honoured(int root);
