/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What holds for the headers of every kernel file for x86_64, whoever read them. */

#include "fuzz/inside.h"
#include "lib/image-answer.h"

static inline void check_elf(struct bytes file, const struct elf *elf)
{
	must(elf->n_loads > 0 && elf->n_loads <= ELF_SEGMENTS_MAX);
	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct elf_segment *s = &elf->loads[i];

		must_be_inside(file, s->data);
		must(s->data.n <= s->mem_size && s->mem_size <= UINT64_MAX - s->paddr);
	}
}

static inline void check_bzimage(struct bytes file, const struct bzimage *bz)
{
	must_be_inside(file, bz->setup);
	must_be_inside(file, bz->kernel);
	must_be_inside(file, bz->header);
	must_be_inside(file, bz->payload);
	must_be_inside(file, bz->release);
	/* up to loadflags, which a plan changes in a copy */
	must(bz->header.n > 0x211 - 0x1f1 && bz->header.n <= 0x290 - 0x1f1);
	must(!bz->relocatable || __builtin_popcount(bz->kernel_alignment) == 1);
}

static inline void check_uki(struct bytes file, const struct uki *uki)
{
	must(uki->linux_image.n > 0 && uki->n_initrds <= UKI_INITRDS_MAX);
	must_be_inside(file, uki->linux_image);
	must_be_inside(file, uki->cmdline);
	must_be_inside(file, uki->uname);
	must_be_inside(file, uki->os_release);
	must_be_inside(file, uki->devicetree);
	for (size_t i = 0; i < uki->n_initrds; i++)
		must_be_inside(file, uki->initrds[i]);
}

static inline void check_image(struct bytes file, const struct image *image)
{
	must(image->name != NULL && image->is_uki == (image->type == IMAGE_UKI));
	if (image->is_uki)
		check_uki(file, &image->uki);
	must_be_inside(file, image->packed);
	if (image->packed.n)
		return;
	if (image->inner == IMAGE_MULTIBOOT1 || image->inner == IMAGE_MULTIBOOT2)
		check_elf(file, &image->x86_64.multiboot.elf);
	else if (image->inner == IMAGE_ELF32 || image->inner == IMAGE_ELF64)
		check_elf(file, &image->elf);
	else
		check_bzimage(file, &image->x86_64.bzimage);
}

/* There is one way to write it, and what was written is taken. */
static inline void check_written(struct bytes file, const struct image *image,
				 struct bytes expected)
{
	uint8_t message[8192], again[sizeof(message)];
	struct image taken;
	size_t n = 0, n_again = 0;

	must(image_encode(&arch_x86_64, file, image, message, sizeof(message), &n) == 0);
	must(image_decode(&arch_x86_64, file, (struct bytes){ message, n }, &taken) == 0);
	must(image_encode(&arch_x86_64, file, &taken, again, sizeof(again), &n_again) == 0);
	must(n_again == n && memcmp(again, message, n) == 0);
	must(!expected.p || (expected.n == n && memcmp(expected.p, message, n) == 0));
	check_image(file, &taken);
}
