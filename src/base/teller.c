// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/teller.h"

#include <stdarg.h>
#include <stdio.h>

enum { SENTENCE_MAX = 1024 };

_printf_(3, 0) static void tell(const struct teller *t, enum tell kind, const char *fmt, va_list ap)
{
	char sentence[SENTENCE_MAX];

	if (!t || !t->tell)
		return;
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	t->tell(t->data, kind, sentence);
}

void teller_say(const struct teller *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(t, TELL_NOTICE, fmt, ap);
	va_end(ap);
}

void teller_warn(const struct teller *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(t, TELL_WARNING, fmt, ap);
	va_end(ap);
}

void teller_detail(const struct teller *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(t, TELL_DETAIL, fmt, ap);
	va_end(ap);
}
