// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/strlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int strlist_add(struct strlist *list, const char *s)
{
	char **bigger = reallocarray(list->v, list->n + 1, sizeof(*list->v));
	char *copy;

	if (!bigger)
		return -ENOMEM;
	list->v = bigger;
	copy = strdup(s);
	if (!copy)
		return -ENOMEM;
	list->v[list->n++] = copy;
	return 0;
}

void strlist_done(struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strlist){ 0 };
}
