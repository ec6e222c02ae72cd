// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unpacks the payload of a bzImage, lays the kernel out as it is in memory, and moves it to
 * another virtual address.
 *
 * The payload is an ELF file with its section headers last, and behind it the relocation table
 * that arch/x86/tools/relocs.c writes. Documentation/arch/x86/boot.rst, payload_offset; the rules
 * for moving are those of arch/x86/boot/compressed/{misc,kaslr}.c.
 */
#include "image/x86_64/vmlinux.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "fundamental/put.h"
#include "image/decompress.h"

#define KERNEL_IMAGE_SIZE (UINT64_C(1) << 30) /* with RANDOMIZE_BASE: asm/page_64_types.h */
#define KERNEL_START_MIN (UINT64_C(16) << 20) /* LOAD_PHYSICAL_ADDR as everybody builds it */
#define ADDRESS_END (UINT64_C(1) << 46)
#define SIZE_WORD 4u
#define WORD 4u
/* Lower limit on the share of values to patch that are addresses in the kernel: 0.5 % in Linux
 * 6.12 are offsets from symbols. When the wrong list is read next to none are. */
#define ADDRESSES_MIN_PERCENT 98u

/* "the final 4 bytes are the uncompressed size", for every format: boot.rst, payload_length. */
int vmlinux_size(const struct bzimage *bz, size_t *ret, struct kx_error *err)
{
	uint32_t size;

	if (bz->payload.n < SIZE_WORD || !compression_detect(bz->payload) ||
	    !bytes_le32(bz->payload, bz->payload.n - SIZE_WORD, &size))
		return kx_fail(err, -ENODATA, "the bzImage does not say where its vmlinux is");
	*ret = size;
	return 0;
}

int vmlinux_unpack(const struct bzimage *bz, const struct room *room, size_t size,
		   struct kx_error *err)
{
	const struct room exact = { room->p, size + 1, room->ready };
	size_t n = 0;
	int r = decompress_to(bz->payload, &exact, &n, err);

	if (r == -EFBIG || (r == 0 && n != size))
		return kx_fail(err, -ENODATA,
			       "the vmlinux in the bzImage does not unpack to the %zu bytes it is "
			       "said to have",
			       size);
	return r < 0 ? kx_fail_in(err, r, "the vmlinux in the bzImage") : 0;
}

static int find_span(struct vmlinux *v, struct kx_error *err)
{
	v->start = UINT64_MAX;
	for (size_t i = 0; i < v->elf.n_loads; i++) {
		const struct elf_segment *s = &v->elf.loads[i];

		if (s->paddr >= ADDRESS_END || s->mem_size > KERNEL_IMAGE_SIZE ||
		    s->data.n > s->mem_size)
			return kx_fail(err, -EBADMSG,
				       "vmlinux: segment %zu has %" PRIu64
				       " bytes at physical address %#" PRIx64,
				       i, s->mem_size, s->paddr);
		if (s->paddr < v->start)
			v->start = s->paddr;
		if (s->paddr + s->mem_size > v->end)
			v->end = s->paddr + s->mem_size;
		if (s->data.n && s->paddr + s->data.n > v->filled)
			v->filled = s->paddr + s->data.n;
	}
	if (v->start >= v->end || v->start % VMLINUX_ALIGN ||
	    v->end - v->start > KERNEL_IMAGE_SIZE - KERNEL_START_MIN)
		return kx_fail(err, -EBADMSG,
			       "vmlinux: its segments cover %#" PRIx64 " to %#" PRIx64
			       ", which is no place for a kernel",
			       v->start, v->end);
	if (v->elf.entry < v->start || v->elf.entry >= v->filled)
		return kx_fail(err, -EBADMSG,
			       "vmlinux: the entry point %#" PRIx64 " is not in its segments",
			       v->elf.entry);
	return 0;
}

