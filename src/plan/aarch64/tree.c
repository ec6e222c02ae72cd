// SPDX-License-Identifier: LGPL-2.1-or-later
/* The device tree of the next kernel as a segment: the running one's, or what the request has in its place. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fdt/next-tree.h"
#include "fdt/tree-facts.h"
#include "plan/aarch64/aarch64.h"

/* Kernels before 5.14 map no more than the 2 MiB in which it begins. A segment that is aligned to its size, or more,
 * crosses no such border. */
static uint64_t tree_align(uint64_t n)
{
	uint64_t align = SEGMENT_ALIGN;

	while (align < n)
		align *= 2;
	return align;
}

/* A tree of a file is filled in by the boot loader, which is not run: without memory in it the kernel finds none. */
static int check_given(const struct planner *p)
{
	struct tree_facts facts;
	int r = tree_facts_read(p->req->dtb, &facts, p->err);

	if (r == 0 && !facts.has_memory)
		r = kx_fail(p->err, -EOPNOTSUPP,
			    "the device tree that was given does not say where memory is, which "
			    "the boot loader fills in; leave it out, and the running kernel's is "
			    "used");
	return r;
}

static int source(struct planner *p, struct bytes *ret)
{
	const struct aarch64_machine *own = &p->machine->aarch64;

	if (p->req->dtb.n) {
		*ret = p->req->dtb;
		return check_given(p);
	}
	if (!own->tree)
		return kx_fail_file(
			p->err,
			kx_fail(p->err, -ENOENT,
				"/sys/firmware/fdt: this machine's device tree cannot be "
				"read, and no kernel for arm64 starts without one"),
			"/sys/firmware/fdt");
	*ret = (struct bytes){ own->tree, own->n_tree };
	return own->tree_is_assumed
		       ? planner_warn(p,
				      "there is no /sys/firmware/fdt: this plan is made with an "
				      "empty device tree, whose size is not that of the machine's")
		       : 0;
}

static int reservations(struct planner *p, struct tree_reservation **ret, size_t *ret_n)
{
	const struct ranges *tables = &p->machine->aarch64.lpi.tables;
	struct tree_reservation *v = calloc(tables->n + 1, sizeof(*v));

	if (!v)
		return planner_out_of_memory(p);
	for (size_t i = 0; i < tables->n; i++)
		v[i] = (struct tree_reservation){ tables->v[i].start, range_size(tables->v[i]) };
	*ret = v;
	*ret_n = tables->n;
	return 0;
}

/* Of its memory the one that it lies in is first. A third reservation is not known to kernels, which only have less then. */
static void usable(const struct planner *p, struct tree_reservation v[TREE_USABLE_MAX],
		   struct tree_change *change)
{
	const struct ranges *crash = &p->machine->crash;
	const struct range *region = planner_crash_region(p->machine), header = p->crash_header;

	if (!planner_is_crash(p))
		return;
	change->dump_header = (struct tree_reservation){ header.start, range_size(header) };
	v[0] = (struct tree_reservation){ region->start, range_size(*region) };
	change->usable = v;
	change->n_usable = 1;
	for (size_t i = 0; i < crash->n && change->n_usable < TREE_USABLE_MAX; i++)
		if (&crash->v[i] != region)
			v[change->n_usable++] =
				(struct tree_reservation){ crash->v[i].start,
							   range_size(crash->v[i]) };
}

static int seeds(struct planner *p, struct tree_change *change)
{
	change->rng_seed = (struct bytes){ p->machine->rng_seed, p->machine->n_rng_seed };
	if (p->machine->has_random) {
		change->kaslr_seed = p->machine->random_virtual;
		return 0;
	}
	return planner_warn(p, "the kernel's text will lie at its link address: this plan is made "
			       "without random numbers");
}

/* Makes the bytes, which the plan owns. */
static int make(struct planner *p, struct range initrd, uint64_t initrd_n, struct bytes *ret)
{
	_cleanup_free_ struct tree_reservation *reserved = NULL;
	_cleanup_free_ uint8_t *made = NULL;
	struct tree_change change = {
		.cmdline = p->plan->cmdline,
		.initrd = initrd.start,
		.initrd_n = initrd_n,
	};
	const struct stamps stamps = {
		.magic = STAMPS_MAGIC,
		.version = 1,
		.tsc_khz = p->machine->aarch64.ticks_khz,
	};
	struct tree_reservation v[TREE_USABLE_MAX];
	struct bytes tree;
	uint8_t *kept;
	size_t n;
	int r = source(p, &tree);

	change.stamps = (struct bytes){ (const uint8_t *)&stamps, sizeof(stamps) };
	usable(p, v, &change);
	if (r == 0)
		r = reservations(p, &reserved, &change.n_reserved);
	change.reserved = reserved;
	if (r == 0)
		r = seeds(p, &change);
	if (r == 0)
		r = next_tree(tree, &change, &made, &n, p->err);
	if (r < 0)
		return r;
	kept = planner_alloc(p, n);
	if (!kept)
		return planner_out_of_memory(p);
	memcpy(kept, made, n);
	*ret = (struct bytes){ kept, n };
	return 0;
}

/* The digest covers what the purgatory does not write to. */
static int find_stamps(struct planner *p, struct bytes tree, struct range dest, uint64_t *ret)
{
	struct planned_segment *s = &p->segments[p->n_segments - 1];
	int r = tree_stamps(tree, &s->written, &s->n_written, p->err);

	*ret = dest.start + s->written;
	return r;
}

int add_tree(struct planner *p, struct range initrd, uint64_t initrd_n, struct range *ret,
	     uint64_t *ret_stamps)
{
	struct place place = {
		.what = "device tree",
		.bounds = { 0, UINT64_C(1) << 48 },
	};
	struct bytes tree;
	int r = make(p, initrd, initrd_n, &tree);

	if (r < 0)
		return r;
	place.size = tree.n;
	place.align = tree_align(tree.n);
	r = planner_find(p, &place, ret);
	if (r == 0)
		r = planner_add(p, "device tree", tree, *ret, tree.n);
	return r < 0 ? r : find_stamps(p, tree, *ret, ret_stamps);
}
