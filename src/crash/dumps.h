/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Dumps that were saved on this machine. */

#include "crash/crash.h"

/**
 * struct crash_dump - a file
 * @path: of it
 * @bytes: its size
 * @written_at: seconds since 1970
 * @is_incomplete: it has the name of one that is being written, or was not finished
 */
struct crash_dump {
	char *path;
	uint64_t bytes;
	uint64_t written_at;
	bool is_incomplete;
};

struct crash_dumps {
	struct crash_dump *v;
	size_t n;
};

/**
 * crash_dumps_find() - the dumps in @directory and in the directories in it, the newest first
 *
 * Their names are those of kdump-utils (vmcore, vmcore.flat, vmcore-incomplete), SUSE's kdump (vmcore) and
 * kdump-tools (dump.DATE, vmcore.DATE, dump-incomplete), and NAME.incomplete of `rapidreboot crash save`.
 *
 * Return: 0, also when @directory is not there; -EACCES and others; -ENOMEM.
 */
_must_check_ int crash_dumps_find(int root, const char *directory, struct crash_dumps *ret,
				  struct kx_error *err);
void crash_dumps_done(struct crash_dumps *dumps);
#define _cleanup_crash_dumps_ _cleanup_(crash_dumps_done)

/* The local directory that this machine's configuration saves dumps in: KDUMP_COREDIR of kdump-tools,
 * KDUMP_SAVEDIR of SUSE, "path" of /etc/kdump.conf, else /var/crash. To be freed; NULL: out of memory. */
char *crash_dumps_directory(int root);
