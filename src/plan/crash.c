// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is different about a crash kernel: it lies in the memory that was reserved for it at boot, that
 * is all the RAM it is told of, and it is told where the header of the dump is. The kernel does the same
 * for kexec_file_load(2): arch/x86/kernel/crash.c, crash_setup_memmap_entries().
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plan/planner.h"

/* The region that kexec_load(2) accepts for crash kernels: with a low and a high reservation the high
 * one (crashk_res), the low one is for what devices need (crashk_low_res). */
const struct range *planner_crash_region(const struct machine *machine)
{
	const struct range *best = NULL;

	for (size_t i = 0; i < machine->crash.n; i++)
		if (!best || machine->crash.v[i].start > best->start)
			best = &machine->crash.v[i];
	return best;
}

static int set_bounds(struct planner *p)
{
	const struct range *region = planner_crash_region(p->machine);

	if (!region)
		return kx_fail_at(p->err,
				  kx_fail(p->err, -ENXIO,
					  "no memory is reserved for a crash kernel: boot with "
					  "crashkernel=SIZE"),
				  KX_STEP_MACHINE);
	if (p->bounds.start < region->start)
		p->bounds.start = region->start;
	if (p->bounds.end > region->end)
		p->bounds.end = region->end;
	return 0;
}

/* Reserved memory and tables of the firmware as they are; of RAM only what the old kernel has not
 * used. */
static int declare_memory(struct planner *p)
{
	const struct machine *machine = p->machine;
	struct memmap *memory = &p->plan->memory;
	int r = 0;

	for (size_t i = 0; r == 0 && i < machine->memory.n; i++) {
		struct memory_range m = machine->memory.v[i];

		if (m.type == MEMORY_DRIVER_MANAGED)
			continue;
		if (m.type == MEMORY_RAM && m.range.end > p->arch->low_end)
			m.range.end = p->arch->low_end;
		r = memmap_add(memory, m.range, m.type);
	}
	for (size_t i = 0; r == 0 && i < machine->crash.n; i++)
		r = memmap_add(memory, machine->crash.v[i], MEMORY_RAM);
	for (size_t i = 0; r == 0 && i < machine->crash_cma.n; i++)
		r = memmap_add(memory, machine->crash_cma.v[i], MEMORY_RAM);
	if (r == 0)
		r = memmap_normalise(memory);
	return r < 0 ? planner_out_of_memory(p) : 0;
}

static int cut_all(struct ranges *set, const struct ranges *holes)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < holes->n; i++)
		r = ranges_cut(set, holes->v[i]);
	return r;
}

/* RAM that held something of the old kernel. */
static int ram_to_save(const struct planner *p, struct ranges *ret)
{
	const struct machine *machine = p->machine;
	int r = 0;

	for (size_t i = 0; r == 0 && i < machine->dump.ram.n; i++)
		r = ranges_add(ret, machine->dump.ram.v[i]);
	if (r == 0)
		r = ranges_cut(ret, (struct range){ 0, p->arch->low_end });
	if (r == 0)
		r = cut_all(ret, &machine->crash);
	if (r == 0)
		r = cut_all(ret, &machine->crash_cma);
	return r == 0 ? cut_all(ret, &machine->dump.unreadable) : r;
}

static int make_header(struct planner *p, struct bytes *ret)
{
	struct ranges ram = { 0 };
	struct bytes header;
	uint8_t *kept;
	int r = ram_to_save(p, &ram);

	if (r == 0)
		r = elfcorehdr_make(&p->machine->dump, &ram, p->arch->elf_machine, &header);
	ranges_done(&ram);
	if (r == -E2BIG)
		return kx_fail(
			p->err, r,
			"memory and processors have more parts than a dump's ELF header holds");
	if (r < 0)
		return planner_out_of_memory(p);
	kept = planner_alloc(p, header.n);
	if (kept)
		memcpy(kept, header.p, header.n);
	free((void *)(uintptr_t)header.p);
	*ret = (struct bytes){ kept, header.n };
	return kept ? 0 : planner_out_of_memory(p);
}

/* Adds the header as a segment that the crash kernel does not use as memory. With hotplug the running
 * kernel rewrites it, larger if need be, and it is in no digest. */
static int add_header(struct planner *p, struct range *ret)
{
	const bool hotplug = p->req->flags & KX_REQ_HOTPLUG;
	struct place place = { .what = "header of the dump (elfcorehdr)",
			       .bounds = { 0, UINT64_MAX } };
	struct bytes header;
	int r = make_header(p, &header);

	if (r < 0)
		return r;
	place.size = header.n;
	if (hotplug && p->machine->dump.header_size > place.size)
		place.size = p->machine->dump.header_size;
	r = planner_find(p, &place, ret);
	if (r < 0)
		return r;
	r = planner_add(p, "elfcorehdr", header, *ret, hotplug ? 0 : header.n);
	if (r == 0 && memmap_cut(&p->plan->memory, *ret) < 0)
		r = planner_out_of_memory(p);
	return r;
}

/* Documentation/admin-guide/kernel-parameters.txt, elfcorehdr=[size[KMG]@]offset[KMG] */
static int add_words(struct planner *p, struct range header)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	char *made;

	strbuf_add(&line, p->plan->cmdline);
	if (p->req->flags & KX_REQ_MEMMAP_CMDLINE && p->arch->memory_words)
		p->arch->memory_words(&p->plan->memory, &line);
	strbuf_addf(&line, "%selfcorehdr=%lluK", line.n ? " " : "",
		    (unsigned long long)header.start >> 10);
	if (strbuf_take(&line, &made) < 0)
		return planner_out_of_memory(p);
	free(p->plan->cmdline);
	p->plan->cmdline = made;
	return 0;
}

int planner_begin_crash(struct planner *p)
{
	int r = set_bounds(p);

	if (r == 0)
		r = declare_memory(p);
	if (r == 0)
		r = add_header(p, &p->crash_header);
	return r == 0 && !p->arch->crash_in_tree ? add_words(p, p->crash_header) : r;
}