static int find_table(struct bytes file, struct bytes *ret, struct kx_error *err)
{
	uint16_t entry_size, n;
	uint64_t off, end;

	if (!bytes_le64(file, offsetof(Elf64_Ehdr, e_shoff), &off) ||
	    !bytes_le16(file, offsetof(Elf64_Ehdr, e_shentsize), &entry_size) ||
	    !bytes_le16(file, offsetof(Elf64_Ehdr, e_shnum), &n) || off > file.n)
		return kx_fail(err, -EBADMSG, "vmlinux: no section headers");
	end = off + (uint64_t)entry_size * n;
	if (off == 0)
		end = file.n;
	if (end > file.n || !bytes_sub(file, end, file.n - end, ret))
		return kx_fail(err, -EBADMSG,
			       "vmlinux: the section headers end at %" PRIu64
			       ", but the file has %zu bytes",
			       end, file.n);
	return 0;
}

int vmlinux_parse(struct bytes file, struct vmlinux *ret, struct kx_error *err)
{
	struct vmlinux v = { 0 };
	int r = elf_parse(file, &v.elf, err);

	if (r < 0)
		return kx_fail_in(err, -EBADMSG, "vmlinux");
	if (!v.elf.is_64bit || v.elf.machine != EM_X86_64 || v.elf.type != ET_EXEC)
		return kx_fail(err, -EBADMSG, "vmlinux: not an executable for x86_64");
	r = find_span(&v, err);
	if (r < 0)
		return r;
	r = find_table(file, &v.table, err);
	if (r < 0)
		return r;
	*ret = v;
	return 0;
}

void vmlinux_lay_out(const struct vmlinux *vmlinux, uint8_t *image)
{
	for (size_t i = 0; i < vmlinux->elf.n_loads; i++) {
		const struct elf_segment *s = &vmlinux->elf.loads[i];

		if (s->data.n)
			memcpy(image + (s->paddr - vmlinux->start), s->data.p, s->data.n);
	}
}

/* Splits the table: each list follows a word of 0. The one for 64 bits is first, that for 32
 * bits last, and in between, up to Linux 6.14, is the inverse one for addresses in per-CPU data
 * that were linked at 0. */
static int split_table(struct bytes table, struct vmlinux_relocs *ret, struct kx_error *err)
{
	struct bytes lists[3];
	size_t n = 0, start = 0;

	for (size_t at = 0; table.n - at >= WORD; at += WORD) {
		const uint32_t word = get_le32(table.p + at);

		if (word && at)
			continue;
		if (word || n == 3)
			return kx_fail(err, -EBADMSG,
				       word ? "the relocation table begins with %#" PRIx32
					      " instead of 0"
					    : "the relocation table has more than three lists",
				       word);
		if (n)
			lists[n - 1] = (struct bytes){ table.p + start, at - start };
		n++;
		start = at + WORD;
	}
	if (n < 2 || table.n % WORD)
		return kx_fail(err, -EBADMSG,
			       "the relocation table of %zu bytes has %zu lists, not 2 or 3",
			       table.n, n);
	lists[n - 1] = (struct bytes){ table.p + start, table.n - start };
	ret->add64 = lists[0];
	ret->subtract32 = n == 3 ? lists[1] : (struct bytes){ table.p, 0 };
	ret->add32 = lists[n - 1];
	return 0;
}

/* Virtual address of the first byte of the kernel as it is laid out. */
static uint64_t virtual_start(const struct vmlinux *v)
{
	return VMLINUX_MAP_BASE + v->start;
}

/* Offset of the place that entry @i of @list names, in the kernel laid out from virtual address
 * @start on. An address outside of any kernel gives an offset beyond KERNEL_IMAGE_SIZE. */
static inline uint64_t place_of(uint64_t start, struct bytes list, size_t i)
{
	return (uint64_t)(int64_t)(int32_t)get_le32(list.p + i * WORD) - start;
}

/* Checks a list: each place occurs once and lies in the kernel, and at least @percent of the
 * values there are addresses of kernel text or data (0: none are). */
