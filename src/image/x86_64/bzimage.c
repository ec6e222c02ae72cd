// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Parses a Linux/x86 bzImage: where its parts lie and what its setup header says.
 *
 * Field offsets and the protocol version each field came with are those of
 * Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
 */
#include <errno.h>
#include <inttypes.h>

#include "base/error.h"
#include "image/image.h"

enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG = 0x1fe,
	JUMP_DISTANCE = 0x201, /* the jump at 0x200 leads to the first byte after the header */
	JUMP_END = 0x202,
	HEADER_MAGIC = 0x202,
	PROTOCOL = 0x206,
	KERNEL_VERSION = 0x20e,
	LOADFLAGS = 0x211,
	INITRD_ADDR_MAX = 0x22c,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE_KERNEL = 0x234,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	KERNEL_INFO_OFFSET = 0x268,

	/* struct boot_params keeps the header here and the next field at 0x290. */
	HEADER_START = 0x1f1,
	HEADER_END_MAX = 0x290,

	SECTOR = 512,
	DEFAULT_SETUP_SECTS = 4, /* what 0 means: a header older than the field */
	SYSSIZE_UNIT = 16,
	RELEASE_MAX = 128, /* no bound in the document; uname(2) has room for 64 */
};

/* Where the header of a protocol version ends at least, newest first. */
static const struct {
	uint16_t version;
	size_t end;
} header_ends[] = {
	{ 0x020f, 0x26c }, { 0x020b, 0x268 }, { 0x020a, 0x264 }, { 0x0209, 0x258 },
	{ 0x0208, 0x250 }, { 0x0207, 0x248 }, { 0x0206, 0x23c }, { 0x0205, 0x235 },
	{ 0x0203, 0x230 }, { 0x0202, 0x22c }, { 0x0201, 0x226 }, { 0x0200, 0x224 },
};

bool bzimage_is_64bit(const struct bzimage *image)
{
	const uint16_t need = BZIMAGE_XLF_KERNEL_64 | BZIMAGE_XLF_ABOVE_4G;

	return image->version >= 0x020c && (image->xloadflags & need) == need;
}

static int parse_magic(struct bytes file, uint16_t *ret_version, struct kx_error *err)
{
	uint16_t flag, version;

	if (!bytes_is_at(file, HEADER_MAGIC, "HdrS", 4) || !bytes_le16(file, BOOT_FLAG, &flag) ||
	    flag != 0xaa55)
		return kx_fail(err, -ENOEXEC,
			       "not a bzImage: no setup header with \"HdrS\" at 0x%x",
			       HEADER_MAGIC);
	if (!bytes_le16(file, PROTOCOL, &version))
		return kx_fail(err, -EBADMSG,
			       "bzImage: the file ends after %zu bytes, inside its setup header",
			       file.n);
	if (version < 0x0200)
		return kx_fail(
			err, -EOPNOTSUPP,
			"bzImage: boot protocol %u.%02u has a 16-bit entry point only, which "
			"a running kernel cannot jump to; use Linux 2.4 or newer",
			version >> 8, version & 0xff);

	*ret_version = version;
	return 0;
}

static size_t header_end_least(uint16_t version)
{
	for (size_t i = 0; i < sizeof(header_ends) / sizeof(header_ends[0]); i++)
		if (version >= header_ends[i].version)
			return header_ends[i].end;
	return HEADER_END_MAX + 1; /* of no version that is known */
}

static int parse_header_end(struct bytes file, uint16_t version, struct bytes *ret,
			    struct kx_error *err)
{
	const size_t end = JUMP_END + (size_t)file.p[JUMP_DISTANCE],
		     least = header_end_least(version);

	if (end < least || end > HEADER_END_MAX)
		return kx_fail(err, -EBADMSG,
			       "bzImage: the setup header ends at 0x%zx, but boot protocol %u.%02u "
			       "needs it to end between 0x%zx and 0x%x",
			       end, version >> 8, version & 0xff, least, HEADER_END_MAX);
	if (!bytes_sub(file, HEADER_START, end - HEADER_START, ret))
		return kx_fail(
			err, -EBADMSG,
			"bzImage: the setup header ends at 0x%zx, but the file has %zu bytes", end,
			file.n);
	return 0;
}

static int split_file(struct bytes file, struct bzimage *image, struct kx_error *err)
{
	size_t sectors = file.p[SETUP_SECTS] ? file.p[SETUP_SECTS] : DEFAULT_SETUP_SECTS;
	size_t setup_n = (sectors + 1) * SECTOR;
	uint32_t syssize;

	if (!bytes_sub(file, 0, setup_n, &image->setup) || file.n == setup_n)
		return kx_fail(err, -EBADMSG, "bzImage: %zu bytes of setup, but the file has %zu",
			       setup_n, file.n);
	image->kernel = (struct bytes){ file.p + setup_n, file.n - setup_n };

	/* A signature may follow; the size is rounded up, so the last unit may be partly there. The
	 * upper half of the field came with 2.04. */
	if (image->version >= 0x0204 && bytes_le32(file, SYSSIZE, &syssize) &&
	    (uint64_t)syssize * SYSSIZE_UNIT > (uint64_t)image->kernel.n + SYSSIZE_UNIT - 1)
		return kx_fail(err, -EBADMSG,
			       "bzImage: cut off: the header announces %" PRIu64
			       " bytes after the setup, the file has %zu",
			       (uint64_t)syssize * SYSSIZE_UNIT, image->kernel.n);
	return 0;
}

