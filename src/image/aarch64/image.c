// SPDX-License-Identifier: LGPL-2.1-or-later
/* Parses an Image: how much memory it takes, and what it says about itself. Field offsets: "Call the kernel
 * image" in Documentation/arch/arm64/booting.rst. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "image/image.h"
#include "image/pe.h"

enum {
	TEXT_OFFSET = 0x08,
	IMAGE_SIZE = 0x10,
	FLAGS = 0x18,
	MAGIC = 0x38,
	HEADER_N = 0x40,

	FLAG_BIG_ENDIAN = 1 << 0,
	PAGES_SHIFT = 1,
	PAGES_MASK = 3,
	FLAG_ANYWHERE = 1 << 3,

	RELEASE_MAX = 64, /* struct utsname has no room for more */
};

#define SPACING (UINT64_C(2) << 20)	  /* what an Image is aligned to */
#define SIZE_MAX_SANE (UINT64_C(1) << 32) /* no kernel takes 4 GiB: sums of it cannot wrap */

/* linux_banner of init/version.c, which every kernel has in its read-only data. */
static struct bytes find_release(struct bytes file)
{
	static const char banner[] = "Linux version ";
	const uint8_t *at = memmem(file.p, file.n, banner, sizeof(banner) - 1);
	size_t start, n = 0;

	if (!at)
		return (struct bytes){ NULL, 0 };
	start = (size_t)(at - file.p) + sizeof(banner) - 1;
	while (n <= RELEASE_MAX && bytes_has(file, start, n + 1) && file.p[start + n] > ' ' &&
	       file.p[start + n] < 0x7f)
		n++;
	if (n == 0 || n > RELEASE_MAX || !bytes_is_at(file, start + n, " ", 1))
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ file.p + start, n };
}

/* An Image that EFI can start says in its table of sections how long it is. */
static int check_length(struct bytes file, struct kx_error *err)
{
	struct bytes data;
	struct pe pe;
	int r;

	if (!bytes_is_at(file, 0, "MZ", 2))
		return 0;
	r = pe_parse(file, &pe, err);
	if (r == -ENOEXEC)
		return kx_fail(
			err, -EBADMSG,
			"Image: it begins as an EFI program and has no PE header: cut off or "
			"damaged");
	for (size_t i = 0; r == 0 && i < pe.n_sections; i++)
		r = pe_section_data(&pe, i, &data, err);
	return r < 0 ? kx_fail_in(err, r, "Image: cut off") : 0;
}

static int check_flags(uint64_t flags, struct kx_error *err)
{
	if (flags & FLAG_BIG_ENDIAN)
		return kx_fail(
			err, -EOPNOTSUPP,
			"Image: a big-endian kernel: not supported; use a little-endian one");
	return 0;
}

static int check_sizes(const struct arm64_image *image, struct kx_error *err)
{
	if (image->size == 0)
		return kx_fail(err, -EOPNOTSUPP,
			       "Image: it does not say how much memory it takes, as kernels before "
			       "Linux 3.17: not supported; use a newer one");
	if (image->text_offset >= SPACING || image->size > SIZE_MAX_SANE)
		return kx_fail(err, -EBADMSG,
			       "Image: an offset of 0x%" PRIx64 " and a size of 0x%" PRIx64
			       " cannot be those of a kernel",
			       image->text_offset, image->size);
	return 0;
}

bool arm64_image_is_sound(const struct arm64_image *image)
{
	return image->file.n >= HEADER_N && image->size >= image->file.n &&
	       (image->size <= SIZE_MAX_SANE || image->size == image->file.n) &&
	       image->text_offset < SPACING && image->release.n <= RELEASE_MAX;
}

int arm64_image_parse(struct bytes file, struct arm64_image *ret, struct kx_error *err)
{
	struct arm64_image image = { .file = file };
	uint64_t flags;
	int r;

	if (!bytes_is_at(file, MAGIC, "ARM\x64", 4))
		return kx_fail(err, -ENOEXEC, "not an Image: no \"ARM\\x64\" at 0x%x", MAGIC);
	if (!bytes_has(file, 0, HEADER_N) || !bytes_le64(file, TEXT_OFFSET, &image.text_offset) ||
	    !bytes_le64(file, IMAGE_SIZE, &image.size) || !bytes_le64(file, FLAGS, &flags))
		return kx_fail(err, -EBADMSG,
			       "Image: the file ends after %zu bytes, inside its header", file.n);
	r = check_flags(flags, err);
	if (r == 0)
		r = check_sizes(&image, err);
	if (r == 0)
		r = check_length(file, err);
	if (r < 0)
		return r;
	if (image.size < file.n) /* a signature follows */
		image.size = file.n;
	image.pages = (enum arm64_pages)(flags >> PAGES_SHIFT & PAGES_MASK);
	image.is_anywhere = flags & FLAG_ANYWHERE;
	image.release = find_release(file);

	*ret = image;
	return 0;
}