static int check_list(const struct vmlinux *v, const uint8_t *image, struct bytes list,
		      unsigned width, unsigned percent, struct kx_error *err)
{
	const uint64_t size = v->end - v->start, start = virtual_start(v);
	const size_t n = list.n / WORD;
	uint64_t least = 0;
	size_t addresses = 0;

	for (size_t i = 0; i < n; i++) {
		const uint64_t at = place_of(start, list, i);

		if (at < least || at > size || size - at < width)
			return kx_fail(err, -EBADMSG,
				       "relocation %zu of %zu (%u bits): %#" PRIx32
				       " is out of order or outside the kernel",
				       i, n, width * 8, get_le32(list.p + i * WORD));
		least = at + 1;
		if (width == 8)
			addresses += get_le64(image + at) >= VMLINUX_MAP_BASE;
		else
			addresses += get_le32(image + at) >= (uint32_t)VMLINUX_MAP_BASE;
	}
	if (percent ? addresses * UINT64_C(100) < n * (uint64_t)percent : addresses > 0)
		return kx_fail(err, -EBADMSG,
			       "of %zu places to relocate (%u bits, %s) %zu hold addresses", n,
			       width * 8, percent ? "upwards" : "downwards", addresses);
	return 0;
}

int vmlinux_find_relocs(const struct vmlinux *vmlinux, const uint8_t *image,
			struct vmlinux_relocs *ret, struct kx_error *err)
{
	const uint64_t span =
		(vmlinux->end - vmlinux->start + VMLINUX_ALIGN - 1) & ~(VMLINUX_ALIGN - 1);
	struct vmlinux_relocs relocs;
	int r;

	if (!vmlinux->table.n)
		return kx_fail(err, -ENODATA, "the kernel has no relocation table");
	r = split_table(vmlinux->table, &relocs, err);
	if (r < 0)
		return r;
	if (!relocs.add64.n || !relocs.add32.n)
		return kx_fail(err, -EBADMSG, "a list of the relocation table is empty");
	if (vmlinux->start >= KERNEL_IMAGE_SIZE)
		return kx_fail(err, -EBADMSG,
			       "the kernel starts at %#" PRIx64 ", where none can map itself",
			       vmlinux->start);
	r = check_list(vmlinux, image, relocs.add64, 8, ADDRESSES_MIN_PERCENT, err);
	if (r < 0)
		return r;
	r = check_list(vmlinux, image, relocs.add32, 4, ADDRESSES_MIN_PERCENT, err);
	if (r < 0)
		return r;
	r = check_list(vmlinux, image, relocs.subtract32, 4, 0, err);
	if (r < 0)
		return r;
	/* compressed/kaslr.c, find_random_virt_addr() */
	relocs.slots = 1;
	if (vmlinux->start + span <= KERNEL_IMAGE_SIZE)
		relocs.slots += (KERNEL_IMAGE_SIZE - vmlinux->start - span) / VMLINUX_ALIGN;
	*ret = relocs;
	return 0;
}

static void add_to_32(const struct vmlinux *v, struct bytes list, uint32_t slide, uint8_t *image)
{
	const uint64_t start = virtual_start(v);

	for (size_t i = 0; i < list.n / WORD; i++) {
		uint8_t *at = image + place_of(start, list, i);

		put_le32(at, get_le32(at) + slide);
	}
}

void vmlinux_slide(const struct vmlinux *vmlinux, const struct vmlinux_relocs *relocs,
		   uint64_t slide, uint8_t *image)
{
	const uint64_t start = virtual_start(vmlinux);

	assert(slide % VMLINUX_ALIGN == 0 && slide / VMLINUX_ALIGN < relocs->slots);
	for (size_t i = 0; i < relocs->add64.n / WORD; i++) {
		uint8_t *at = image + place_of(start, relocs->add64, i);

		put_le64(at, get_le64(at) + slide);
	}
	add_to_32(vmlinux, relocs->subtract32, (uint32_t)-slide, image);
	add_to_32(vmlinux, relocs->add32, (uint32_t)slide, image);
}
