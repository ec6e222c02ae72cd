// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Parses a little-endian ELF file that can be loaded at physical addresses: its PT_LOAD segments,
 * its physical entry point, and whether it is a Linux vmlinux.
 *
 * Layouts: System V ABI, "Object Files", chapters 4 (header, notes) and 5 (program header).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "fundamental/overflow.h"
#include "image/image.h"

enum {
	EI_CLASS = 4,
	EI_DATA = 5,
	EI_VERSION = 6,
	CLASS_32 = 1,
	CLASS_64 = 2,
	DATA_LITTLE_ENDIAN = 1,
	DATA_BIG_ENDIAN = 2,
	VERSION_CURRENT = 1,
	E_TYPE = 16,
	E_MACHINE = 18,

	TYPE_EXEC = 2,
	TYPE_DYN = 3,

	PT_LOAD = 1,
	PT_INTERP = 3,
	PT_NOTE = 4,

	PROGRAM_HEADERS_MAX = 256, /* a vmlinux has 5 */
	NOTES_MAX = 1024,	   /* in one PT_NOTE; a vmlinux has 20 */

	/* Linux Standard Base, "ABI note tag": the linker puts it into every program of glibc */
	GNU_NOTE_ABI_TAG = 1,

	/* include/linux/elfnote-lto.h, include/linux/build-salt.h */
	LINUX_NOTE_BUILD_SALT = 0x100,
	LINUX_NOTE_LTO_INFO = 0x101,
};

/* Lowest address of a kernel: below it is memory that firmware and BIOS use.
 * Position-independent programs, which are no kernels, are linked to 0. */
#define LOWEST_ADDRESS UINT64_C(0x1000)

/* Offsets of the fields that differ between the classes. */
struct layout {
	size_t header_size, entry, phoff, phentsize, phnum;
	size_t ph_size, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz;
};
static const struct layout layout32 = { 52, 24, 28, 42, 44, 32, 4, 8, 12, 16, 20 };
static const struct layout layout64 = { 64, 24, 32, 54, 56, 56, 8, 16, 24, 32, 40 };

struct reader {
	struct bytes file;
	bool is_64bit;
	const struct layout *at;
	uint64_t headers; /* offset of the program headers */
	size_t n_headers;
};

struct program_header {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

static bool read_word(const struct reader *in, size_t off, uint64_t *ret)
{
	uint32_t v;

	if (in->is_64bit)
		return bytes_le64(in->file, off, ret);
	if (!bytes_le32(in->file, off, &v))
		return false;
	*ret = v;
	return true;
}

static int parse_ident(struct bytes file, struct reader *ret, struct kx_error *err)
{
	bool is_64bit;

	if (!bytes_is_at(file, 0, "\177ELF", 4))
		return kx_fail(err, -ENOEXEC, "not an ELF file");
	if (!bytes_has(file, 0, EI_VERSION + 1))
		return kx_fail(err, -EBADMSG, "ELF: the file ends after %zu bytes, in its header",
			       file.n);
	if (file.p[EI_DATA] == DATA_BIG_ENDIAN)
		return kx_fail(err, -ENOEXEC, "ELF: big-endian, made for another architecture");
	if ((file.p[EI_CLASS] != CLASS_32 && file.p[EI_CLASS] != CLASS_64) ||
	    file.p[EI_DATA] != DATA_LITTLE_ENDIAN || file.p[EI_VERSION] != VERSION_CURRENT)
		return kx_fail(err, -EBADMSG,
			       "ELF: class %u, byte order %u, version %u is no known kind of file",
			       file.p[EI_CLASS], file.p[EI_DATA], file.p[EI_VERSION]);

	is_64bit = file.p[EI_CLASS] == CLASS_64;
	*ret = (struct reader){ .file = file,
				.is_64bit = is_64bit,
				.at = is_64bit ? &layout64 : &layout32 };
	if (!bytes_has(file, 0, ret->at->header_size))
		return kx_fail(err, -EBADMSG, "ELF: %zu bytes of header, but the file has %zu",
			       ret->at->header_size, file.n);
	return 0;
}

static int parse_header(const struct reader *in, struct elf *elf, struct kx_error *err)
{
	elf->is_64bit = in->is_64bit;
	if (!bytes_le16(in->file, E_TYPE, &elf->type) ||
	    !bytes_le16(in->file, E_MACHINE, &elf->machine) ||
	    !read_word(in, in->at->entry, &elf->entry))
		return kx_fail(err, -EBADMSG, "ELF: the header is cut off");
	if (elf->type != TYPE_EXEC && elf->type != TYPE_DYN)
		return kx_fail(err, -ENOEXEC,
			       "ELF: type %u is not an executable, so it cannot be a kernel",
			       elf->type);
	return 0;
}

static int find_program_headers(struct reader *in, struct kx_error *err)
{
	uint16_t size, count;
	uint64_t off;

	if (!read_word(in, in->at->phoff, &off) ||
	    !bytes_le16(in->file, in->at->phentsize, &size) ||
	    !bytes_le16(in->file, in->at->phnum, &count))
		return kx_fail(err, -EBADMSG, "ELF: the header is cut off");
	if (count == 0)
		return kx_fail(err, -ENOEXEC, "ELF: no program headers, so nothing can be loaded");
	if (count > PROGRAM_HEADERS_MAX)
		return kx_fail(err, -EBADMSG, "ELF: %u program headers, more than %d", count,
			       PROGRAM_HEADERS_MAX);
	if (size != in->at->ph_size)
		return kx_fail(err, -EBADMSG, "ELF: program headers of %u bytes instead of %zu",
			       size, in->at->ph_size);
	if (!bytes_has(in->file, off, (size_t)count * size))
		return kx_fail(err, -EBADMSG,
			       "ELF: %u program headers at %" PRIu64 ", but the file has %zu bytes",
			       count, off, in->file.n);

	in->headers = off;
	in->n_headers = count;
	return 0;
}

static struct program_header program_header_at(const struct reader *in, size_t i)
{
	const struct layout *at = in->at;
	size_t off = (size_t)in->headers + i * at->ph_size;
	struct program_header ph = { 0 };

