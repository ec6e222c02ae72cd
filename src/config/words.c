// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int config_words_add(struct config_words *words, const char *word, size_t n)
{
	char **bigger = realloc(words->v, (words->n + 1) * sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	words->v = bigger;
	words->v[words->n] = strndup(word, n);
	if (!words->v[words->n])
		return -ENOMEM;
	words->n++;
	return 0;
}

void config_words_done(struct config_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->v[i]);
	free(words->v);
	*words = (struct config_words){ 0 };
}

bool config_words_have(const struct config_words *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->v[i], word) == 0)
			return true;
	return false;
}
