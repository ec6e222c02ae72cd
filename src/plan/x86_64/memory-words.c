// SPDX-License-Identifier: LGPL-2.1-or-later
/* A memory map as words of the command line, for kernels that are not to use the one in boot_params:
 * Documentation/admin-guide/kernel-parameters.txt, memmap=exactmap and memmap=nn[KMG]@ # $ !ss[KMG]. */

#include "plan/x86_64/x86_64.h"

static char letter(enum memory_type type)
{
	switch (type) {
	case MEMORY_RAM:
		return '@';
	case MEMORY_ACPI:
	case MEMORY_NVS:
		return '#';
	case MEMORY_PRAM:
		return '!';
	case MEMORY_RESERVED:
	case MEMORY_UNUSABLE:
	case MEMORY_PMEM:
	case MEMORY_SOFT_RESERVED:
		return '$';
	case MEMORY_DRIVER_MANAGED:
	case MEMORY_N_TYPES:
		break;
	}
	return 0;
}

/* Whole KiB: of RAM those inside, of all else those that it touches. */
void x86_64_memory_words(const struct memmap *memory, struct strbuf *words)
{
	strbuf_add_word(words, "memmap=exactmap");
	for (size_t i = 0; i < memory->n; i++) {
		const struct memory_range *m = &memory->v[i];
		const uint64_t up = m->type == MEMORY_RAM ? 1023 : 0;
		const uint64_t start = (m->range.start + up) >> 10;
		const uint64_t end = (m->range.end + 1023 - up) >> 10;

		if (letter(m->type) && start < end)
			strbuf_addf(words, " memmap=%lluK%c%lluK",
				    (unsigned long long)(end - start), letter(m->type),
				    (unsigned long long)start);
	}
}
