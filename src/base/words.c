// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/words.h"

#include <string.h>

bool words_have(const char *list, const char *word)
{
	const size_t n = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
		if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}
