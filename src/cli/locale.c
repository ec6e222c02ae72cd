// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/locale.h"

bool locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = NULL;

	for (size_t i = 0; !locale && i < sizeof(names) / sizeof(names[0]); i++) {
		locale = getenv(names[i]);
		if (locale && !*locale)
			locale = NULL;
	}
	return locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8"));
}
