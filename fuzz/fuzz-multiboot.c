// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "image/image.h"

static void check(struct bytes file, const struct multiboot *mb)
{
	bool entered = false;

	must(mb->elf.n_loads >= 1 && mb->elf.n_loads <= ELF_SEGMENTS_MAX);
	for (size_t i = 0; i < mb->elf.n_loads; i++) {
		const struct elf_segment *seg = &mb->elf.loads[i];

		must_be_inside(file, seg->data);
		must(seg->mem_size >= seg->data.n && seg->mem_size > 0);
		must(seg->paddr + seg->mem_size <= UINT64_C(1) << 32);
		entered |= mb->entry - seg->paddr < seg->mem_size;
	}
	must(entered);
	must(!mb->relocatable ||
	     (mb->reloc_align && (mb->reloc_align & (mb->reloc_align - 1)) == 0 &&
	      mb->reloc_min <= mb->reloc_max));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct multiboot mb;

	if (multiboot1_parse(file, &mb, NULL) == 0)
		check(file, &mb);
	if (multiboot2_parse(file, &mb, NULL) == 0)
		check(file, &mb);
	return 0;
}
