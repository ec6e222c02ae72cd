// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

int array_room(void *v, size_t n, size_t *room, size_t size)
{
	const size_t want = *room ? 2 * *room : FIRST_ROOM;
	void *elements;

	if (n < *room)
		return 0;
	memcpy(&elements, v, sizeof(elements));
	elements = reallocarray(elements, want, size);
	if (!elements)
		return -ENOMEM;
	memcpy(v, &elements, sizeof(elements));
	*room = want;
	return 0;
}
