// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes segments of whole pages from PT_LOADs. Most use the file's bytes directly; those that
 * begin inside a page, or share one with a neighbour, are copied into one buffer. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plan/x86_64/x86_64.h"

static int compare_paddr(const void *a, const void *b)
{
	uint64_t x = ((const struct elf_segment *)a)->paddr;
	uint64_t y = ((const struct elf_segment *)b)->paddr;

	return x < y ? -1 : x > y;
}

/* PT_LOADs that are not empty, by physical address, disjoint. */
static int sort_loads(struct planner *p, const struct elf *elf, struct elf_segment *ret,
		      size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct elf_segment *s = &elf->loads[i];

		if (!s->mem_size)
			continue;
		if (s->paddr >= X86_64_END || s->mem_size > X86_64_END - s->paddr)
			return kx_fail(p->err, -EBADMSG,
				       "ELF segment %zu ends above %#llx: physical address %#llx, "
				       "%llu bytes",
				       i, (unsigned long long)X86_64_END,
				       (unsigned long long)s->paddr,
				       (unsigned long long)s->mem_size);
		ret[n++] = *s;
	}
	if (!n)
		return kx_fail(p->err, -EBADMSG, "the ELF file has nothing to load");
	qsort(ret, n, sizeof(*ret), compare_paddr);
	for (size_t i = 1; i < n; i++)
		if (ret[i].paddr < ret[i - 1].paddr + ret[i - 1].mem_size)
			return kx_fail(p->err, -EBADMSG,
				       "two ELF segments claim physical address %#llx",
				       (unsigned long long)ret[i].paddr);
	*ret_n = n;
	return 0;
}

static struct range pages_of(const struct elf_segment *s)
{
	return (struct range){ round_down(s->paddr, PAGE_SIZE),
			       round_up(s->paddr + s->mem_size, PAGE_SIZE) };
}

int elf_span(struct planner *p, const struct elf *elf, struct range *ret)
{
	struct elf_segment loads[ELF_SEGMENTS_MAX];
	size_t n;
	int r = sort_loads(p, elf, loads, &n);

	if (r < 0)
		return r;
	*ret = (struct range){ pages_of(&loads[0]).start, pages_of(&loads[n - 1]).end };
	return 0;
}

/* Contents of @n PT_LOADs from the page boundary @start on. */
static int join(struct planner *p, const struct elf_segment *loads, size_t n, uint64_t start,
		struct bytes *ret)
{
	size_t size = 0;
	uint8_t *buf;

	if (n == 1 && loads[0].paddr == start) {
		*ret = loads[0].data;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (loads[i].data.n)
			size = (size_t)(loads[i].paddr - start) + loads[i].data.n;
	buf = planner_alloc(p, size);
	if (!buf)
		return planner_out_of_memory(p);
	for (size_t i = 0; i < n; i++)
		if (loads[i].data.n)
			memcpy(buf + (loads[i].paddr - start), loads[i].data.p, loads[i].data.n);
	*ret = (struct bytes){ buf, size };
	return 0;
}

static int add_one(struct planner *p, const struct elf_segment *loads, size_t n, struct range dest,
		   uint64_t shift)
{
	struct bytes data;
	int r = join(p, loads, n, dest.start, &data);

	if (r < 0)
		return r;
	dest = (struct range){ dest.start + shift, dest.end + shift };
	if (!planner_is_free(p, dest))
		return kx_fail(p->err, -EADDRNOTAVAIL,
			       "the image must lie at %#llx to %#llx, which is not free RAM",
			       (unsigned long long)dest.start, (unsigned long long)dest.end);
	return planner_add(p, "kernel", data, dest, data.n);
}

int add_elf_segments(struct planner *p, const struct elf *elf, uint64_t shift, bool fill)
{
	struct elf_segment loads[ELF_SEGMENTS_MAX];
	size_t n;
	int r = sort_loads(p, elf, loads, &n);

	if (r < 0)
		return r;
	for (size_t i = 0, run; i < n; i += run) {
		struct range dest = pages_of(&loads[i]);

		for (run = 1; i + run < n; run++) {
			struct range next = pages_of(&loads[i + run]);

			if (next.start >= dest.end) {
				if (fill)
					dest.end = next.start;
				break;
			}
			dest.end = next.end;
		}
		r = add_one(p, &loads[i], run, dest, shift);
		if (r < 0)
			return r;
	}
	return 0;
}
