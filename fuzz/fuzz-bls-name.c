// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "entry/bls.h"
#include "entry/version-compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size / 2;
	char a[512], b[512];
	struct bls_name name;

	if (n >= sizeof(a))
		return 0;
	memcpy(a, data, n);
	memcpy(b, data + n, n);
	a[n] = b[n] = 0;
	/* An order: antisymmetric, and a string equals itself. */
	if (version_compare(a, b) != -version_compare(b, a) || version_compare(a, a) != 0)
		abort();
	(void)bls_glob(a, b);
	if (!strpbrk(a, "*?[\\") && strlen(a) && !bls_glob(a, a))
		abort();
	if (bls_name_parse(a, ".conf", &name) == 0) {
		/* The id never has more than the name, and keeps its suffix. */
		if (strlen(name.id) > strlen(a) || strcmp(name.id + strlen(name.id) - 5, ".conf"))
			abort();
		free(name.id);
	}
	return 0;
}
