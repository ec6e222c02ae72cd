// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes the ELF header of a memory dump: what the crash kernel's /proc/vmcore begins with, and where it
 * finds all the rest. The same parts in the same order as the kernel's own crash_prepare_elf64_headers()
 * (kernel/crash_core.c): notes of each processor, VMCOREINFO, the kernel's text, RAM. Offsets in the
 * file are physical addresses; fs/proc/vmcore.c makes a file of it.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fundamental/put.h"
#include "plan/planner.h"

/* e_phnum has 16 bits, and its highest value means something else (PN_XNUM). */
#define PARTS_MAX (PN_XNUM - 1)

enum { EHDR_SIZE = sizeof(Elf64_Ehdr), PHDR_SIZE = sizeof(Elf64_Phdr) };

static void put_ehdr(uint8_t *p, uint16_t machine, size_t n_parts)
{
	memcpy(p, ELFMAG, SELFMAG);
	p[EI_CLASS] = ELFCLASS64;
	p[EI_DATA] = ELFDATA2LSB;
	p[EI_VERSION] = EV_CURRENT;
	put_le16(p + offsetof(Elf64_Ehdr, e_type), ET_CORE);
	put_le16(p + offsetof(Elf64_Ehdr, e_machine), machine);
	put_le32(p + offsetof(Elf64_Ehdr, e_version), EV_CURRENT);
	put_le64(p + offsetof(Elf64_Ehdr, e_phoff), EHDR_SIZE);
	put_le16(p + offsetof(Elf64_Ehdr, e_ehsize), EHDR_SIZE);
	put_le16(p + offsetof(Elf64_Ehdr, e_phentsize), PHDR_SIZE);
	put_le16(p + offsetof(Elf64_Ehdr, e_phnum), (uint16_t)n_parts);
}

static uint8_t *put_part(uint8_t *p, uint32_t type, struct range physical, uint64_t virtual)
{
	put_le32(p + offsetof(Elf64_Phdr, p_type), type);
	put_le32(p + offsetof(Elf64_Phdr, p_flags), type == PT_LOAD ? PF_R | PF_W | PF_X : 0);
	put_le64(p + offsetof(Elf64_Phdr, p_offset), physical.start);
	put_le64(p + offsetof(Elf64_Phdr, p_vaddr), virtual);
	put_le64(p + offsetof(Elf64_Phdr, p_paddr), physical.start);
	put_le64(p + offsetof(Elf64_Phdr, p_filesz), range_size(physical));
	put_le64(p + offsetof(Elf64_Phdr, p_memsz), range_size(physical));
	return p + PHDR_SIZE;
}

int elfcorehdr_make(const struct dump_facts *facts, const struct ranges *ram, uint16_t machine,
		    struct bytes *ret)
{
	const size_t n = facts->notes.n + 2 + ram->n;
	const size_t size = EHDR_SIZE + n * PHDR_SIZE;
	uint8_t *header, *p;

	if (n > PARTS_MAX)
		return -E2BIG;
	header = calloc(1, size);
	if (!header)
		return -ENOMEM;
	put_ehdr(header, machine, n);
	p = header + EHDR_SIZE;
	for (size_t i = 0; i < facts->notes.n; i++)
		p = put_part(p, PT_NOTE, facts->notes.v[i], 0);
	p = put_part(p, PT_NOTE, facts->vmcoreinfo, 0);
	p = put_part(p, PT_LOAD, facts->kernel, facts->kernel_virtual);
	for (size_t i = 0; i < ram->n; i++)
		p = put_part(p, PT_LOAD, ram->v[i], facts->direct_map + ram->v[i].start);
	*ret = (struct bytes){ header, size };
	return 0;
}
