// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the header of a memory dump is made of: RAM out of /proc/iomem, where processors and the kernel
 * leave notes out of sysfs, virtual addresses out of the program headers of /proc/kcore. All of it is
 * read when a crash kernel is placed by kexec_load(2); for kexec_file_load(2) the kernel knows itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/lines.h"
#include "base/num.h"
#include "lib/dump-facts.h"
#include "lib/kcore.h"

#define PROCESSORS "/sys/devices/system/cpu"
#define KCORE "/proc/kcore"
#define VMCOREINFO "/sys/kernel/vmcoreinfo"

enum {
	IOMEM_MAX = 16 << 20,
	PROCESSORS_MAX = 65536,
	/* kernels before 3.13 do not say (drivers/base/cpu.c, crash_notes_size) */
	NOTE_SIZE_DEFAULT = 1024,
	NOTES_MAX = 1 << 20, /* of /proc/kcore; registers and VMCOREINFO are a few KiB */
};

static int no_memory(struct kx_error *err)
{
	return kx_fail(err, -ENOMEM, "out of memory");
}

/* ---- RAM */

static int ram_read(struct kx_ctx *ctx, struct dump_facts *facts, struct kx_error *err)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct iomem iomem;
	size_t n;
	int r = read_file_in(ctx->machine_root, "/proc/iomem", IOMEM_MAX, &text, &n);

	if (r < 0)
		return kx_fail_path(err, r, "/proc/iomem");
	r = iomem_parse((struct bytes){ text, n }, &iomem, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < iomem.map.n; i++)
		if (iomem.map.v[i].type == MEMORY_RAM ||
		    iomem.map.v[i].type == MEMORY_DRIVER_MANAGED)
			r = ranges_add(&facts->ram, iomem.map.v[i].range);
	facts->unreadable = TAKE(iomem.unreadable, (struct ranges){ 0 });
	/* arm64 has no line for .bss: it is a part of its data (arch/arm64/kernel/setup.c) */
	facts->kernel = (struct range){ iomem.kernel_code.start, iomem.kernel_bss.end
									 ? iomem.kernel_bss.end
									 : iomem.kernel_data.end };
	iomem_done(&iomem);
	return r < 0 ? no_memory(err) : 0;
}

/* ---- notes */

/* "1f9c39600", without 0x */
static int read_hex(struct kx_ctx *ctx, const char *path, uint64_t *ret)
{
	_cleanup_free_ char *line = NULL;
	const char *s;
	int r = read_line_in(ctx->machine_root, path, &line);

	if (r < 0)
		return r;
	s = line;
	return take_hex_u64(&s, ret) && !*s ? 0 : -EINVAL;
}

