/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When to reboot, as people write it. */

#include <stdbool.h>
#include <stdint.h>

struct when {
	bool now;
	char text[16];	  /* "+MINUTES" or "HH:MM" */
	char minutes[16]; /* the same as "+MINUTES", rounded up */
	uint64_t in_ms;	  /* from now */
};

/* "now", "+MINUTES", "HH:MM" (today, else tomorrow), "YYYY-MM-DD HH:MM[:SS]" also with a T between
 * them, all in local time; @now_ms is CLOCK_REALTIME. False when it is none of these, or in the
 * past. */
bool when_parse(const char *text, uint64_t now_ms, struct when *ret);
