/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What systemd-logind writes down below /run/systemd, a file each: sessions/ID (session_save() of systemd's
 * logind-session.c) and inhibit/ID (inhibitor_save() of logind-inhibit.c). Lines KEY=VALUE; WHO and WHY have
 * what is not printable ASCII as \ooo. Beside them lie FIFOs named ID.ref.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* A copy of what follows @key ("MODE=") on the first line that begins with it; -ENOENT, -ENOMEM. */
_must_check_ int logind_value(struct bytes text, const char *key, char **ret);

enum logind_hold {
	LOGIND_NO_HOLD,
	LOGIND_DELAYS, /* a shutdown waits some seconds for it */
	LOGIND_BLOCKS_WEAK, /* "block-weak" of systemd 257: only for others than root and the same user */
	LOGIND_BLOCKS,
};

/**
 * logind_inhibitor() - does this inhibitor hold off a shutdown?
 * @ret_who, @ret_why: for a person, to be freed; set unless it is LOGIND_NO_HOLD
 *
 * Return: an enum logind_hold, or -ENOMEM.
 */
_must_check_ int logind_inhibitor(struct bytes text, char **ret_who, char **ret_why);

/* Is a session of this class one of a person? Those of login screens and of services are not; a class that is not
 * known might be. */
bool logind_class_is_person(const char *class);
