// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Parses a multiboot kernel, version 1 or 2: its segments, its entry point, what it asks for.
 *
 * Documents: Multiboot Specification 0.6.96, chapter 3.1, and Multiboot2 Specification 2.0,
 * chapter 3.1, "OS image format".
 */
#include <errno.h>
#include <inttypes.h>

#include "base/error.h"
#include "image/image.h"

enum {
	HEADER1_MAGIC = 0x1badb002,
	HEADER1_WITHIN = 8192, /* the whole header lies in these bytes */
	HEADER1_STEP = 4,
	HEADER1_N = 12,
	HEADER1_ADDRESSES_N = 32,

	FLAG_ALIGN_MODULES = 1 << 0,
	FLAG_MEMORY_INFO = 1 << 1,
	FLAG_VIDEO_MODE = 1 << 2,
	FLAGS_REQUIRED = 0xffff, /* refuse when one of these is set and not known */
	FLAGS_KNOWN = FLAG_ALIGN_MODULES | FLAG_MEMORY_INFO | FLAG_VIDEO_MODE,
	FLAG_ADDRESSES = 1 << 16,

	HEADER2_WITHIN = 32768,
	HEADER2_STEP = 8,
	HEADER2_N = 16,
	HEADER2_ARCH_I386 = 0,

	TAG_N = 8, /* type, flags, size */
	TAG_OPTIONAL = 1 << 0,
	TAG_END = 0,
	TAG_INFORMATION_REQUEST = 1,
	TAG_ADDRESS = 2,
	TAG_ENTRY = 3,
	TAG_CONSOLE = 4,
	TAG_FRAMEBUFFER = 5,
	TAG_MODULE_ALIGN = 6,
	TAG_EFI_BOOT_SERVICES = 7,
	TAG_ENTRY_EFI32 = 8,
	TAG_ENTRY_EFI64 = 9,
	TAG_RELOCATABLE = 10,
};
#define HEADER2_MAGIC UINT32_C(0xe85250d6)
#define LOAD_FROM_FILE_START UINT32_MAX /* load_addr of -1: the file is loaded from its start */

/* Address fields of version 1 and tag 2 of version 2. */
struct addresses {
	uint32_t header, load, load_end, bss_end;
};

/* First offset below @within, a multiple of @step, where @is_here() returns true. */
static bool find_header(struct bytes file, size_t within, size_t step, size_t n,
			bool (*is_here)(struct bytes file, size_t off), size_t *ret)
{
	size_t end = file.n < within ? file.n : within;

	for (size_t off = 0; n <= end && off <= end - n; off += step)
		if (is_here(file, off)) {
			*ret = off;
			return true;
		}
	return false;
}

/* Makes a segment of a flat image, without an ELF header, from the addresses in @at. */
static int load_flat(struct bytes file, size_t header_off, const struct addresses *at,
		     struct multiboot *mb, struct kx_error *err)
{
	struct elf_segment *seg = &mb->elf.loads[0];
	uint64_t load = at->load, data_off, data_n, end;

	if (at->load == LOAD_FROM_FILE_START) {
		if (at->header < header_off)
			return kx_fail(err, -EBADMSG,
				       "multiboot: header address 0x%" PRIx32
				       " is less than its offset 0x%zx",
				       at->header, header_off);
		load = at->header - header_off;
	}
	if (at->header < load || at->header - load > header_off)
		return kx_fail(err, -EBADMSG,
			       "multiboot: load address 0x%" PRIx64
			       " does not fit the header address 0x%" PRIx32,
			       load, at->header);
	data_off = header_off - (at->header - load);
	if (at->load_end != 0 && at->load_end < load)
		return kx_fail(err, -EBADMSG,
			       "multiboot: load end 0x%" PRIx32
			       " lies before load address 0x%" PRIx64,
			       at->load_end, load);
	data_n = at->load_end ? at->load_end - load : file.n - data_off;
	if (!bytes_sub(file, data_off, data_n, &seg->data))
		return kx_fail(err, -EBADMSG,
			       "multiboot: %" PRIu64 " bytes from %" PRIu64
			       " are to be loaded, but the file has %zu",
			       data_n, data_off, file.n);
	end = load + data_n;
	if (at->bss_end != 0) {
		if (at->bss_end < end)
			return kx_fail(err, -EBADMSG,
				       "multiboot: bss end 0x%" PRIx32
				       " lies before load end 0x%" PRIx64,
				       at->bss_end, end);
		end = at->bss_end;
	}
	if (end == load || end > UINT64_C(1) << 32)
		return kx_fail(err, -EBADMSG,
			       "multiboot: [0x%" PRIx64 ", 0x%" PRIx64
			       ") cannot be loaded below 4 GiB",
			       load, end);

	seg->paddr = seg->vaddr = load;
	seg->mem_size = end - load;
	mb->elf.n_loads = 1;
	mb->has_addresses = true;
	return 0;
}

