/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parser of ELF files that can be entered. */

#include <libkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"

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
	bool is_linux; /* a Linux vmlinux */
	struct elf_segment loads[ELF_SEGMENTS_MAX];
	size_t n_loads;
};

/* Are its segments what elf_parse() lets pass? For those that somebody else read. */
bool elf_is_sound(const struct elf *elf);

/* -ENOEXEC not an ELF file; -EBADMSG cut off or contradicting itself; -EOPNOTSUPP not one that can be
 * entered. */
_must_check_ int elf_parse(struct bytes file, struct elf *ret, struct kx_error *err);
