// SPDX-License-Identifier: LGPL-2.1-or-later
/* Plans ELF images: a Linux vmlinux, entered without a decompressor, or any other image, entered
 * with ELF boot notes or with nothing. */

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "fundamental/put.h"
#include "plan/x86_64/x86_64.h"
#include "plan/x86_64/zero-page.h"

/* arch/x86/kernel/head_64.S and boot/startup/map_kernel.c: physical base in steps of 2 MiB. */
#define VMLINUX_ALIGN (2 * MIB)
#define COMMAND_LINE_SIZE 2048u /* arch/x86/include/asm/setup.h, NUL counted */
#define PROTOCOL 0x020f
#define XLOADFLAGS_ASSUMED (XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G | XLF_EFI_KEXEC)
#define INITRD_ADDR_MAX 0x7fffffffu
#define INITRD_ADDR_MAX_32BIT 0x37ffffffu
#define VID_MODE_NORMAL 0xffff
#define ROOT_READ_ONLY 1 /* as in every bzImage: arch/x86/boot/header.S, root_flags */
#define HEADER_SIZE (0x26c - BP_HEADER)

/* ELF boot proposal, as kexec and coreboot have it: {signature, size, checksum, records}, then
 * notes without a name. */
#define ELF_BOOT_MAGIC 0x0e1fb007u
#define ELF_BOOT_HEADER 12u
enum { EBN_BOOTLOADER_NAME = 2, EBN_BOOTLOADER_VERSION = 3, EBN_COMMAND_LINE = 4 };

/* Makes a setup header: a vmlinux has none, and Linux reads some of its fields later. */
static void make_header(const struct planner *p, const struct elf *elf, struct range span,
			uint8_t bp[BP_SIZE])
{
	put_le16(bp + BP_ROOT_FLAGS, ROOT_READ_ONLY);
	put_le16(bp + BP_VID_MODE, VID_MODE_NORMAL);
	put_le16(bp + BP_BOOT_FLAG, 0xaa55);
	memcpy(bp + BP_HEADER_MAGIC, "HdrS", 4);
	put_le16(bp + BP_VERSION, PROTOCOL);
	bp[BP_LOADFLAGS] = LOADFLAGS_LOADED_HIGH;
	/* The decompressor would have set it. Without, the kernel's memory regions are not
	 * randomised either. */
	if (elf->is_64bit && !planner_has_word(p, "nokaslr"))
		bp[BP_LOADFLAGS] |= LOADFLAGS_KASLR;
	put_le32(bp + BP_INITRD_ADDR_MAX, elf->is_64bit ? INITRD_ADDR_MAX : INITRD_ADDR_MAX_32BIT);
	put_le32(bp + BP_KERNEL_ALIGNMENT, VMLINUX_ALIGN);
	bp[BP_RELOCATABLE_KERNEL] = elf->is_64bit;
	bp[BP_MIN_ALIGNMENT] = 21; /* 2^21 = VMLINUX_ALIGN */
	put_le16(bp + BP_XLOADFLAGS, elf->is_64bit ? XLOADFLAGS_ASSUMED : 0);
	put_le32(bp + BP_CMDLINE_SIZE, COMMAND_LINE_SIZE - 1);
	put_le64(bp + BP_PREF_ADDRESS, span.start);
	put_le32(bp + BP_INIT_SIZE, (uint32_t)range_size(span));
}

/* How far the image is moved from its link address: 0 when that is free. */
static int find_shift(struct planner *p, const struct elf *elf, struct range span, uint64_t *ret)
{
	const uint64_t start = round_down(span.start, VMLINUX_ALIGN);
	const struct place place = {
		.what = "kernel",
		.size = span.end - start,
		.align = VMLINUX_ALIGN,
		.bounds = { start, X86_64_END },
	};
	struct range hole;
	int r;

	if (planner_is_free(p, span) || !elf->is_64bit) {
		*ret = 0;
		return 0;
	}
	r = planner_find(p, &place, &hole);
	if (r < 0)
		return r;
	*ret = hole.start - start;
	return 0;
}

static int check_linux(struct planner *p, const struct elf *elf)
{
	int r;

	if (!elf->is_64bit)
		return 0;
	if (p->machine->x86_64.la57 && planner_has_word(p, "no5lvl"))
		return kx_fail(p->err, -EOPNOTSUPP,
			       "five-level paging is on and only the decompressor could obey "
			       "no5lvl: start the bzImage instead of its vmlinux");
	if (p->machine->x86_64.la57) {
		r = planner_warn(p, "five-level paging stays on: a vmlinux does not say whether "
				    "it was built for it");
		if (r < 0)
			return r;
	}
	if (planner_has_word(p, "nokaslr"))
		return 0;
	return planner_warn(p, "the kernel's text will lie at its link address (no KASLR): only "
			       "the bzImage's decompressor moves it");
}

