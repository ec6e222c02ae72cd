/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parsers of the kernel files that only machines with x86 processors start. */

#include "image/elf.h"

/* Values of image.type and image.inner, in the order of `kexec` on x86_64. */
enum x86_64_image_type {
	IMAGE_MULTIBOOT2,
	IMAGE_ELF64, /* elf-x86_64 */
	IMAGE_MULTIBOOT1,
	IMAGE_ELF32, /* elf-x86 */
	IMAGE_BZIMAGE64,
	IMAGE_BZIMAGE,
	IMAGE_BEOBOOT, /* recognised and refused */
	IMAGE_NBI,     /* recognised and refused */
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

struct x86_64_image {
	union {
		struct bzimage bzimage;
		struct multiboot multiboot;
	};
};

struct image_formats;
extern const struct image_formats image_formats_x86_64;

/* Protocol 2.12, 64-bit entry point, may lie above 4 GiB: what `kexec` calls bzImage64. */
bool bzimage_is_64bit(const struct bzimage *image);

/* Are they what the parsers let pass? For those that somebody else read. */
bool bzimage_is_sound(const struct bzimage *image);
bool multiboot_is_sound(const struct multiboot *mb);

/* Each parser returns -ENOEXEC when the file is something else, -EBADMSG when it is of this type but
 * cut off or contradicts itself, and -EOPNOTSUPP when it asks for what a running kernel cannot
 * give (a 16-bit entry, EFI boot services). */
_must_check_ int bzimage_parse(struct bytes file, struct bzimage *ret, struct kx_error *err);
_must_check_ int multiboot1_parse(struct bytes file, struct multiboot *ret, struct kx_error *err);
_must_check_ int multiboot2_parse(struct bytes file, struct multiboot *ret, struct kx_error *err);
