// SPDX-License-Identifier: LGPL-2.1-or-later
/* The formats of kernel files for 64-bit ARM processors, by the names that kexec-tools has for them. */
#include <errno.h>

#include "base/error.h"
#include "image/image.h"

static int probe_image(struct bytes file, struct image *image, struct kx_error *err)
{
	return arm64_image_parse(file, &image->aarch64, err);
}

static int probe_zboot(struct bytes file, struct image *image, struct kx_error *err)
{
	return arm64_zboot_parse(file, &image->packed, err);
}

/* U-Boot calls a compressed kernel compressed or not, and is wrong often enough: its first bytes say. */
static int probe_uimage(struct bytes file, struct image *image, struct kx_error *err)
{
	struct bytes data;
	int r = arm64_uimage_parse(file, &data, err);

	if (r == 0 && compression_detect(data)) {
		image->packed = data;
		return 0;
	}
	if (r == 0)
		r = arm64_image_parse(data, &image->aarch64, err);
	if (r == -ENOEXEC && bytes_is_at(file, 0, "\x27\x05\x19\x56", 4))
		return kx_fail(err, -EBADMSG, "uImage: what follows its header is no kernel");
	if (r == 0)
		image->inner = IMAGE_ARM64;
	return r;
}

static int unknown_elf(struct bytes file, struct kx_error *err)
{
	return kx_fail(err, -EOPNOTSUPP,
		       "an ELF file: not supported for arm64; use the Image of the same kernel "
		       "(arch/arm64/boot/Image)");
}

static const struct image_format formats[] = {
	{ IMAGE_ARM64, "Image", probe_image },
	{ IMAGE_ARM64_ZBOOT, "vmlinuz", probe_zboot },
	{ IMAGE_ARM64_UIMAGE, "uImage", probe_uimage },
};

const struct image_formats image_formats_aarch64 = {
	.v = formats,
	.n = sizeof(formats) / sizeof(formats[0]),
	.processor = "arm64",
	.none = "no kernel image: neither Image, compressed EFI image (zboot), uImage nor unified "
		"kernel image",
	.unknown_elf = unknown_elf,
};
