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

enum image_type {
	IMAGE_MULTIBOOT2,
	IMAGE_ELF64, /* elf-x86_64 */
	IMAGE_MULTIBOOT1,
	IMAGE_ELF32, /* elf-x86 */
	IMAGE_BZIMAGE64,
	IMAGE_BZIMAGE,
	IMAGE_BEOBOOT, /* recognised and refused */
	IMAGE_NBI,     /* recognised and refused */
	IMAGE_UKI,
};

/* Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header". */
#define BZIMAGE_LOADED_HIGH (1u << 0) /* loadflags */
#define BZIMAGE_KASLR_FLAG (1u << 1)
#define BZIMAGE_XLF_KERNEL_64 (1u << 0) /* xloadflags */
#define BZIMAGE_XLF_ABOVE_4G (1u << 1)
#define BZIMAGE_XLF_EFI_KEXEC (1u << 4)
#define BZIMAGE_XLF_5LEVEL (1u << 5)

/* Numbers that the version of the header does not have are 0, except for the two that boot.rst
 * defines. */
struct bzimage {
	struct bytes setup;   /* boot sector and real-mode code */
	struct bytes kernel;  /* protected-mode code and what follows it, a signature for example */
	struct bytes header;  /* 0x1f1 … end of the setup header, inside setup */
	struct bytes payload; /* the compressed vmlinux inside kernel; n == 0 when not given */
	struct bytes release; /* first word of kernel_version: `uname -r`; n == 0 when not given */
	uint16_t version;     /* boot protocol, 0x020c = 2.12 */
	uint16_t xloadflags;  /* 0 before 2.12 */
	uint8_t loadflags;
	bool relocatable;
	uint32_t kernel_alignment;
	uint32_t init_size;    /* memory the kernel needs before it reads the e820 table */
	uint32_t cmdline_size; /* longest command line without NUL */
	uint32_t initrd_addr_max;
	uint32_t setup_type_max; /* newest setup_data type known, 0 when not given */
	uint64_t pref_address;
};

#define ELF_SEGMENTS_MAX 64

struct elf_segment { /* PT_LOAD */
	struct bytes data;
	uint64_t paddr, vaddr, mem_size;
};

struct elf {
	bool is_64bit;
	uint16_t machine; /* EM_X86_64, EM_386, … */
	uint16_t type;	  /* ET_EXEC, ET_DYN, … */
	uint64_t entry;
	bool is_linux; /* a Linux vmlinux: takes boot_params */
	struct elf_segment loads[ELF_SEGMENTS_MAX];
	size_t n_loads;
};

/* Multiboot 0.6.96 and Multiboot2 2.0 specifications. */
struct multiboot {
	unsigned version;   /* 1 or 2 */
	uint32_t flags;	    /* version 1: header flags */
	bool has_addresses; /* load addresses from the header instead of ELF */
	struct elf elf;	    /* segments either way */
	uint64_t entry;	    /* physical, 32-bit protected mode */
	bool relocatable;   /* version 2, tag 10 */
	uint64_t reloc_min, reloc_max, reloc_align;
	bool wants_modules_aligned;
};

#define UKI_INITRDS_MAX 64

/* Unified kernel image specification (UAPI.5). With profiles: the default one, @0. */
struct uki {
	struct bytes linux_image;
	struct bytes initrds[UKI_INITRDS_MAX]; /* .ucode first, then .initrd in file order */
	size_t n_initrds;
	struct bytes cmdline; /* up to NUL, without blanks at its end; p == NULL: there is none */
	struct bytes uname, os_release, devicetree;
	bool has_profiles;
};

/* PRETTY_NAME of @uki->os_release, to be released with free(3). -ENOENT, -ENOMEM. */
_must_check_ int uki_title(const struct uki *uki, char **ret);

/* A recognised image. @inner describes what a UKI carries; for all others it is the image itself
 * and `outer` stays empty. */
struct image {
	enum image_type type;
	const char *name; /* as in kexec --type= */
	bool is_uki;
	struct uki uki; /* when is_uki */
	/* what will be entered: for a UKI the type of its .linux */
	enum image_type inner;
	union {
		struct bzimage bzimage;
		struct elf elf;
		struct multiboot multiboot;
	};
};

/* Protocol 2.12, 64-bit entry point, may lie above 4 GiB: what `kexec` calls bzImage64. */
bool bzimage_is_64bit(const struct bzimage *image);

/* Each parser returns -ENOEXEC when the file is something else, -EBADMSG when it is of this type but
 * cut off or contradicts itself, and -EOPNOTSUPP when it asks for what a running kernel cannot
 * give (a 16-bit entry, EFI boot services). */
_must_check_ int bzimage_parse(struct bytes file, struct bzimage *ret, struct kx_error *err);
_must_check_ int elf_parse(struct bytes file, struct elf *ret, struct kx_error *err);
_must_check_ int multiboot1_parse(struct bytes file, struct multiboot *ret, struct kx_error *err);
_must_check_ int multiboot2_parse(struct bytes file, struct multiboot *ret, struct kx_error *err);
_must_check_ int uki_parse(struct bytes file, struct uki *ret, struct kx_error *err);

/*
 * Tries every type in the order of `kexec` on x86_64, or only @demanded (a name, or NULL).
 * -EINVAL: @demanded is no name of a type. -ENOEXEC: nothing matches (with @demanded: what it is
 * instead). -EOPNOTSUPP: recognised and refused, in a sentence. -EBADMSG: recognised and damaged.
 */
_must_check_ int image_parse(struct bytes file, const char *demanded, struct image *ret,
			     struct kx_error *err);

/* Name of compression format @file begins with ("gzip", "xz", "lzma", "zstd", "lz4", "bzip2",
 * "lzop"), or NULL. */
const char *compression_detect(struct bytes file);

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
