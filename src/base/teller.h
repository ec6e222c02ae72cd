/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Progress for a person, told by code that does not print itself. */

#include "base/cleanup.h"

enum tell {
	TELL_NOTICE,  /* what was done, or could not be done */
	TELL_WARNING, /* something a person should look at; the work goes on */
	TELL_DETAIL,  /* what was chosen and why */
};

/**
 * struct teller - who hears it
 * @tell: receives one sentence without newline, valid during the call only; NULL: nobody listens
 * @data: passed to @tell
 */
struct teller {
	void (*tell)(void *data, enum tell kind, const char *sentence);
	void *data;
};

/* Tells a sentence; @t may be NULL. Sentences are cut at 1,023 bytes. */
void teller_say(const struct teller *t, const char *fmt, ...) _printf_(2, 3);
void teller_warn(const struct teller *t, const char *fmt, ...) _printf_(2, 3);
void teller_detail(const struct teller *t, const char *fmt, ...) _printf_(2, 3);