/* First word of the version string. A wrong pointer only costs the name: the kernel can be
 * started all the same. */
static struct bytes find_release(const struct bzimage *image)
{
	struct bytes setup = image->setup;
	uint16_t at;
	size_t start, n = 0;

	if (!bytes_le16(setup, KERNEL_VERSION, &at) || at == 0)
		return (struct bytes){ NULL, 0 };
	start = 0x200u + (size_t)at;
	while (bytes_has(setup, start, n + 1) && setup.p[start + n] > ' ' &&
	       setup.p[start + n] < 0x7f)
		n++;
	if (n == 0 || n > RELEASE_MAX || !bytes_has(setup, start, n + 1))
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ setup.p + start, n };
}

static int find_payload(struct bzimage *image, struct kx_error *err)
{
	uint32_t off, n;

	if (image->version < 0x0208 || !bytes_le32(image->setup, PAYLOAD_OFFSET, &off) ||
	    !bytes_le32(image->setup, PAYLOAD_LENGTH, &n) || n == 0)
		return 0;
	if (!bytes_sub(image->kernel, off, n, &image->payload))
		return kx_fail(err, -EBADMSG,
			       "bzImage: the compressed kernel is said to be %" PRIu32
			       " bytes at %" PRIu32 " of the protected-mode part, which has %zu",
			       n, off, image->kernel.n);
	return 0;
}

/* struct kernel_info: magic "LToP", size, size_total, setup_type_max. */
static uint32_t find_setup_type_max(const struct bzimage *image)
{
	uint32_t off, max;

	if (image->version < 0x020f || !bytes_le32(image->setup, KERNEL_INFO_OFFSET, &off) ||
	    off == 0 || !bytes_is_at(image->kernel, off, "LToP", 4) ||
	    !bytes_le32(image->kernel, (size_t)off + 12, &max))
		return 0;
	return max;
}

/* Reads the fields, and sets those that an older header does not have to the values that
 * boot.rst gives. */
static void read_fields(struct bzimage *image)
{
	struct bytes h = image->setup; /* ≥ 1024 bytes: none of these reads can fail */

	image->loadflags = h.p[LOADFLAGS];
	image->initrd_addr_max = 0x37ffffff; /* boot.rst: for protocol 2.02 and earlier */
	image->cmdline_size = 255;	     /* boot.rst: for protocol 2.05 and earlier */
	if (image->version >= 0x0203)
		(void)bytes_le32(h, INITRD_ADDR_MAX, &image->initrd_addr_max);
	if (image->version >= 0x0205) {
		(void)bytes_le32(h, KERNEL_ALIGNMENT, &image->kernel_alignment);
		image->relocatable = h.p[RELOCATABLE_KERNEL] != 0;
	}
	if (image->version >= 0x0206)
		(void)bytes_le32(h, CMDLINE_SIZE, &image->cmdline_size);
	if (image->version >= 0x020a) {
		(void)bytes_le64(h, PREF_ADDRESS, &image->pref_address);
		(void)bytes_le32(h, INIT_SIZE, &image->init_size);
	}
	if (image->version >= 0x020c)
		(void)bytes_le16(h, XLOADFLAGS, &image->xloadflags);
}

static int check_fields(const struct bzimage *image, struct kx_error *err)
{
	uint32_t align = image->kernel_alignment;

	if (!(image->loadflags & BZIMAGE_LOADED_HIGH))
		return kx_fail(err, -EOPNOTSUPP,
			       "bzImage: a zImage, which loads below 640 KiB and is entered in "
			       "16-bit mode: not supported; use a bzImage of the same kernel");
	if (image->relocatable && (align == 0 || (align & (align - 1)) != 0))
		return kx_fail(err, -EBADMSG,
			       "bzImage: relocatable, but its alignment 0x%" PRIx32
			       " is not a power of two",
			       align);
	if (image->pref_address > UINT64_MAX - UINT32_MAX)
		return kx_fail(err, -EBADMSG,
			       "bzImage: the preferred address 0x%" PRIx64
			       " leaves no room for the kernel",
			       image->pref_address);
	return 0;
}

bool bzimage_is_sound(const struct bzimage *image)
{
	const size_t end = HEADER_START + image->header.n;

	return end >= header_end_least(image->version) && end <= HEADER_END_MAX &&
	       image->kernel.n && check_fields(image, NULL) == 0;
}

int bzimage_parse(struct bytes file, struct bzimage *ret, struct kx_error *err)
{
	struct bzimage image = { 0 };
	int r;

	r = parse_magic(file, &image.version, err);
	if (r < 0)
		return r;
	r = parse_header_end(file, image.version, &image.header, err);
	if (r < 0)
		return r;
	r = split_file(file, &image, err);
	if (r < 0)
		return r;
	read_fields(&image);
	r = check_fields(&image, err);
	if (r < 0)
		return r;
	r = find_payload(&image, err);
	if (r < 0)
		return r;
	image.release = find_release(&image);
	image.setup_type_max = find_setup_type_max(&image);

	*ret = image;
	return 0;
}
