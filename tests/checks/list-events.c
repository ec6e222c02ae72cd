// SPDX-License-Identifier: LGPL-2.1-or-later
/* Prints the kinds of events as lines "ID FIELD…", for catalog.py. */
#include <stdio.h>

#include "reboot/event.h"

int main(void)
{
	for (enum event e = 0; e < N_EVENTS; e++) {
		const struct event_kind *kind = event_kind(e);

		printf("%s", kind->id ? kind->id : "none");
		for (size_t i = 0; kind->fields[i]; i++)
			printf(" %s", kind->fields[i]);
		printf("\n");
	}
	return 0;
}
