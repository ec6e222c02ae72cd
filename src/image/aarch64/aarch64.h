/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parsers of the kernel files that only machines with 64-bit ARM processors start. */

#include <stdint.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"

struct kx_error;

/* Values of image.type and image.inner, in the order in which they are tried. */
enum aarch64_image_type {
	IMAGE_ARM64,	    /* an Image, as arch/arm64/boot has it */
	IMAGE_ARM64_ZBOOT,  /* an Image packed into an EFI program of its own */
	IMAGE_ARM64_UIMAGE, /* an Image behind a header for U-Boot */
};

/* Size of pages that a kernel was built with. */
enum arm64_pages {
	ARM64_PAGES_UNSAID,
	ARM64_PAGES_4K,
	ARM64_PAGES_16K,
	ARM64_PAGES_64K,
};

/* Documentation/arch/arm64/booting.rst, "Call the kernel image". */
struct arm64_image {
	struct bytes file;
	uint64_t text_offset; /* from a multiple of 2 MiB to the first byte of the image */
	uint64_t size;	      /* of memory, from the first byte on; never less than the file */
	enum arm64_pages pages;
	bool is_anywhere; /* may lie anywhere in memory; else as near to its start as possible */
	struct bytes release; /* `uname -r`; n == 0 when it was not found */
};

struct image_formats;
extern const struct image_formats image_formats_aarch64;

/* -ENOEXEC the file is something else; -EBADMSG it is an Image, but cut off or contradicting itself;
 * -EOPNOTSUPP a big-endian kernel, or one of before Linux 3.17, which does not say how large it is. */
_must_check_ int arm64_image_parse(struct bytes file, struct arm64_image *ret,
				   struct kx_error *err);
/* Can it have come out of arm64_image_parse()? For what another process says of a file. */
bool arm64_image_is_sound(const struct arm64_image *image);
/* The compressed stream in @file, drivers/firmware/efi/libstub/zboot-header.S. Errors as above; -EBADMSG also
 * when the stream is of no format that is known here. */
_must_check_ int arm64_zboot_parse(struct bytes file, struct bytes *ret_stream,
				   struct kx_error *err);
/* What follows the header of a uImage: an Image, or a compressed stream. -EOPNOTSUPP: not a kernel for arm64. */
_must_check_ int arm64_uimage_parse(struct bytes file, struct bytes *ret_data,
				    struct kx_error *err);
