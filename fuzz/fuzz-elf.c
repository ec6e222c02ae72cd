// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	bool entered = false;
	struct elf elf;

	if (elf_parse(file, &elf, NULL) < 0)
		return 0;
	must(elf.n_loads >= 1 && elf.n_loads <= ELF_SEGMENTS_MAX);
	for (size_t i = 0; i < elf.n_loads; i++) {
		const struct elf_segment *a = &elf.loads[i];

		must_be_inside(file, a->data);
		must(a->mem_size >= a->data.n && a->mem_size > 0);
		must(a->paddr + a->mem_size > a->paddr);
		must(elf.is_64bit || a->paddr + a->mem_size <= UINT64_C(1) << 32);
		entered |= elf.entry - a->paddr < a->mem_size;
		for (size_t k = 0; k < i; k++) {
			const struct elf_segment *b = &elf.loads[k];

			must(a->paddr + a->mem_size <= b->paddr ||
			     b->paddr + b->mem_size <= a->paddr);
		}
	}
	must(entered);
	return 0;
}