	/* cannot fail: find_program_headers() has checked that they lie in the file */
	(void)bytes_le32(in->file, off, &ph.type);
	(void)read_word(in, off + at->p_offset, &ph.offset);
	(void)read_word(in, off + at->p_vaddr, &ph.vaddr);
	(void)read_word(in, off + at->p_paddr, &ph.paddr);
	(void)read_word(in, off + at->p_filesz, &ph.filesz);
	(void)read_word(in, off + at->p_memsz, &ph.memsz);
	return ph;
}

static int add_segment(const struct reader *in, const struct program_header *ph, struct elf *elf,
		       struct kx_error *err)
{
	struct elf_segment seg = { .paddr = ph->paddr, .vaddr = ph->vaddr, .mem_size = ph->memsz };
	uint64_t end;

	if (ph->memsz == 0 && ph->filesz == 0)
		return 0;
	if (ph->filesz > ph->memsz)
		return kx_fail(err, -EBADMSG,
			       "ELF: a segment has %" PRIu64 " bytes in the file, but only %" PRIu64
			       " in memory",
			       ph->filesz, ph->memsz);
	if (!bytes_sub(in->file, ph->offset, ph->filesz, &seg.data))
		return kx_fail(err, -EBADMSG,
			       "ELF: a segment of %" PRIu64 " bytes at %" PRIu64
			       ", but the file has %zu bytes",
			       ph->filesz, ph->offset, in->file.n);
	if (add_overflow(ph->paddr, ph->memsz, &end) || (!in->is_64bit && end > UINT64_C(1) << 32))
		return kx_fail(err, -EBADMSG,
			       "ELF: a segment of 0x%" PRIx64 " bytes at 0x%" PRIx64
			       " passes the end of the address space",
			       ph->memsz, ph->paddr);
	if (ph->paddr < LOWEST_ADDRESS)
		return kx_fail(err, -ENOEXEC,
			       "ELF: a segment wants physical address 0x%" PRIx64
			       ": a program, not a kernel",
			       ph->paddr);
	if (elf->n_loads == ELF_SEGMENTS_MAX)
		return kx_fail(err, -EBADMSG, "ELF: more than %d loadable segments",
			       ELF_SEGMENTS_MAX);

	elf->loads[elf->n_loads++] = seg;
	return 0;
}

static int check_overlaps(const struct elf *elf, struct kx_error *err)
{
	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct elf_segment *a = &elf->loads[i];

		for (size_t k = i + 1; k < elf->n_loads; k++) {
			const struct elf_segment *b = &elf->loads[k];

			if (a->paddr < b->paddr + b->mem_size && b->paddr < a->paddr + a->mem_size)
				return kx_fail(err, -EBADMSG,
					       "ELF: segments at physical 0x%" PRIx64
					       " and 0x%" PRIx64 " overlap",
					       a->paddr, b->paddr);
		}
	}
	return 0;
}

/* The entry point is a virtual address by the specification, and a physical one in vmlinux and
 * multiboot kernels: it is physical when it lies in a segment as such, else virtual. */
static int resolve_entry(struct elf *elf, struct kx_error *err)
{
	uint64_t entry = elf->entry;

	for (size_t i = 0; i < elf->n_loads; i++)
		if (entry >= elf->loads[i].paddr &&
		    entry - elf->loads[i].paddr < elf->loads[i].mem_size)
			return 0;
	for (size_t i = 0; i < elf->n_loads; i++)
		if (entry >= elf->loads[i].vaddr &&
		    entry - elf->loads[i].vaddr < elf->loads[i].mem_size) {
			elf->entry = elf->loads[i].paddr + (entry - elf->loads[i].vaddr);
			return 0;
		}
	return kx_fail(err, -EBADMSG, "ELF: the entry point 0x%" PRIx64 " lies in no segment",
		       entry);
}

