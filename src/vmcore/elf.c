// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads the segments and the VMCOREINFO note of an ELF core. Source: elf(5), and the kernel's
 * Documentation/admin-guide/kdump/kdump.rst for what /proc/vmcore holds.
 */
#include <elf.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "fundamental/overflow.h"
#include "vmcore/core.h"

/* Offsets of the fields that are needed of the headers, by ELF class. */
struct elf_layout {
	uint8_t word;
	uint8_t phoff, shoff, phentsize, phnum, header_n;  /* Elf_Ehdr */
	uint8_t offset, virt, phys, file_n, mem_n, phdr_n; /* Elf_Phdr */
	uint8_t sh_info;				   /* Elf_Shdr */
};

#define ELF_LAYOUT(bits)                                                                           \
	{                                                                                          \
		sizeof(Elf##bits##_Addr), offsetof(Elf##bits##_Ehdr, e_phoff),                     \
			offsetof(Elf##bits##_Ehdr, e_shoff),                                       \
			offsetof(Elf##bits##_Ehdr, e_phentsize),                                   \
			offsetof(Elf##bits##_Ehdr, e_phnum), sizeof(Elf##bits##_Ehdr),             \
			offsetof(Elf##bits##_Phdr, p_offset), offsetof(Elf##bits##_Phdr, p_vaddr), \
			offsetof(Elf##bits##_Phdr, p_paddr), offsetof(Elf##bits##_Phdr, p_filesz), \
			offsetof(Elf##bits##_Phdr, p_memsz), sizeof(Elf##bits##_Phdr),             \
			offsetof(Elf##bits##_Shdr, sh_info)                                        \
	}

static const struct elf_layout elf32 = ELF_LAYOUT(32), elf64 = ELF_LAYOUT(64);

uint64_t core_load(const struct vmcore *core, const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	uint32_t half;

	/* those that a log is full of */
	if (n == sizeof(v)) {
		memcpy(&v, p, sizeof(v));
		return core->is_big ? be64toh(v) : le64toh(v);
	}
	if (n == sizeof(half)) {
		memcpy(&half, p, sizeof(half));
		return core->is_big ? be32toh(half) : le32toh(half);
	}
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[core->is_big ? i : n - 1 - i];
	return v;
}

static int identify(struct vmcore *core, const struct elf_layout **ret, struct kx_error *err)
{
	uint8_t ident[EI_NIDENT + 4];
	ssize_t got = core_file_read(&core->file, 0, ident, sizeof(ident));
	uint64_t type;

	if (got < 0)
		return kx_fail(err, (int)got, "cannot read it: %s", strerror((int)-got));
	if ((size_t)got < sizeof(ident))
		return kx_fail(err, -ENODATA, "the file is cut off inside its ELF header");
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return kx_fail(err, -ENOEXEC, "ELF class is %u, neither 32 nor 64 bit",
			       ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return kx_fail(err, -ENOEXEC, "ELF byte order is %u, neither little nor big endian",
			       ident[EI_DATA]);
	if (ident[EI_VERSION] != EV_CURRENT)
		return kx_fail(err, -ENOEXEC, "ELF version is %u, expected %u", ident[EI_VERSION],
			       EV_CURRENT);

	core->is_big = ident[EI_DATA] == ELFDATA2MSB;
	type = core_load(core, ident + EI_NIDENT, 2);
	core->machine = (uint16_t)core_load(core, ident + EI_NIDENT + 2, 2);
	if (type != ET_CORE)
		return kx_fail(err, -ENOEXEC,
			       "this is an ELF file of type %u, not a core dump (type %u)",
			       (unsigned)type, ET_CORE);
	*ret = ident[EI_CLASS] == ELFCLASS64 ? &elf64 : &elf32;
	core->word = (*ret)->word;
	return 0;
}

/* Read the body of a note if it is VMCOREINFO. The first one counts. */
static int read_note(struct vmcore *core, uint64_t name_at, uint32_t n_name, uint64_t body_at,
		     uint32_t n_body, struct kx_error *err)
{
	static const char wanted[] = "VMCOREINFO";
	_cleanup_free_ char *body = NULL;
	char name[sizeof(wanted)] = "";
	int r;

	if (core->info || (n_name != sizeof(wanted) && n_name != sizeof(wanted) - 1))
		return 0;
	r = core_read_file(core, name_at, name, n_name, "the name of a note", err);
	if (r < 0)
		return r;
	if (memcmp(name, wanted, sizeof(wanted)) != 0)
		return 0;
	if (n_body > INFO_MAX)
		return kx_fail(err, -EBADMSG, "the VMCOREINFO note claims %u bytes, more than %u",
			       n_body, INFO_MAX);
	body = malloc(n_body + 1);
	if (!body)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = core_read_file(core, body_at, body, n_body, "the VMCOREINFO note", err);
	if (r < 0)
		return r;
	/* QEMU and the kernel may pad the area with zero bytes. */
	core->n_info = strnlen(body, n_body);
	core->info = TAKE_PTR(body);
	return 0;
}

/* Reads the notes in [at, end) of the file; stops without an error at an empty or overlong one. */
static int read_notes(struct vmcore *core, uint64_t at, uint64_t end, struct kx_error *err)
{
	while (!core->info && end - at > sizeof(Elf64_Nhdr) && core->n_notes++ < NOTES_MAX) {
		uint8_t head[sizeof(Elf64_Nhdr)]; /* the same in both classes: three words */
		uint64_t name_at, body_at, next;
		uint32_t n_name, n_body;
		int r;

		r = core_read_file(core, at, head, sizeof(head), "a note", err);
		if (r < 0)
			return r;
		n_name = (uint32_t)core_load(core, head, 4);
		n_body = (uint32_t)core_load(core, head + 4, 4);
		if (n_name == 0)
			return 0;
		name_at = at + sizeof(head);
		if (add_overflow(name_at, ((uint64_t)n_name + 3) & ~UINT64_C(3), &body_at) ||
		    add_overflow(body_at, ((uint64_t)n_body + 3) & ~UINT64_C(3), &next) ||
		    body_at + n_body > end)
			return 0;
		r = read_note(core, name_at, n_name, body_at, n_body, err);
		if (r < 0)
			return r;
		at = next < end ? next : end;
	}
	return 0;
}

int core_add_segment(struct vmcore *core, const struct segment *segment, size_t *room)
{
	if (array_room(&core->segments, core->n_segments, room, sizeof(*segment)) < 0)
		return -ENOMEM;
	core->segments[core->n_segments++] = *segment;
	return 0;
}

static int read_program_header(struct vmcore *core, const struct elf_layout *l, const uint8_t *p,
			       size_t *room, struct kx_error *err)
{
	struct segment s = {
		.virt = core_load(core, p + l->virt, l->word),
		.phys = core_load(core, p + l->phys, l->word),
		.offset = core_load(core, p + l->offset, l->word),
		.file_n = core_load(core, p + l->file_n, l->word),
		.mem_n = core_load(core, p + l->mem_n, l->word),
	};
	uint64_t type = core_load(core, p, 4), end;

	if (type != PT_LOAD && type != PT_NOTE)
		return 0;
	if (add_overflow(s.offset, s.file_n, &end))
		return kx_fail(err, -EBADMSG,
			       "a segment at file offset %#llx claims %#llx bytes, past any file",
			       (unsigned long long)s.offset, (unsigned long long)s.file_n);
	if (type == PT_NOTE && core->info)
		return 0;
	if (type == PT_NOTE) {
		core->notes_at = s.offset;
		core->notes_n = s.file_n;
		return read_notes(core, s.offset, end, err);
	}
	/* /proc/kcore wrote p_memsz 0 in some versions; what is in the file is in memory. */
	if (s.mem_n < s.file_n)
		s.mem_n = s.file_n;
	/* Dumps of physical memory (QEMU without paging) leave p_vaddr 0 everywhere. */
	s.has_virt = s.virt != 0 || s.phys == 0;
	if (core_add_segment(core, &s, room) < 0)
		return kx_fail(err, -ENOMEM, "out of memory for program headers");
	return 0;
}

/* More than 65534 program headers: their number is in section header 0 (elf(5), PN_XNUM). */
static int extended_phnum(struct vmcore *core, const struct elf_layout *l, uint64_t shoff,
			  uint64_t *n, struct kx_error *err)
{
	uint8_t word[4];
	uint64_t at;
	int r;

	if (add_overflow(shoff, l->sh_info, &at))
		return kx_fail(err, -EBADMSG,
			       "section headers claim to be past the end of any file");
	r = core_read_file(core, at, word, sizeof(word), "the number of program headers", err);
	if (r == 0)
		*n = core_load(core, word, sizeof(word));
	return r;
}

static int read_headers(struct vmcore *core, const struct elf_layout *l, struct kx_error *err)
{
	uint8_t head[sizeof(Elf64_Ehdr)], phdr[sizeof(Elf64_Phdr)];
	uint64_t phoff, n, size, end;
	size_t room = 0;
	int r;

	r = core_read_file(core, 0, head, l->header_n, "the ELF header", err);
	if (r < 0)
		return r;
	phoff = core_load(core, head + l->phoff, l->word);
	size = core_load(core, head + l->phentsize, 2);
	n = core_load(core, head + l->phnum, 2);
	if (n == PN_XNUM) {
		r = extended_phnum(core, l, core_load(core, head + l->shoff, l->word), &n, err);
		if (r < 0)
			return r;
	}
	if (size != l->phdr_n)
		return kx_fail(err, -EBADMSG, "program headers of %u bytes, expected %u",
			       (unsigned)size, l->phdr_n);
	if (n == 0 || n > SEGMENTS_MAX)
		return kx_fail(err, -EBADMSG, "%llu program headers, expected 1 to %u",
			       (unsigned long long)n, SEGMENTS_MAX);
	if (add_overflow(phoff, n * size, &end))
		return kx_fail(err, -EBADMSG,
			       "program headers claim to be past the end of any file");

	for (; phoff < end; phoff += size) {
		r = core_read_file(core, phoff, phdr, l->phdr_n, "a program header", err);
		if (r == 0)
			r = read_program_header(core, l, phdr, &room, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int elf_open(struct vmcore *core, struct kx_error *err)
{
	const struct elf_layout *layout = &elf64;
	int r = identify(core, &layout, err);

	return r == 0 ? read_headers(core, layout, err) : r;
}
