/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Exit statuses of rapidreboot and coldreboot, for tools that reboot many machines. 0 is given only
 * when init has taken the order. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,   /* something could not be found, read or done */
	EXIT_USAGE = 2,	   /* the command line */
	EXIT_REFUSED = 3,  /* a check says no; nothing was changed */
	EXIT_LOAD = 4,	   /* the kernel could not be loaded or unloaded; nothing was changed */
	EXIT_HANDOVER = 5, /* init refused, or cannot do it; the machine stays up */
	EXIT_NOTHING = 6,  /* nothing to do, or the person said no */
	EXIT_COLD = 7,	   /* only the firmware can do what is wanted; nothing was done */
	EXIT_TIME = 9,	   /* what only reads took longer than its limit; 8 is of `check` */
	EXIT_HOOK = 10,	   /* a hook says no; nothing stays loaded */
	EXIT_LATER = 11,   /* the same, and it says that it is for now only */
	EXIT_UNKNOWN = 12, /* only of `status --needed`: it could not be found out */
};