static int parse_segments(const struct reader *in, struct elf *elf, struct kx_error *err)
{
	int r;

	for (size_t i = 0; i < in->n_headers; i++) {
		struct program_header ph = program_header_at(in, i);

		if (ph.type != PT_LOAD)
			continue;
		r = add_segment(in, &ph, elf, err);
		if (r < 0)
			return r;
	}
	if (elf->n_loads == 0)
		return kx_fail(err, -ENOEXEC, "ELF: no loadable segment");
	r = check_overlaps(elf, err);
	if (r < 0)
		return r;
	return resolve_entry(elf, err);
}

static uint64_t round_up_4(uint32_t n)
{
	return ((uint64_t)n + 3) & ~UINT64_C(3);
}

static bool notes_have(struct bytes notes, const char *owner, uint32_t wanted)
{
	size_t off = 0, owner_n = strlen(owner) + 1;

	for (unsigned i = 0; i < NOTES_MAX; i++) {
		uint32_t name_n, desc_n, type;
		uint64_t n;

		if (!bytes_le32(notes, off, &name_n) || !bytes_le32(notes, off + 4, &desc_n) ||
		    !bytes_le32(notes, off + 8, &type))
			return false;
		if (type == wanted && name_n == owner_n &&
		    bytes_is_at(notes, off + 12, owner, owner_n))
			return true;
		n = 12 + round_up_4(name_n) + round_up_4(desc_n);
		if (!bytes_has(notes, off, n))
			return false;
		off += (size_t)n;
	}
	return false;
}

static bool file_has_note(const struct reader *in, const char *owner, uint32_t type)
{
	for (size_t i = 0; i < in->n_headers; i++) {
		struct program_header ph = program_header_at(in, i);
		struct bytes notes;

		if (ph.type == PT_NOTE && bytes_sub(in->file, ph.offset, ph.filesz, &notes) &&
		    notes_have(notes, owner, type))
			return true;
	}
	return false;
}

/* Linux before 4.19 has no note of its own, but its banner, and a text mapping in the upper part of
 * the address space: __START_KERNEL_map on x86_64, PAGE_OFFSET (1 GiB at least) on i386. */
static bool segment_has_banner(const struct elf *elf, const struct elf_segment *seg)
{
	static const char banner[] = "Linux version ";
	uint64_t map = elf->is_64bit ? UINT64_C(0xffffffff80000000) : UINT64_C(0x40000000);

	return seg->paddr >= UINT64_C(0x100000) && seg->vaddr >= map && seg->data.n &&
	       memmem(seg->data.p, seg->data.n, banner, sizeof(banner) - 1) != NULL;
}

/*
 * The rule for "this is a vmlinux and takes boot_params": a note of the kernel's own build (the
 * salt since 4.19, LTO since 5.12), or the banner in a segment that is mapped where x86 kernels
 * are. A stripped vmlinux keeps both. Section headers are not asked: they are the first thing that
 * tools drop.
 */
static bool looks_like_linux(const struct reader *in, const struct elf *elf)
{
	if (file_has_note(in, "Linux", LINUX_NOTE_BUILD_SALT) ||
	    file_has_note(in, "Linux", LINUX_NOTE_LTO_INFO))
		return true;
	for (size_t i = 0; i < elf->n_loads; i++)
		if (segment_has_banner(elf, &elf->loads[i]))
			return true;
	return false;
}

/* Refuses programs for the running system, which could be entered as if they were kernels. */
static int check_purpose(const struct reader *in, struct kx_error *err)
{
	for (size_t i = 0; i < in->n_headers; i++)
		if (program_header_at(in, i).type == PT_INTERP)
			return kx_fail(err, -ENOEXEC,
				       "ELF: a program that asks for a dynamic linker, not a "
				       "kernel");
	if (file_has_note(in, "GNU", GNU_NOTE_ABI_TAG))
		return kx_fail(err, -ENOEXEC,
			       "ELF: a program made to run under an operating system, not a "
			       "kernel");
	return 0;
}

bool elf_is_sound(const struct elf *elf)
{
	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct elf_segment *s = &elf->loads[i];
		uint64_t end;

		if (s->data.n > s->mem_size || add_overflow(s->paddr, s->mem_size, &end))
			return false;
	}
	return elf->n_loads && check_overlaps(elf, NULL) == 0;
}

int elf_parse(struct bytes file, struct elf *ret, struct kx_error *err)
{
	struct elf elf = { 0 };
	struct reader in;
	int r;

	r = parse_ident(file, &in, err);
	if (r < 0)
		return r;
	r = parse_header(&in, &elf, err);
	if (r < 0)
		return r;
	r = find_program_headers(&in, err);
	if (r < 0)
		return r;
	r = check_purpose(&in, err);
	if (r < 0)
		return r;
	r = parse_segments(&in, &elf, err);
	if (r < 0)
		return r;
	elf.is_linux = looks_like_linux(&in, &elf);

	*ret = elf;
	return 0;
}
