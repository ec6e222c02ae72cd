// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "entry/smbios11.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No string is empty, and all of them fit into the table. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strlist strings = { 0 };
	const int r = smbios11_parse((struct bytes){ data, size }, &strings);
	size_t n = 0;

	for (size_t i = 0; i < strings.n; i++) {
		if (!strings.v[i][0])
			abort();
		n += strlen(strings.v[i]) + 1;
	}
	if (n > size || (r < 0 && r != -EBADMSG))
		abort();
	strlist_done(&strings);
	return 0;
}