static int load_elf(struct bytes file, struct multiboot *mb, struct kx_error *err)
{
	int r = elf_parse(file, &mb->elf, err);

	if (r == -ENOEXEC)
		return kx_fail_in(
			err, -EBADMSG,
			"multiboot: a header without load addresses, in a file that is no "
			"kernel in ELF format");
	if (r < 0)
		return kx_fail_in(err, r, "multiboot");
	mb->entry = mb->elf.entry;
	return 0;
}

/* The kernel is entered in 32-bit mode: its segments have to lie below 4 GiB, and the entry
 * point in one of them. */
static int check_place(const struct multiboot *mb, struct kx_error *err)
{
	bool inside = false;

	for (size_t i = 0; i < mb->elf.n_loads; i++) {
		const struct elf_segment *seg = &mb->elf.loads[i];

		if (seg->paddr + seg->mem_size > UINT64_C(1) << 32)
			return kx_fail(err, -EBADMSG,
				       "multiboot: a segment at 0x%" PRIx64
				       " reaches beyond 4 GiB, where a 32-bit entry cannot see it",
				       seg->paddr);
		inside |= mb->entry >= seg->paddr && mb->entry - seg->paddr < seg->mem_size;
	}
	if (!inside)
		return kx_fail(err, -EBADMSG,
			       "multiboot: the entry point 0x%" PRIx64 " lies in no segment",
			       mb->entry);
	return 0;
}

bool multiboot_is_sound(const struct multiboot *mb)
{
	const uint64_t align = mb->reloc_align;

	if (mb->version != 1 && mb->version != 2)
		return false;
	if (mb->relocatable && (mb->reloc_min > mb->reloc_max || mb->reloc_max > UINT32_MAX ||
				!align || (align & (align - 1))))
		return false;
	return elf_is_sound(&mb->elf) && check_place(mb, NULL) == 0;
}

static bool is_header1(struct bytes file, size_t off)
{
	uint32_t magic, flags, checksum;

	return bytes_le32(file, off, &magic) && magic == HEADER1_MAGIC &&
	       bytes_le32(file, off + 4, &flags) && bytes_le32(file, off + 8, &checksum) &&
	       (uint32_t)((uint64_t)magic + flags + checksum) == 0;
}

static int read_addresses1(struct bytes file, size_t off, struct multiboot *mb,
			   struct kx_error *err)
{
	struct addresses at;
	uint32_t entry;

	if (!bytes_has(file, off, HEADER1_ADDRESSES_N) || !bytes_le32(file, off + 12, &at.header) ||
	    !bytes_le32(file, off + 16, &at.load) || !bytes_le32(file, off + 20, &at.load_end) ||
	    !bytes_le32(file, off + 24, &at.bss_end) || !bytes_le32(file, off + 28, &entry))
		return kx_fail(err, -EBADMSG, "multiboot: the file ends inside the header at 0x%zx",
			       off);
	mb->entry = entry;
	return load_flat(file, off, &at, mb, err);
}

int multiboot1_parse(struct bytes file, struct multiboot *ret, struct kx_error *err)
{
	struct multiboot mb = { .version = 1 };
	size_t off = 0;
	int r;

	if (!find_header(file, HEADER1_WITHIN, HEADER1_STEP, HEADER1_N, is_header1, &off) ||
	    !bytes_le32(file, off + 4, &mb.flags))
		return kx_fail(err, -ENOEXEC, "no multiboot header in the first %d bytes",
			       HEADER1_WITHIN);
	if (mb.flags & FLAGS_REQUIRED & ~(uint32_t)FLAGS_KNOWN)
		return kx_fail(err, -EOPNOTSUPP,
			       "multiboot: the kernel demands features 0x%" PRIx32
			       " that no version of the specification has",
			       mb.flags & FLAGS_REQUIRED & ~(uint32_t)FLAGS_KNOWN);
	mb.wants_modules_aligned = mb.flags & FLAG_ALIGN_MODULES;

	r = mb.flags & FLAG_ADDRESSES ? read_addresses1(file, off, &mb, err)
				      : load_elf(file, &mb, err);
	if (r < 0)
		return r;
	r = check_place(&mb, err);
	if (r < 0)
		return r;

	*ret = mb;
	return 0;
}

static bool is_header2(struct bytes file, size_t off)
{
	uint32_t magic, arch, n, checksum;

	return bytes_le32(file, off, &magic) && magic == HEADER2_MAGIC &&
	       bytes_le32(file, off + 4, &arch) && bytes_le32(file, off + 8, &n) &&
	       bytes_le32(file, off + 12, &checksum) &&
	       (uint32_t)((uint64_t)magic + arch + n + checksum) == 0;
}

/* What the tags said; a tag that is absent leaves its `has` false. */
struct tags {
	bool has_addresses, has_entry;
	struct addresses at;
	uint32_t entry;
};

static bool read_addresses2(struct bytes tag, struct tags *tags)
{
	tags->has_addresses = true;
	return bytes_le32(tag, 8, &tags->at.header) && bytes_le32(tag, 12, &tags->at.load) &&
	       bytes_le32(tag, 16, &tags->at.load_end) && bytes_le32(tag, 20, &tags->at.bss_end);
}

