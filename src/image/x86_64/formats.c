// SPDX-License-Identifier: LGPL-2.1-or-later
/* The formats of kernel files for x86 processors, in the order in which kexec-tools asks its loaders on
 * x86_64, because some files are of more than one. */
#include <errno.h>

#include "base/error.h"
#include "image/image.h"

/* System V ABI, e_machine */
enum {
	EM_386 = 3,
	EM_486 = 6,
	EM_X86_64 = 62,
};

static int probe_multiboot2(struct bytes file, struct image *image, struct kx_error *err)
{
	return multiboot2_parse(file, &image->x86_64.multiboot, err);
}

static int probe_multiboot1(struct bytes file, struct image *image, struct kx_error *err)
{
	return multiboot1_parse(file, &image->x86_64.multiboot, err);
}

static int probe_elf64(struct bytes file, struct image *image, struct kx_error *err)
{
	int r = elf_parse(file, &image->elf, err);

	if (r == 0 && image->elf.machine != EM_X86_64)
		return kx_fail(err, -ENOEXEC, "ELF: made for machine %u, not for x86_64 (%d)",
			       image->elf.machine, EM_X86_64);
	return r;
}

static int probe_elf32(struct bytes file, struct image *image, struct kx_error *err)
{
	int r = elf_parse(file, &image->elf, err);

	if (r == 0 && image->elf.machine != EM_386 && image->elf.machine != EM_486)
		return kx_fail(err, -ENOEXEC, "ELF: made for machine %u, not for x86 (%d or %d)",
			       image->elf.machine, EM_X86_64, EM_386);
	return r;
}

static int probe_bzimage(struct bytes file, struct image *image, struct kx_error *err)
{
	return bzimage_parse(file, &image->x86_64.bzimage, err);
}

static int probe_bzimage64(struct bytes file, struct image *image, struct kx_error *err)
{
	int r = bzimage_parse(file, &image->x86_64.bzimage, err);

	if (r == 0 && !bzimage_is_64bit(&image->x86_64.bzimage))
		return kx_fail(err, -ENOEXEC,
			       "bzImage: boot protocol %u.%02u with flags 0x%x has no 64-bit entry "
			       "that may lie above 4 GiB",
			       image->x86_64.bzimage.version >> 8,
			       image->x86_64.bzimage.version & 0xff,
			       image->x86_64.bzimage.xloadflags);
	return r;
}

/* Two formats of the 1990s that kexec-tools still loads. They are recognised to be refused by
 * name. */
static int probe_beoboot(struct bytes file, struct image *image, struct kx_error *err)
{
	if (!bytes_is_at(file, 0, "BeoB", 4))
		return kx_fail(err, -ENOEXEC, "not a beoboot image");
	return kx_fail(err, -EOPNOTSUPP,
		       "a beoboot image: not supported; use the bzImage inside it");
}

static int probe_nbi(struct bytes file, struct image *image, struct kx_error *err)
{
	if (!bytes_is_at(file, 0, "\x36\x13\x03\x1b", 4))
		return kx_fail(err, -ENOEXEC, "not a network boot image");
	return kx_fail(err, -EOPNOTSUPP,
		       "a tagged network boot image (nbi), which is entered in 16-bit mode: not "
		       "supported; use the kernel it was made of");
}

static int unknown_elf(struct bytes file, struct kx_error *err)
{
	struct image image;

	return probe_elf32(file, &image, err);
}

static const struct image_format formats[] = {
	{ IMAGE_MULTIBOOT2, "multiboot2-x86", probe_multiboot2 },
	{ IMAGE_ELF64, "elf-x86_64", probe_elf64 },
	{ IMAGE_MULTIBOOT1, "multiboot-x86", probe_multiboot1 },
	{ IMAGE_ELF32, "elf-x86", probe_elf32 },
	{ IMAGE_BZIMAGE64, "bzImage64", probe_bzimage64 },
	{ IMAGE_BZIMAGE, "bzImage", probe_bzimage },
	{ IMAGE_BEOBOOT, "beoboot-x86", probe_beoboot },
	{ IMAGE_NBI, "nbi-x86", probe_nbi },
};

const struct image_formats image_formats_x86_64 = {
	.v = formats,
	.n = sizeof(formats) / sizeof(formats[0]),
	.processor = "x86",
	.none = "no kernel image: neither bzImage, ELF, multiboot nor unified kernel image",
	.unknown_elf = unknown_elf,
};
