// SPDX-License-Identifier: LGPL-2.1-or-later
/* The part of an answer about a kernel file that only this architecture's formats have. */
#include <errno.h>

#include "lib/image-answer.h"
#include "lib/x86_64/x86_64.h"

static void put_elf(struct message_out *out, struct bytes file, const struct elf *elf)
{
	message_put_u32(out, elf->is_64bit);
	message_put_u32(out, elf->machine);
	message_put_u32(out, elf->type);
	message_put_u64(out, elf->entry);
	message_put_u32(out, elf->is_linux);
	message_put_u32(out, (uint32_t)elf->n_loads);
	for (size_t i = 0; i < elf->n_loads; i++) {
		message_put_part(out, file, elf->loads[i].data);
		message_put_u64(out, elf->loads[i].paddr);
		message_put_u64(out, elf->loads[i].vaddr);
		message_put_u64(out, elf->loads[i].mem_size);
	}
}

static bool take_elf(struct message_in *in, struct bytes file, struct elf *elf)
{
	elf->is_64bit = message_take_bool(in);
	elf->machine = (uint16_t)message_take_below(in, UINT16_MAX + 1);
	elf->type = (uint16_t)message_take_below(in, UINT16_MAX + 1);
	elf->entry = message_take_u64(in);
	elf->is_linux = message_take_bool(in);
	elf->n_loads = message_take_below(in, ELF_SEGMENTS_MAX + 1);
	for (size_t i = 0; i < elf->n_loads; i++)
		elf->loads[i] = (struct elf_segment){ .data = message_take_part(in, file),
						      .paddr = message_take_u64(in),
						      .vaddr = message_take_u64(in),
						      .mem_size = message_take_u64(in) };
	return elf_is_sound(elf);
}

static void put_bzimage(struct message_out *out, struct bytes file, const struct bzimage *bz)
{
	message_put_part(out, file, bz->setup);
	message_put_part(out, file, bz->kernel);
	message_put_part(out, file, bz->header);
	message_put_part(out, file, bz->payload);
	message_put_part(out, file, bz->release);
	message_put_u32(out, bz->version);
	message_put_u32(out, bz->xloadflags);
	message_put_u32(out, bz->loadflags);
	message_put_u32(out, bz->relocatable);
	message_put_u32(out, bz->kernel_alignment);
	message_put_u32(out, bz->init_size);
	message_put_u32(out, bz->cmdline_size);
	message_put_u32(out, bz->initrd_addr_max);
	message_put_u32(out, bz->setup_type_max);
	message_put_u64(out, bz->pref_address);
}

static bool take_bzimage(struct message_in *in, struct bytes file, struct bzimage *bz)
{
	bz->setup = message_take_part(in, file);
	bz->kernel = message_take_part(in, file);
	bz->header = message_take_part(in, file);
	bz->payload = message_take_part(in, file);
	bz->release = message_take_part(in, file);
	bz->version = (uint16_t)message_take_below(in, UINT16_MAX + 1);
	bz->xloadflags = (uint16_t)message_take_below(in, UINT16_MAX + 1);
	bz->loadflags = (uint8_t)message_take_below(in, UINT8_MAX + 1);
	bz->relocatable = message_take_bool(in);
	bz->kernel_alignment = message_take_u32(in);
	bz->init_size = message_take_u32(in);
	bz->cmdline_size = message_take_u32(in);
	bz->initrd_addr_max = message_take_u32(in);
	bz->setup_type_max = message_take_u32(in);
	bz->pref_address = message_take_u64(in);
	return bzimage_is_sound(bz);
}

static void put_multiboot(struct message_out *out, struct bytes file, const struct multiboot *mb)
{
	message_put_u32(out, mb->version);
	message_put_u32(out, mb->flags);
	message_put_u32(out, mb->has_addresses);
	put_elf(out, file, &mb->elf);
	message_put_u64(out, mb->entry);
	message_put_u32(out, mb->relocatable);
	message_put_u64(out, mb->reloc_min);
	message_put_u64(out, mb->reloc_max);
	message_put_u64(out, mb->reloc_align);
	message_put_u32(out, mb->wants_modules_aligned);
}

static bool take_multiboot(struct message_in *in, struct bytes file, struct multiboot *mb)
{
	bool is_sound;

	mb->version = message_take_u32(in);
	mb->flags = message_take_u32(in);
	mb->has_addresses = message_take_bool(in);
	is_sound = take_elf(in, file, &mb->elf);
	mb->entry = message_take_u64(in);
	mb->relocatable = message_take_bool(in);
	mb->reloc_min = message_take_u64(in);
	mb->reloc_max = message_take_u64(in);
	mb->reloc_align = message_take_u64(in);
	mb->wants_modules_aligned = message_take_bool(in);
	return is_sound && multiboot_is_sound(mb);
}

void x86_64_image_put(struct message_out *out, struct bytes file, const struct image *image)
{
	switch (image->inner) {
	case IMAGE_MULTIBOOT1:
	case IMAGE_MULTIBOOT2:
		put_multiboot(out, file, &image->x86_64.multiboot);
		break;
	case IMAGE_ELF32:
	case IMAGE_ELF64:
		put_elf(out, file, &image->elf);
		break;
	default:
		put_bzimage(out, file, &image->x86_64.bzimage);
	}
}

void x86_64_image_take(struct message_in *in, struct bytes file, struct image *image)
{
	bool is_sound = false;

	switch (image->inner) {
	case IMAGE_MULTIBOOT1:
	case IMAGE_MULTIBOOT2:
		is_sound = take_multiboot(in, file, &image->x86_64.multiboot);
		break;
	case IMAGE_ELF32:
	case IMAGE_ELF64:
		is_sound = take_elf(in, file, &image->elf);
		break;
	case IMAGE_BZIMAGE:
	case IMAGE_BZIMAGE64:
		is_sound = take_bzimage(in, file, &image->x86_64.bzimage);
		break;
	default: /* formats that are refused */
		break;
	}
	if (!is_sound)
		in->r = -EPROTO;
}