static bool read_relocatable(struct bytes tag, struct multiboot *mb)
{
	uint32_t min, max, align;

	if (!bytes_le32(tag, 8, &min) || !bytes_le32(tag, 12, &max) ||
	    !bytes_le32(tag, 16, &align) || min > max || align == 0 || (align & (align - 1)) != 0)
		return false;
	mb->relocatable = true;
	mb->reloc_min = min;
	mb->reloc_max = max;
	mb->reloc_align = align;
	return true;
}

static int read_tag(uint16_t type, uint16_t flags, struct bytes tag, struct tags *tags,
		    struct multiboot *mb, struct kx_error *err)
{
	bool ok = true;

	switch (type) {
	case TAG_ADDRESS:
		ok = read_addresses2(tag, tags);
		break;
	case TAG_ENTRY:
		ok = tags->has_entry = bytes_le32(tag, 8, &tags->entry);
		break;
	case TAG_MODULE_ALIGN:
		mb->wants_modules_aligned = true;
		break;
	case TAG_RELOCATABLE:
		ok = read_relocatable(tag, mb);
		break;
	case TAG_INFORMATION_REQUEST: /* the plan passes all information that it has */
	case TAG_CONSOLE:
	case TAG_FRAMEBUFFER:
	case TAG_ENTRY_EFI32: /* alternatives to the entry point that is used */
	case TAG_ENTRY_EFI64:
		break;
	case TAG_EFI_BOOT_SERVICES: /* ended when the running kernel started */
	default:
		if (!(flags & TAG_OPTIONAL))
			return kx_fail(err, -EOPNOTSUPP,
				       "multiboot2: the kernel demands tag %u, which a running "
				       "kernel cannot give it",
				       type);
	}
	if (!ok)
		return kx_fail(err, -EBADMSG, "multiboot2: tag %u of %zu bytes makes no sense",
			       type, tag.n);
	return 0;
}

/* @header ends where its length field says; every tag takes at least TAG_N bytes of it. */
static int read_tags(struct bytes header, struct tags *tags, struct multiboot *mb,
		     struct kx_error *err)
{
	size_t off = HEADER2_N;
	int r;

	for (;;) {
		uint16_t type, flags;
		uint32_t n;
		struct bytes tag;

		if (!bytes_le16(header, off, &type) || !bytes_le16(header, off + 2, &flags) ||
		    !bytes_le32(header, off + 4, &n) || n < TAG_N ||
		    !bytes_sub(header, off, n, &tag))
			return kx_fail(err, -EBADMSG,
				       "multiboot2: the tags run past the header of %zu bytes",
				       header.n);
		if (type == TAG_END)
			return 0;
		r = read_tag(type, flags, tag, tags, mb, err);
		if (r < 0)
			return r;
		off += ((size_t)n + HEADER2_STEP - 1) & ~(size_t)(HEADER2_STEP - 1);
	}
}

static int load2(struct bytes file, size_t off, const struct tags *tags, struct multiboot *mb,
		 struct kx_error *err)
{
	int r;

	if (tags->has_addresses && !tags->has_entry)
		return kx_fail(err, -EBADMSG,
			       "multiboot2: load addresses, but no address to enter at");
	r = tags->has_addresses ? load_flat(file, off, &tags->at, mb, err)
				: load_elf(file, mb, err);
	if (r < 0)
		return r;
	if (tags->has_entry)
		mb->entry = tags->entry;
	return check_place(mb, err);
}

int multiboot2_parse(struct bytes file, struct multiboot *ret, struct kx_error *err)
{
	struct multiboot mb = { .version = 2 };
	struct tags tags = { 0 };
	struct bytes header;
	size_t off = 0;
	uint32_t arch = 0, n = 0;
	int r;

	if (!find_header(file, HEADER2_WITHIN, HEADER2_STEP, HEADER2_N, is_header2, &off) ||
	    !bytes_le32(file, off + 4, &arch) || !bytes_le32(file, off + 8, &n))
		return kx_fail(err, -ENOEXEC, "no multiboot2 header in the first %d bytes",
			       HEADER2_WITHIN);
	if (arch != HEADER2_ARCH_I386)
		return kx_fail(err, -ENOEXEC,
			       "multiboot2: made for architecture %" PRIu32 ", not for x86", arch);
	if (n < HEADER2_N || off + (uint64_t)n > HEADER2_WITHIN ||
	    !bytes_sub(file, off, n, &header))
		return kx_fail(err, -EBADMSG,
			       "multiboot2: %" PRIu32
			       " bytes of header at 0x%zx, but it has to end "
			       "in the first %d of the file's %zu",
			       n, off, HEADER2_WITHIN, file.n);
	r = read_tags(header, &tags, &mb, err);
	if (r < 0)
		return r;
	r = load2(file, off, &tags, &mb, err);
	if (r < 0)
		return r;

	*ret = mb;
	return 0;
}
