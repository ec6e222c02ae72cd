// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "fuzz/inside.h"
#include "image/image.h"

#define MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct kx_error err = { 0 };
	uint8_t *out = NULL;
	size_t n = 0;
	int r = decompress(file, MAX, &out, &n, &err);

	if (r < 0) {
		must(r == -EBADMSG || r == -EFBIG || r == -EOPNOTSUPP || r == -ENOMEM);
		must(err.code == r && err.message[0] && !out && n == 0);
		return 0;
	}
	must(compression_detect(file) && out && n <= MAX && err.code == 0);
	free(out);
	return 0;
}
