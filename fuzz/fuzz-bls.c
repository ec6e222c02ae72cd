// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "entry/bls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* the first byte chooses which keys the loader knows */
	unsigned known = size ? data[0] & BLS_ALL : BLS_ALL;
	struct bls_type1 t;

	if (bls_type1_parse((struct bytes){ data, size }, known, true, &t) < 0)
		return 0;
	/* A kind has a program and a line; joined options are no longer than the file. */
	if (!(t.kinds | t.unknown) != !t.program || !(t.kinds | t.unknown) != !t.line)
		abort();
	if (t.options && strlen(t.options) > size)
		abort();
	/* One between quotes may be empty: a path that names no file. */
	for (size_t i = 0; i < t.initrds.n; i++)
		if (strchr(t.initrds.v[i], '\n'))
			abort();
	bls_type1_done(&t);
	return 0;
}
