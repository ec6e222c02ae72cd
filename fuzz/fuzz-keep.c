// SPDX-License-Identifier: LGPL-2.1-or-later
/* What lies in memory that is kept: its header, and a stream of files. */
#include <stdlib.h>
#include <string.h>

#include "keep/header.h"
#include "keep/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = { data, size };
	struct keep_header h, again;
	struct stream_entry e;

	if (keep_header_read(rest, &h)) {
		uint8_t copy[KEEP_HEADER_BYTES];

		keep_header_write(&h, copy);
		if (!keep_header_read((struct bytes){ copy, sizeof(copy) }, &again) ||
		    !keep_header_same(&h, &again))
			abort();
	}
	while (stream_next(&rest, &e) > 0)
		if (e.path.n < 2 || e.path.p[0] != '/' || e.data.n > size ||
		    memmem(e.path.p, e.path.n, "/../", 4))
			abort();
	return 0;
}
