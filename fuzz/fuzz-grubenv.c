// SPDX-License-Identifier: LGPL-2.1-or-later
/* A variable that could be set is read back as it was, and a deleted one is gone. */
#include <stdlib.h>
#include <string.h>

#include "entry/grub/envblk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first value of @name, or NULL. A line without = is the beginning of the next name, as in GRUB:
 * then nothing is certain. */
static char *get(const uint8_t *text, size_t n, const char *wanted, bool *odd)
{
	char *name, *value;
	size_t pos = 0;

	while (envblk_next(text, n, &pos, &name, &value) > 0) {
		bool found = !strcmp(name, wanted);

		*odd |= strchr(name, '\n') != NULL;
		free(name);
		if (found)
			return value;
		free(value);
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char value[] = "a\\b\nc=#d";
	uint8_t *text = malloc(size + 1);
	bool odd = false;
	char *found;

	/* Names and values are C strings, here as in GRUB. */
	if (!text || memchr(data, 0, size)) {
		free(text);
		return 0;
	}
	if (size)
		memcpy(text, data, size);
	if (envblk_set(text, size, "name", value) == 0) {
		found = get(text, size, "name", &odd);
		if (!odd && (!found || strcmp(found, value) != 0))
			abort();
		free(found);
		if (envblk_set(text, size, "name", "") != 0)
			abort();
		found = get(text, size, "name", &odd);
		if (!odd && (!found || *found))
			abort();
		free(found);
	} else if (memcmp(text, data, size) != 0) {
		abort();
	}
	free(text);
	return 0;
}
