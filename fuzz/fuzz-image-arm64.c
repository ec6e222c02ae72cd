// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "fuzz/inside.h"
#include "image/image.h"

static void check_kernel(struct bytes file, const struct image *image)
{
	const struct arm64_image *kernel = &image->aarch64;

	must(image->inner == IMAGE_ARM64);
	must_be_inside(file, kernel->file);
	must_be_inside(kernel->file, kernel->release);
	must(kernel->file.n >= 0x40 && kernel->size >= kernel->file.n);
	/* what a planner adds up */
	must(kernel->text_offset < 1u << 21 && kernel->size < UINT64_C(1) << 33);
}

/* Whatever is recognised is recognised again when its own name is demanded, and gives a kernel or a stream. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct image image, again;
	struct kx_error err = { 0 };
	int r = image_parse(&image_formats_aarch64, file, NULL, &image, &err);

	if (r < 0) {
		must(r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
		must(err.code == r && err.message[0]);
		return 0;
	}
	must(err.code == 0 && image.is_uki == (image.type == IMAGE_UKI));
	must(image_parse(&image_formats_aarch64, file, image.name, &again, NULL) == 0);
	must(again.type == image.type && again.inner == image.inner);
	if (!image.packed.n) {
		check_kernel(file, &image);
		return 0;
	}
	must_be_inside(file, image.packed);
	must(compression_detect(image.packed) != NULL);
	/* the same bytes as if they had been packed: one level of packing, whatever they say */
	r = image_parse_unpacked(&image_formats_aarch64, file, &again, &err);
	must(r == -EBADMSG || r == -EOPNOTSUPP);
	return 0;
}
