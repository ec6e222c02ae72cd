/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The program of the capture initramfs. Its first process sets the place up, starts another one that
 * saves, and watches it; whatever becomes of that, the machine comes back.
 */

#include <stdatomic.h>

#include "capture/settings.h"

/* What both processes see. */
struct progress {
	_Atomic uint64_t beat; /* grows as long as something is done */
	atomic_bool has_log, has_dump;
};

/* setup.c: mounts /proc, /sys and /dev, and has the console for standard output. 0 or a negative errno. */
_must_check_ int setup_places(void);
/* Loads one module; that it is loaded or built in already is no failure. 0 or a negative errno. */
_must_check_ int setup_module(const char *name);

/* job.c: saves; an exit status. */
int job_run(const struct capture_settings *settings, struct progress *progress);

/* "rapidreboot: [seconds since the start of this kernel] …" on the console */
void say(const char *fmt, ...) _printf_(1, 2);
uint64_t uptime_ms(void);
