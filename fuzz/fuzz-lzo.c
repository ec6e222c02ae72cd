// SPDX-License-Identifier: LGPL-2.1-or-later
/* A block of lzop(1), or a page of a dump. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lzo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t max = 64 << 10;
	uint8_t *out = malloc(max), *again = malloc(max);
	ssize_t n, m;

	if (!out || !again)
		abort();
	n = lzo_unpack((struct bytes){ data, size }, out, max);
	if (n > (ssize_t)max || (n < 0 && n != -EPROTO))
		abort();
	/* The same in exactly that room, and a failure in less. */
	if (n >= 0) {
		m = lzo_unpack((struct bytes){ data, size }, again, (size_t)n);
		if (m != n || memcmp(out, again, (size_t)n) != 0)
			abort();
		if (n > 0 && lzo_unpack((struct bytes){ data, size }, again, (size_t)n - 1) >= 0)
			abort();
	}
	free(out);
	free(again);
	return 0;
}
