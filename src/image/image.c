// SPDX-License-Identifier: LGPL-2.1-or-later
/* Recognises a kernel file of any format of an architecture. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "image/image.h"

/* Tries the formats of the architecture. An error of a format that recognises the file is returned
 * rather than "unknown", and the first such error counts. */
static int probe_native(const struct image_formats *formats, struct bytes file, struct image *ret,
			struct kx_error *err)
{
	struct kx_error first = { 0 };

	for (size_t i = 0; i < formats->n; i++) {
		const struct image_format *f = &formats->v[i];
		struct image image = { .type = f->type, .name = f->name, .inner = f->type };
		struct kx_error why = { 0 };
		int r = f->probe(file, &image, &why);

		if (r == 0) {
			*ret = image;
			return 0;
		}
		if (r != -ENOEXEC && first.code == 0)
			first = why;
		if (first.code != 0 && !first.type)
			first.type = f->name;
	}
	if (first.code != 0)
		return kx_fail_as(err, first.code, &first);
	return -ENOEXEC; /* the caller tells which type it wanted */
}

static int probe_uki(const struct image_formats *formats, struct bytes file, struct image *ret,
		     struct kx_error *err)
{
	struct image image;
	struct uki uki;
	int r;

	r = uki_parse(file, &uki, err);
	if (r < 0)
		return r;
	r = probe_native(formats, uki.linux_image, &image, err);
	if (r == -ENOEXEC)
		return kx_fail(err, -EBADMSG,
			       "UKI: its .linux section holds no kernel for this architecture");
	if (r < 0)
		return kx_fail_in(err, r, "UKI: .linux");

	image.uki = uki;
	image.is_uki = true;
	image.type = IMAGE_UKI;
	image.name = "uki";
	*ret = image;
	return 0;
}

static int probe(const struct image_formats *formats, struct bytes file, struct image *ret,
		 struct kx_error *err)
{
	struct kx_error native = { 0 }, uki = { 0 };
	int r = probe_native(formats, file, ret, &native), r_uki;

	if (r == 0)
		return 0;
	r_uki = probe_uki(formats, file, ret, &uki);
	if (r_uki == 0)
		return 0;
	if (r != -ENOEXEC)
		return kx_fail_as(err, r, &native);
	if (r_uki != -ENOEXEC) {
		uki.type = uki.type ? uki.type : "uki";
		return kx_fail_as(err, r_uki, &uki);
	}
	return -ENOEXEC; /* the caller tells which type it wanted */
}

/* Names files that are given by mistake, or that another architecture boots. */
static int fail_unknown(const struct image_formats *formats, struct bytes file,
			struct kx_error *err)
{
	static const struct {
		size_t offset;
		const char *magic; /* of four bytes */
		const char *what;
	} others[] = {
		{ 0x202, "HdrS", "an x86 bzImage" },
		{ 0x38, "ARM\x64", "an arm64 Image" },
		{ 0x38, "RSC\x05", "a riscv Image" },
		{ 4, "zimg", "a compressed EFI image (zboot)" },
		{ 0, "\x27\x05\x19\x56", "a U-Boot image (uImage)" },
		{ 0, "\xd0\x0d\xfe\xed", "a device tree or FIT image" },
	};
	struct uki uki;

	if (file.n == 0)
		return kx_fail(err, -ENOEXEC, "the file is empty");
	if (bytes_is_at(file, 0, "\177ELF", 4))
		return formats->unknown_elf(file, err);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (bytes_is_at(file, others[i].offset, others[i].magic, 4))
			return kx_fail(err, -ENOEXEC, "%s, not a kernel for %s", others[i].what,
				       formats->processor);
	if (bytes_is_at(file, 0, "MZ", 2))
		return uki_parse(file, &uki, err);
	return kx_fail(err, -ENOEXEC, "%s", formats->none);
}

static int probe_one(const struct image_formats *formats, const struct image_format *f,
		     struct bytes file, struct image *ret, struct kx_error *err)
{
	struct image image;
	int r;

	if (!f)
		return probe_uki(formats, file, ret, err);
	image = (struct image){ .type = f->type, .name = f->name, .inner = f->type };
	r = f->probe(file, &image, err);
	if (r == 0)
		*ret = image;
	return r;
}

static int parse_demanded(const struct image_formats *formats, const char *demanded,
			  struct bytes file, struct image *ret, struct kx_error *err)
{
	const struct image_format *f = NULL; /* NULL: a unified kernel image */
	struct image other;
	int r;

	for (size_t i = 0; i < formats->n; i++)
		if (strcmp(formats->v[i].name, demanded) == 0)
			f = &formats->v[i];
	if (!f && strcmp(demanded, "uki") != 0)
		return kx_fail(err, -EINVAL, "there is no image type \"%s\"", demanded);
	r = probe_one(formats, f, file, ret, err);
	if (r != -ENOEXEC)
		return r;
	if (probe(formats, file, &other, NULL) == 0)
		return kx_fail(err, -ENOEXEC, "not of type %s, but of type %s", demanded,
			       other.name);
	return kx_fail_in(err, -ENOEXEC, "not of type %s", demanded);
}

int image_parse(const struct image_formats *formats, struct bytes file, const char *demanded,
		struct image *ret, struct kx_error *err)
{
	struct image image;
	int r;

	if (demanded)
		return parse_demanded(formats, demanded, file, ret, err);
	r = probe(formats, file, &image, err);
	if (r == -ENOEXEC)
		return fail_unknown(formats, file, err);
	if (r == 0)
		*ret = image;
	return r;
}

int image_parse_unpacked(const struct image_formats *formats, struct bytes kernel,
			 struct image *image, struct kx_error *err)
{
	struct image inner;
	int r = probe_native(formats, kernel, &inner, err);

	if (r == -ENOEXEC || (r == 0 && inner.packed.n))
		return kx_fail(err, -EBADMSG, "%s: what it unpacks to is no kernel for %s",
			       image->name, formats->processor);
	if (r < 0)
		return kx_fail_in(err, r, "%s", image->name);
	inner.type = image->type;
	inner.name = image->name;
	inner.is_uki = image->is_uki;
	inner.uki = image->uki;
	*image = inner;
	return 0;
}
