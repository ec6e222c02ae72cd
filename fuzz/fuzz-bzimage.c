// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct bzimage image;

	if (bzimage_parse(file, &image, NULL) < 0)
		return 0;
	must(image.setup.p == data && image.kernel.p == data + image.setup.n);
	must(image.setup.n + image.kernel.n == size && image.kernel.n > 0);
	must_be_inside(image.setup, image.header);
	must(image.header.n > 0 && image.header.p == data + 0x1f1 && image.header.n <= 0x9f);
	must_be_inside(image.setup, image.release);
	must_be_inside(image.kernel, image.payload);
	must(image.version >= 0x0200 && (image.loadflags & BZIMAGE_LOADED_HIGH));
	must(!bzimage_is_64bit(&image) || image.version >= 0x020c);
	/* what a loader adds up */
	must(image.pref_address + image.init_size >= image.pref_address);
	return 0;
}