static int compare_numbers(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

/* Numbers of the processors that sysfs lists, in order; PROCESSORS_MAX at most. */
static int processors(struct kx_ctx *ctx, unsigned **ret, size_t *ret_n)
{
	_cleanup_names_ struct names names = { 0 };
	unsigned *numbers;
	size_t n = 0;
	int r = list_in(ctx->machine_root, PROCESSORS, &names);

	if (r < 0)
		return r;
	numbers = calloc(names.n + 1, sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	for (size_t i = 0; i < names.n && n < PROCESSORS_MAX; i++) {
		const char *s = names.v[i];

		if (take_prefix(&s, "cpu") && take_unsigned(&s, &numbers[n]) && !*s)
			n++;
	}
	qsort(numbers, n, sizeof(*numbers), compare_numbers);
	*ret = numbers;
	*ret_n = n;
	return 0;
}

/* Processors without notes are not there: -ENOENT is no error. */
static int note_read(struct kx_ctx *ctx, unsigned number, struct ranges *notes)
{
	char path[96];
	uint64_t at, size = NOTE_SIZE_DEFAULT;
	int r;

	(void)snprintf(path, sizeof(path), PROCESSORS "/cpu%u/crash_notes", number);
	r = read_hex(ctx, path, &at);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	(void)snprintf(path, sizeof(path), PROCESSORS "/cpu%u/crash_notes_size", number);
	if (read_u64_in(ctx->machine_root, path, &size) < 0 || size == 0 || size > UINT32_MAX)
		size = NOTE_SIZE_DEFAULT;
	if (at > UINT64_MAX - size)
		return -EINVAL;
	return ranges_add(notes, (struct range){ at, at + size });
}

static int notes_read(struct kx_ctx *ctx, struct ranges *notes, struct kx_error *err)
{
	_cleanup_free_ unsigned *numbers = NULL;
	size_t n = 0;
	int r = processors(ctx, &numbers, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = note_read(ctx, numbers[i], notes);
	if (r == 0 && notes->n == 0)
		r = -ENOENT;
	if (r == -ENOENT)
		return kx_fail(err, r,
			       PROCESSORS "/cpu*/crash_notes: not there, so a dump would have no "
					  "registers; load the crash kernel with kexec_file_load "
					  "(-s)");
	return r < 0 ? kx_fail_path(err, r, PROCESSORS) : 0;
}

/* "0x00000001003a6000 1024": address and size, both hexadecimal (kernel/ksysfs.c) */
static int vmcoreinfo_parse(const char *s, struct range *ret)
{
	uint64_t size;

	if (!take_hex_u64(&s, &ret->start) || !take_prefix(&s, " ") || !take_hex_u64(&s, &size) ||
	    *s || size == 0 || size > UINT32_MAX || ret->start > UINT64_MAX - size)
		return -EINVAL;
	ret->end = ret->start + size;
	return 0;
}

static int vmcoreinfo_read(struct kx_ctx *ctx, struct range *ret, struct kx_error *err)
{
	_cleanup_free_ char *line = NULL;
	int r = read_line_in(ctx->machine_root, VMCOREINFO, &line);

	if (r == 0)
		r = vmcoreinfo_parse(line, ret);
	return r < 0 ? kx_fail_path(err, r, VMCOREINFO) : 0;
}

/* ---- virtual addresses */

static bool is_in_ram(const struct dump_facts *facts, uint64_t address)
{
	for (size_t i = 0; i < facts->ram.n; i++)
		if (address >= facts->ram.v[i].start && address < facts->ram.v[i].end)
			return true;
	return false;
}

struct kcore_search {
	struct dump_facts *facts;
	Elf64_Phdr notes;
};

/* The kernel's text is the part that lies where /proc/iomem has "Kernel code"; of the others those in
 * RAM are the direct map. What is neither has a physical address of -1 (fs/proc/kcore.c). */
static bool take_part(const Elf64_Phdr *part, void *data)
{
	struct kcore_search *search = data;
	struct dump_facts *facts = search->facts;

	if (part->p_type == PT_NOTE && !search->notes.p_filesz)
		search->notes = *part;
	if (part->p_type != PT_LOAD)
		return true;
	if (part->p_paddr == facts->kernel.start) {
		facts->kernel_virtual = part->p_vaddr;
		facts->kernel.end = part->p_paddr + part->p_memsz;
	} else if (!facts->direct_map && is_in_ram(facts, part->p_paddr)) {
		facts->direct_map = part->p_vaddr - part->p_paddr;
	}
	return true;
}

/* Where no part is the kernel's text its notes tell how far virtual addresses of it are from physical ones, since Linux
 * 4.19: arch/arm64/kernel/vmcore_info.c. */
static int text_by_notes(int fd, const Elf64_Phdr *notes, struct dump_facts *facts)
{
	static const char word[] = "\nNUMBER(kimage_voffset)=0x";
	const size_t n = notes->p_filesz < NOTES_MAX ? notes->p_filesz : NOTES_MAX;
	_cleanup_free_ char *text = calloc(1, n + 1);
	uint64_t offset;
	const char *s;
	ssize_t got;

	if (!text)
		return -ENOMEM;
	got = read_at(fd, text, n, notes->p_offset);
	s = got > 0 ? memmem(text, (size_t)got, word, sizeof(word) - 1) : NULL;
	if (!s)
		return 0;
	s += sizeof(word) - 1;
	if (take_hex_u64(&s, &offset) && *s == '\n')
		facts->kernel_virtual = facts->kernel.start + offset;
	return 0;
}

static int parts_read(int fd, struct dump_facts *facts)
{
	struct kcore_search search = { .facts = facts };
	int r = kcore_parts(fd, take_part, &search);

	if (r == 0 && !facts->kernel_virtual)
		r = text_by_notes(fd, &search.notes, facts);
	return r < 0 || (facts->kernel_virtual && facts->direct_map) ? r : -ENODATA;
}

static int addresses_read(struct kx_ctx *ctx, struct dump_facts *facts, struct kx_error *err)
{
	_cleanup_close_ int fd = open_in(ctx->machine_root, KCORE, O_RDONLY);
	const int r = fd < 0 ? fd : parts_read(fd, facts);

	if (r == 0)
		return 0;
	(void)kx_fail(err, r,
		      KCORE ": %s: it does not tell where the running kernel is, which a dump's "
			    "header needs; load the crash kernel with kexec_file_load (-s)",
		      r == -ENODATA ? "no part of it is the kernel's text or the direct map"
				    : strerror(-r));
	return kx_fail_file(err, r, KCORE);
}

int dump_facts_read(struct kx_ctx *ctx, struct dump_facts *ret, struct kx_error *err)
{
	struct dump_facts facts = { 0 };
	int r = ram_read(ctx, &facts, err);

	if (r == 0)
		r = notes_read(ctx, &facts.notes, err);
	if (r == 0)
		r = vmcoreinfo_read(ctx, &facts.vmcoreinfo, err);
	if (r == 0)
		r = addresses_read(ctx, &facts, err);
	if (r < 0) {
		dump_facts_done(&facts);
		return kx_fail_at(err, r, KX_STEP_MACHINE);
	}
	*ret = facts;
	return 0;
}

/* ---- room that is not RAM for the running kernel's other uses */

/* "0x…-0x…" or without 0x, ends inclusive, a line each: kernel/ksysfs.c, crash_cma_ranges_show() */
static int cma_line(const char *line, struct ranges *ret)
{
	struct range range;

	if (!take_hex_u64(&line, &range.start) || !take_prefix(&line, "-") ||
	    !take_hex_u64(&line, &range.end) || range.end < range.start || range.end == UINT64_MAX)
		return -EBADMSG;
	range.end++;
	return ranges_add(ret, range);
}

int crash_cma_read(struct kx_ctx *ctx, struct ranges *ret)
{
	_cleanup_free_ uint8_t *raw = NULL;
	char *text, *save = NULL;
	size_t n;
	int r = read_file_in(ctx->machine_root, "/sys/kernel/kexec/crash_cma_ranges", 4096, &raw,
			     &n);

	if (r < 0)
		r = read_file_in(ctx->machine_root, "/sys/kernel/kexec_crash_cma_ranges", 4096,
				 &raw, &n);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	text = strndup((char *)raw, n);
	if (!text)
		return -ENOMEM;
	for (char *line = strtok_r(text, "\n", &save); r == 0 && line;
	     line = strtok_r(NULL, "\n", &save))
		r = cma_line(line, ret);
	free(text);
	/* a line that is not understood: then less memory for the crash kernel, and more in the dump */
	return r == -ENOMEM ? r : 0;
}

int crash_header_room(struct kx_ctx *ctx, uint64_t *ret)
{
	uint64_t size;
	int r = read_u64_in(ctx->machine_root, "/sys/kernel/kexec/crash_elfcorehdr_size", &size);

	if (r < 0)
		r = read_u64_in(ctx->machine_root, CRASH_ELFCOREHDR_SIZE, &size);
	if (r < 0)
		return r;
	if (size == 0 || size > CRASH_HEADER_MAX)
		return -EINVAL;
	*ret = size + sizeof(Elf64_Ehdr);
	return 0;
}
