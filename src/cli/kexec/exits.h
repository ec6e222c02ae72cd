/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Exit statuses of kexec-tools' command that scripts tell apart; there are no others. */
enum {
	EXIT_OK = 0,
	EXIT_USAGE = 1,		/* options, files that cannot be read, nothing loaded */
	EXIT_IS_LOADED = 1,	/* -S */
	EXIT_UNAVAILABLE = 253, /* -s, and kexec_file_load does not exist or know the image */
	EXIT_NO_REGION = 254,	/* no crash region while loading */
	EXIT_FAILED = 255,	/* a system call or a loader refused; -S: unknown */
};
