// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "fuzz/image-checks.h"

/* Whatever is recognised is recognised again when its own name is demanded, and is taken from the child that read
 * it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct image image, again;
	struct kx_error err = { 0 };
	int r = image_parse(&image_formats_x86_64, file, NULL, &image, &err);

	if (r < 0) {
		must(r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
		must(err.code == r && err.message[0]);
		return 0;
	}
	must(err.code == 0 && image.is_uki == (image.type == IMAGE_UKI));
	must(image.inner != IMAGE_UKI && image.inner != IMAGE_NBI && image.inner != IMAGE_BEOBOOT);
	must(image_parse(&image_formats_x86_64, file, image.name, &again, NULL) == 0);
	must(again.type == image.type && again.inner == image.inner);
	check_image(file, &image);
	check_written(file, &image, (struct bytes){ 0 });
	return 0;
}
