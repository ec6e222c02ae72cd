// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the kernel in files that have it packed: EFI zboot images, which unpack themselves when firmware starts
 * them, and uImages, which U-Boot unpacks. */
#include <errno.h>
#include <inttypes.h>

#include "base/error.h"
#include "image/image.h"

/* drivers/firmware/efi/libstub/zboot-header.S */
enum {
	ZBOOT_MAGIC = 4,
	ZBOOT_OFFSET = 8,
	ZBOOT_SIZE = 12,
	ZBOOT_TYPE = 24, /* "gzip", "xzkern", "zstd", …, ended by NUL */
	ZBOOT_TYPE_N = 32,
	ZBOOT_HEADER_N = 0x40,
};

/* Include/image.h of U-Boot, struct legacy_img_hdr; all numbers are big-endian. */
enum {
	UIMAGE_SIZE = 12,
	UIMAGE_OS = 28, /* four bytes: operating system, architecture, type, compression */
	UIMAGE_HEADER_N = 64,

	UIMAGE_OS_LINUX = 5,
	UIMAGE_ARCH_ARM64 = 22,
	UIMAGE_TYPE_KERNEL = 2,
	UIMAGE_TYPE_KERNEL_NOLOAD = 14,
};

int arm64_zboot_parse(struct bytes file, struct bytes *ret_stream, struct kx_error *err)
{
	char type[ZBOOT_TYPE_N + 1] = { 0 };
	struct bytes stream;
	uint32_t offset, size;

	if (!bytes_is_at(file, 0, "MZ", 2) || !bytes_is_at(file, ZBOOT_MAGIC, "zimg", 4))
		return kx_fail(err, -ENOEXEC, "not a compressed EFI image: no \"zimg\" at %d",
			       ZBOOT_MAGIC);
	if (!bytes_has(file, 0, ZBOOT_HEADER_N) || !bytes_le32(file, ZBOOT_OFFSET, &offset) ||
	    !bytes_le32(file, ZBOOT_SIZE, &size))
		return kx_fail(err, -EBADMSG,
			       "zboot: the file ends after %zu bytes, inside its header", file.n);
	if (!bytes_sub(file, offset, size, &stream) || size == 0)
		return kx_fail(err, -EBADMSG,
			       "zboot: the compressed kernel is said to be %" PRIu32
			       " bytes at %" PRIu32 ", but the file has %zu: cut off",
			       size, offset, file.n);
	for (size_t i = 0; i < ZBOOT_TYPE_N; i++) {
		const uint8_t c = file.p[ZBOOT_TYPE + i];

		if (c <= ' ' || c >= 0x7f)
			break;
		type[i] = (char)c;
	}
	if (!compression_detect(stream))
		return kx_fail(err, -EBADMSG,
			       "zboot: the kernel is compressed as \"%s\", and what is there is of "
			       "no format known here",
			       type);
	*ret_stream = stream;
	return 0;
}

static uint32_t be32(struct bytes b, size_t off)
{
	return (uint32_t)b.p[off] << 24 | (uint32_t)b.p[off + 1] << 16 |
	       (uint32_t)b.p[off + 2] << 8 | b.p[off + 3];
}

int arm64_uimage_parse(struct bytes file, struct bytes *ret_data, struct kx_error *err)
{
	struct bytes data;
	const uint8_t *kind;

	if (!bytes_is_at(file, 0, "\x27\x05\x19\x56", 4))
		return kx_fail(err, -ENOEXEC, "not a U-Boot image");
	if (!bytes_has(file, 0, UIMAGE_HEADER_N))
		return kx_fail(err, -EBADMSG,
			       "uImage: the file ends after %zu bytes, inside its header", file.n);
	kind = file.p + UIMAGE_OS;
	if (kind[0] != UIMAGE_OS_LINUX || kind[1] != UIMAGE_ARCH_ARM64 ||
	    (kind[2] != UIMAGE_TYPE_KERNEL && kind[2] != UIMAGE_TYPE_KERNEL_NOLOAD))
		return kx_fail(err, -EOPNOTSUPP,
			       "uImage: of system %u, architecture %u, type %u: not a Linux kernel "
			       "for arm64 (5, 22, 2)",
			       kind[0], kind[1], kind[2]);
	if (!bytes_sub(file, UIMAGE_HEADER_N, be32(file, UIMAGE_SIZE), &data) || data.n == 0)
		return kx_fail(
			err, -EBADMSG,
			"uImage: %" PRIu32
			" bytes are said to follow the header, but the file has %zu: cut off",
			be32(file, UIMAGE_SIZE), file.n);
	*ret_data = data;
	return 0;
}