static int plan_linux(struct planner *p, const struct elf *elf)
{
	uint8_t bp[BP_SIZE] = { 0 };
	const struct linux_kernel kernel = {
		.header = { bp + BP_HEADER, HEADER_SIZE },
		.version = PROTOCOL,
		.xloadflags = elf->is_64bit ? XLOADFLAGS_ASSUMED : 0,
		.cmdline_max = COMMAND_LINE_SIZE - 1,
		.end = elf->is_64bit ? X86_64_END : (uint64_t)INITRD_ADDR_MAX_32BIT + 1,
	};
	const uint32_t mode = elf->is_64bit ? PURGATORY_ENTER_64BIT : PURGATORY_ENTER_32BIT;
	struct handover handover = { .end = purgatory_end(p, mode), .mode = mode };
	struct linux_params params;
	struct range span;
	uint64_t shift;
	int r;

	r = check_linux(p, elf);
	if (r < 0)
		return r;
	r = elf_span(p, elf, &span);
	if (r < 0)
		return r;
	r = find_shift(p, elf, span, &shift);
	if (r < 0)
		return r;
	r = add_elf_segments(p, elf, shift, true);
	if (r < 0)
		return r;
	make_header(p, elf, span, bp);
	r = add_linux_params(p, &kernel, &params);
	if (r < 0)
		return r;
	handover.entry = entry_or(p, elf->entry + shift);
	handover.argument = params.boot_params;
	handover.stamps = params.stamps;
	return planner_add_purgatory(p, &handover);
}

/* Sum of 16-bit words with carries brought back, inverted: RFC 1071. */
static uint16_t ip_checksum(const uint8_t *b, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2) {
		sum += get_le16(b + i);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static uint8_t *put_note(uint8_t *note, uint32_t type, const char *s)
{
	size_t n = strlen(s) + 1;

	put_le32(note, 0);
	put_le32(note + 4, (uint32_t)n);
	put_le32(note + 8, type);
	memcpy(note + 12, s, n);
	return note + 12 + ((n + 3) & ~(size_t)3);
}

static int add_boot_notes(struct planner *p, uint64_t *ret)
{
	struct place place = { .what = "ELF boot notes", .bounds = { 0, GIB4 } };
	size_t n = ELF_BOOT_HEADER + 3 * 16 + sizeof("rapidreboot") + sizeof(VERSION) +
		   strlen(p->plan->cmdline) + 1;
	uint8_t *notes = planner_alloc(p, n), *end;
	struct range dest;
	int r;

	if (!notes)
		return planner_out_of_memory(p);
	end = put_note(notes + ELF_BOOT_HEADER, EBN_BOOTLOADER_NAME, "rapidreboot");
	end = put_note(end, EBN_BOOTLOADER_VERSION, VERSION);
	end = put_note(end, EBN_COMMAND_LINE, p->plan->cmdline);
	place.size = (size_t)(end - notes);
	put_le32(notes, ELF_BOOT_MAGIC);
	put_le32(notes + 4, (uint32_t)place.size);
	put_le16(notes + 10, 3);
	put_le16(notes + 8, ip_checksum(notes, place.size));

	r = planner_find(p, &place, &dest);
	if (r < 0)
		return r;
	*ret = dest.start;
	return planner_add(p, "boot notes", (struct bytes){ notes, place.size }, dest, place.size);
}

static int plan_generic(struct planner *p, const struct elf *elf)
{
	const uint32_t mode = elf->is_64bit ? PURGATORY_ENTER_64BIT : PURGATORY_ENTER_32BIT;
	struct handover handover = {
		.end = purgatory_end(p, mode),
		.mode = mode,
		.entry = entry_or(p, elf->entry),
	};
	int r;

	if (p->req->initrd.n)
		return kx_fail(p->err, -EINVAL,
			       "an initrd goes to Linux kernels only: this is an ELF image that "
			       "is started with %s",
			       p->req->args == KX_ARGS_NONE ? "no arguments" : "ELF boot notes");
	r = add_elf_segments(p, elf, 0, false);
	if (r < 0)
		return r;
	if (p->req->args != KX_ARGS_NONE) {
		r = add_boot_notes(p, &handover.argument);
		if (r < 0)
			return r;
	}
	return planner_add_purgatory(p, &handover);
}

int plan_elf(struct planner *p)
{
	const struct elf *elf = &p->req->image->elf;

	if (elf->machine != (elf->is_64bit ? EM_X86_64 : EM_386))
		return kx_fail(p->err, -EOPNOTSUPP, "the ELF image is for machine %u, not for x86",
			       elf->machine);
	if (p->req->args == KX_ARGS_LINUX || (p->req->args == KX_ARGS_AUTO && elf->is_linux))
		return plan_linux(p, elf);
	return plan_generic(p, elf);
}
