/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parsers of kernel files. They keep pointers into the file and allocate nothing; every length
 * and offset in the file is checked before it is used. */

#include <libkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"
#include "image/aarch64/aarch64.h"
#include "image/elf.h"
#include "image/x86_64/x86_64.h"

#define UKI_INITRDS_MAX 64

/* Unified kernel image specification (UAPI.5). With profiles: the default one, @0. */
struct uki {
	struct bytes linux_image;
	struct bytes initrds[UKI_INITRDS_MAX]; /* .ucode first, then .initrd in file order */
	size_t n_initrds;
	struct bytes cmdline; /* up to NUL, without blanks at its end; p == NULL: there is none */
	struct bytes uname, os_release, devicetree;
	bool has_profiles;
	bool is_signed; /* by anybody: not verified */
};

/* PRETTY_NAME of @uki->os_release, to be released with free(3). -ENOENT, -ENOMEM. */
_must_check_ int uki_title(const struct uki *uki, char **ret);

/* Unified kernel images are a format of every architecture. */
#define IMAGE_UKI 0xffu

/* A recognised image. @inner describes what a UKI carries; for all others it is the image itself
 * and `outer` stays empty. */
struct image {
	unsigned type;	  /* IMAGE_UKI, or a value of the architecture's own enum */
	const char *name; /* as in kexec --type= */
	bool is_uki;
	struct uki uki; /* when is_uki */
	/* what will be entered: for a UKI the type of its .linux */
	unsigned inner;
	/* A format that only holds a kernel, which somebody has to unpack: its compressed stream. As long as it
	 * has bytes nothing below is known; image_parse_unpacked() tells it. */
	struct bytes packed;
	union {
		struct elf elf;
		struct x86_64_image x86_64;
		struct arm64_image aarch64;
	};
};

_must_check_ int uki_parse(struct bytes file, struct uki *ret, struct kx_error *err);

struct image_format {
	unsigned type;
	const char *name; /* as in kexec --type= */
	/* Fills the union of @ret. Errors as for image_parse(). */
	int (*probe)(struct bytes file, struct image *ret, struct kx_error *err);
};

/* What kernel files of one architecture can be, unified kernel images apart. */
struct image_formats {
	const struct image_format *v;
	size_t n;
	const char *processor; /* for sentences: "not a kernel for x86" */
	const char *none;      /* sentence when a file is of no format */
	/* Says why an ELF file is none of them. */
	int (*unknown_elf)(struct bytes file, struct kx_error *err);
};

/*
 * Tries every format in the order of @formats and unified kernel images last, or only @demanded (a
 * name, or NULL). -EINVAL: @demanded is no name of a format. -ENOEXEC: nothing matches (with @demanded:
 * what it is instead). -EOPNOTSUPP: recognised and refused, in a sentence. -EBADMSG: recognised and
 * damaged.
 */
_must_check_ int image_parse(const struct image_formats *formats, struct bytes file,
			     const char *demanded, struct image *ret, struct kx_error *err);

/* Tells @image what @kernel, its unpacked stream, is; it keeps type, name and UKI. Errors as image_parse(), but
 * -EBADMSG where it holds no kernel, or one that is packed once more. */
_must_check_ int image_parse_unpacked(const struct image_formats *formats, struct bytes kernel,
				      struct image *image, struct kx_error *err);

/* Name of compression format @file begins with ("gzip", "xz", "lzma", "zstd", "lz4", "bzip2",
 * "lzop"), or NULL. */
const char *compression_detect(struct bytes file);

/* Memory of another that something is unpacked to: @n bytes of zeros. */
struct room {
	uint8_t *p;
	size_t n;
	void (*ready)(uint8_t *p,
		      size_t n); /* called for each stretch before it is written to, or NULL */
};

/*
 * Unpacks @file, which compression_detect() named, into at most @max bytes. Trailing bytes after
 * the stream are ignored. -EBADMSG damaged or cut off, -EFBIG more than @max, -EOPNOTSUPP format
 * not built in, -ENOMEM. @ret is released with free(3).
 */
_must_check_ int decompress(struct bytes file, size_t max, uint8_t **ret, size_t *ret_n,
			    struct kx_error *err);
/* Unpacks the first stream of @file only; it ends *ret_used bytes into @file. */
_must_check_ int decompress_stream(struct bytes file, size_t max, uint8_t **ret, size_t *ret_n,
				   size_t *ret_used, struct kx_error *err);
