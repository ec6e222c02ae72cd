// SPDX-License-Identifier: LGPL-2.1-or-later
/* Recognises a kernel file of any type. The table is in the order in which kexec-tools asks its
 * loaders on x86_64, because some files are of more than one type. */
#include <errno.h>
#include <string.h>

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
	return multiboot2_parse(file, &image->multiboot, err);
}

static int probe_multiboot1(struct bytes file, struct image *image, struct kx_error *err)
{
	return multiboot1_parse(file, &image->multiboot, err);
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
	return bzimage_parse(file, &image->bzimage, err);
}

static int probe_bzimage64(struct bytes file, struct image *image, struct kx_error *err)
{
	int r = bzimage_parse(file, &image->bzimage, err);

	if (r == 0 && !bzimage_is_64bit(&image->bzimage))
		return kx_fail(err, -ENOEXEC,
			       "bzImage: boot protocol %u.%02u with flags 0x%x has no 64-bit entry "
			       "that may lie above 4 GiB",
			       image->bzimage.version >> 8, image->bzimage.version & 0xff,
			       image->bzimage.xloadflags);
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

static int probe_uki(struct bytes file, struct image *image, struct kx_error *err);

static const struct image_format {
	enum image_type type;
	const char *name;
	int (*probe)(struct bytes file, struct image *image, struct kx_error *err);
} formats[] = {
	{ IMAGE_MULTIBOOT2, "multiboot2-x86", probe_multiboot2 },
	{ IMAGE_ELF64, "elf-x86_64", probe_elf64 },
	{ IMAGE_MULTIBOOT1, "multiboot-x86", probe_multiboot1 },
	{ IMAGE_ELF32, "elf-x86", probe_elf32 },
	{ IMAGE_BZIMAGE64, "bzImage64", probe_bzimage64 },
	{ IMAGE_BZIMAGE, "bzImage", probe_bzimage },
	{ IMAGE_BEOBOOT, "beoboot-x86", probe_beoboot },
	{ IMAGE_NBI, "nbi-x86", probe_nbi },
	{ IMAGE_UKI, "uki", probe_uki },
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

/* Tries formats [0, @n). An error of a format that recognises the file is returned rather than
 * "unknown", and the first such error counts. */
static int probe(size_t n, struct bytes file, struct image *ret, struct kx_error *err)
{
	struct kx_error first = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct image image = { .type = formats[i].type,
				       .name = formats[i].name,
				       .inner = formats[i].type };
		struct kx_error why = { 0 };
		int r = formats[i].probe(file, &image, &why);

		if (r == 0) {
			*ret = image;
			return 0;
		}
		if (r != -ENOEXEC && first.code == 0)
			first = why;
	}
	if (first.code != 0)
		return kx_fail(err, first.code, "%s", first.message);
	return -ENOEXEC; /* the caller tells which type it wanted */
}

static int probe_uki(struct bytes file, struct image *image, struct kx_error *err)
{
	struct image inner;
	int r;

	r = uki_parse(file, &image->uki, err);
	if (r < 0)
		return r;
	r = probe(N_FORMATS - 1, image->uki.linux_image, &inner, err);
	if (r == -ENOEXEC)
		return kx_fail(err, -EBADMSG,
			       "UKI: its .linux section holds no kernel for this architecture");
	if (r < 0)
		return kx_fail_in(err, r, "UKI: .linux");

	inner.uki = image->uki;
	inner.is_uki = true;
	inner.type = IMAGE_UKI;
	inner.name = image->name;
	*image = inner;
	return 0;
}

/* Names files that are given by mistake, or that another architecture boots. */
static int fail_unknown(struct bytes file, struct kx_error *err)
{
	struct image image;

	if (file.n == 0)
		return kx_fail(err, -ENOEXEC, "the file is empty");
	if (bytes_is_at(file, 0, "\177ELF", 4))
		return probe_elf32(file, &image, err);
	if (bytes_is_at(file, 0x38, "ARM\x64", 4))
		return kx_fail(err, -ENOEXEC, "an arm64 Image, not a kernel for x86");
	if (bytes_is_at(file, 0x38, "RSC\x05", 4))
		return kx_fail(err, -ENOEXEC, "a riscv Image, not a kernel for x86");
	if (bytes_is_at(file, 4, "zimg", 4))
		return kx_fail(err, -ENOEXEC,
			       "a compressed EFI image (zboot), which no x86 kernel is");
	if (bytes_is_at(file, 0, "\x27\x05\x19\x56", 4))
		return kx_fail(err, -ENOEXEC, "a U-Boot image (uImage), not a kernel for x86");
	if (bytes_is_at(file, 0, "\xd0\x0d\xfe\xed", 4))
		return kx_fail(err, -ENOEXEC, "a device tree or FIT image, not a kernel for x86");
	if (bytes_is_at(file, 0, "MZ", 2))
		return uki_parse(file, &image.uki, err);
	return kx_fail(err, -ENOEXEC,
		       "no kernel image: neither bzImage, ELF, multiboot nor unified kernel image");
}

static int probe_demanded(const struct image_format *f, struct bytes file, struct image *ret,
			  struct kx_error *err)
{
	struct image image = { .type = f->type, .name = f->name, .inner = f->type };
	struct image other;
	int r;

	r = f->probe(file, &image, err);
	if (r == 0)
		*ret = image;
	if (r != -ENOEXEC)
		return r;
	if (probe(N_FORMATS, file, &other, NULL) == 0)
		return kx_fail(err, -ENOEXEC, "not of type %s, but of type %s", f->name,
			       other.name);
	return kx_fail_in(err, -ENOEXEC, "not of type %s", f->name);
}

int image_parse(struct bytes file, const char *demanded, struct image *ret, struct kx_error *err)
{
	struct image image;
	int r;

	if (demanded) {
		for (size_t i = 0; i < N_FORMATS; i++)
			if (strcmp(formats[i].name, demanded) == 0)
				return probe_demanded(&formats[i], file, ret, err);
		return kx_fail(err, -EINVAL, "there is no image type \"%s\"", demanded);
	}

	r = probe(N_FORMATS, file, &image, err);
	if (r == -ENOEXEC)
		return fail_unknown(file, err);
	if (r == 0)
		*ret = image;
	return r;
}
