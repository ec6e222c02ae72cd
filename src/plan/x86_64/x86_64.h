/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How kernels of x86 are placed and told about their machine. */

#include "fundamental/x86_64/purgatory-abi.h"
#include "plan/planner.h"

#define PAGE_SIZE UINT64_C(4096)
#define GIB4 (4 * GIB)
/* Physical addresses end here with four-level page tables: Documentation/arch/x86/x86_64/mm.rst. */
#define X86_64_END (UINT64_C(1) << 46)

/* xloadflags, Documentation/arch/x86/boot.rst */
#define XLF_KERNEL_64 (1u << 0)
#define XLF_CAN_BE_LOADED_ABOVE_4G (1u << 1)
#define XLF_EFI_KEXEC (1u << 4)
#define XLF_5LEVEL (1u << 5)	     /* the decompressor can be entered with it on */
#define XLF_5LEVEL_ENABLED (1u << 6) /* the kernel itself can run with it */

/* What a Linux kernel says about itself, from its setup header or assumed for a bare vmlinux. */
struct linux_kernel {
	struct bytes header; /* goes to 0x1f1 of boot_params */
	uint16_t version;    /* boot protocol */
	uint16_t xloadflags;
	uint32_t cmdline_max; /* without NUL */
	uint64_t end;	      /* boot_params, command line and initrd lie below */
};

struct linux_params {
	uint64_t boot_params; /* physical addresses */
	uint64_t stamps;      /* 0 for none */
};

/* One function per kind of image; each adds all segments. */
_must_check_ int plan_bzimage(struct planner *p);
/* KX_REQ_FAST: the kernel in the bzImage, unpacked and moved by us. 1 when all is planned; 0 when
 * plan_bzimage() has to be used, with the reason in the plan. */
_must_check_ int plan_direct(struct planner *p);
/* boot_params for it, with the bit that says whether it was moved at random. */
_must_check_ int add_direct_params(struct planner *p, bool is_randomised, struct linux_params *ret);
/* in-place.c: plans p->copied again with p->windows. */
_must_check_ int plan_direct_in_place(struct planner *p);
/* Command line limit and what else a bzImage's header says; all lies below @end. */
struct linux_kernel bzimage_linux(const struct bzimage *bz, uint64_t end);
_must_check_ int plan_elf(struct planner *p);
_must_check_ int plan_multiboot(struct planner *p);

/* elf-segments.c: PT_LOADs, moved by @shift. With @fill the gaps between them are zeroed. */
_must_check_ int add_elf_segments(struct planner *p, const struct elf *elf, uint64_t shift,
				  bool fill);
/* Physical memory that the PT_LOADs cover, in whole pages. */
_must_check_ int elf_span(struct planner *p, const struct elf *elf, struct range *ret);

/* linux-params.c: command line, initrd, and boot_params with the data that it points to. */
_must_check_ int add_linux_params(struct planner *p, const struct linux_kernel *kernel,
				  struct linux_params *ret);

/* identity-map.c: page tables for every segment so far and for @more; their root goes to the purgatory
 * (struct handover). */
_must_check_ int add_identity_map(struct planner *p, const struct range *more, size_t n_more,
				  uint64_t *ret_root);

/* zero-page.c: fills the 4096 zero bytes at @bp, except for fields that hold addresses. */
void put_e820(uint8_t *entry, const struct memory_range *m);
void fill_zero_page(const struct planner *p, const struct linux_kernel *kernel, uint8_t *bp);

/* efi.c: why the next kernel gets no EFI runtime services; NULL when it gets them, "" when the
 * machine has none or the request does not want them. */
const char *efi_missing(const struct planner *p, const struct linux_kernel *kernel);
/* Sizes of the memory map and of the setup_data node, and their contents. */
#define EFI_DESCRIPTOR_SIZE 40u
#define EFI_SETUP_DATA_SIZE 96u
void efi_fill_map(const struct efi_facts *efi, uint8_t *map);
void efi_fill_setup_data(const struct efi_facts *efi, uint8_t *data);
void efi_fill_info(const struct planner *p, uint64_t map, uint8_t *bp);

/* excluded.c: planner.excluded */
_must_check_ int x86_64_excluded(const char *cmdline, struct ranges *ret);
/* memory-words.c: "memmap=exactmap memmap=…" */
void x86_64_memory_words(const struct memmap *memory, struct strbuf *words);

/* screen.c */
void fill_screen(const struct planner *p, uint8_t *bp);

/* The purgatory of a 32-bit entry leaves long mode below 4 GiB. Others stay there, too, where a crash
 * kernel's reservation does not force them up. */
static inline uint64_t purgatory_end(const struct planner *p, uint32_t mode)
{
	return mode == PURGATORY_ENTER_64BIT && planner_is_crash(p) ? X86_64_END : GIB4;
}

/* KX_REQ_HAS_ENTRY wins over the image's own entry point. */
static inline uint64_t entry_or(const struct planner *p, uint64_t entry)
{
	return p->req->flags & KX_REQ_HAS_ENTRY ? p->req->entry : entry;
}
