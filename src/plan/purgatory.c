// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes the segment of the purgatory: its blob with the arguments filled in, among them the
 * segments to check. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "fundamental/crc32c.h"
#include "fundamental/digest.h"
#include "fundamental/put.h"
#include "plan/planner.h"

#define SERIAL_PORT_DEFAULT 0x3f8 /* COM1 */

static uint32_t flags_of(const struct planner *p)
{
	const struct plan_request *req = p->req;
	uint32_t flags = 0;

	if (!(req->flags & KX_REQ_NO_DIGEST))
		flags |= PURGATORY_CHECK;
	if (req->flags & KX_REQ_CONSOLE_SERIAL) {
		flags |= PURGATORY_SERIAL;
		if (req->serial_divisor)
			flags |= PURGATORY_SERIAL_BAUD;
	}
	if (req->flags & KX_REQ_CONSOLE_VGA)
		flags |= PURGATORY_SCREEN;
	if (req->flags & KX_REQ_RESET_VGA)
		flags |= PURGATORY_RESET_SCREEN;
	if (p->machine->has_crc32)
		flags |= PURGATORY_CRC32C_INSN;
	return flags;
}

/* Adds the part of @blob behind its arguments that does not change while it runs at @dest. */
static void add_own_region(struct bytes blob, struct range dest, struct purgatory_args *args)
{
	const uint64_t end = get_le64(blob.p + blob.n - PURGATORY_TRAILER);
	struct digest d;

	assert(end > PURGATORY_START && end < blob.n);
	digest_bytes(blob.p + PURGATORY_START, end - PURGATORY_START, crc32c_has_insn(), &d);
	args->regions[args->n_regions++] = (struct purgatory_region){
		.start = dest.start + PURGATORY_START,
		.n = end - PURGATORY_START,
		.crc = { d.crc[0], d.crc[1], d.crc[2] },
	};
}

static void digest_of(const struct plan_request *req, struct bytes data, struct digest *ret)
{
	if (req->has_initrd_digest && data.p == req->initrd.p && data.n == req->initrd.n)
		*ret = req->initrd_digest;
	else
		digest_bytes(data.p, data.n, crc32c_has_insn(), ret);
}

/* Adds bytes [from, to) of a segment, if there are any. */
static int add_region(const struct planner *p, const struct segment *s, size_t from, size_t to,
		      struct purgatory_args *args)
{
	struct digest d;

	if (from == to)
		return 0;
	if (args->n_regions == PURGATORY_REGIONS_MAX - 1)
		return kx_fail(p->err, -E2BIG, "more than %u segments for the purgatory to check",
			       PURGATORY_REGIONS_MAX - 1);
	digest_of(p->req, (struct bytes){ s->data.p + from, to - from }, &d);
	args->regions[args->n_regions++] = (struct purgatory_region){
		.start = s->dest.start + from,
		.n = to - from,
		.crc = { d.crc[0], d.crc[1], d.crc[2] },
	};
	return 0;
}

/* One of the regions is for the purgatory itself. */
static int fill_regions(const struct planner *p, struct purgatory_args *args)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_segments; i++) {
		const struct planned_segment *s = &p->segments[i];

		if (!s->segment.digested)
			continue;
		r = add_region(p, &s->segment, 0, s->n_written ? s->written : s->n_checked, args);
		if (r == 0 && s->n_written)
			r = add_region(p, &s->segment, s->written + s->n_written, s->n_checked,
				       args);
	}
	return r;
}

static void fill_clear(const struct handover *handover, struct purgatory_args *args)
{
	for (size_t i = 0; i < handover->n_clear; i++)
		args->clear[args->n_clear++] = (struct purgatory_clear){
			.start = handover->clear[i].start,
			.n = range_size(handover->clear[i]),
		};
}

static int find_room(struct planner *p, const struct handover *handover, struct range *ret)
{
	const struct place place = {
		.what = "purgatory",
		.size = p->arch->purgatory->n,
		.bounds = { 0, handover->end },
	};

	return planner_find(p, &place, ret);
}

int planner_place_purgatory(struct planner *p, struct handover *handover)
{
	int r = find_room(p, handover, &handover->dest);

	if (r == 0 && ranges_add(&p->taken, handover->dest) < 0)
		r = planner_out_of_memory(p);
	return r;
}

int planner_add_purgatory(struct planner *p, const struct handover *handover)
{
	struct purgatory_args args = {
		.magic = PURGATORY_MAGIC,
		.flags = flags_of(p),
		.entry = handover->entry,
		.argument = handover->argument,
		.stamps = handover->stamps,
		.entry_mode = handover->mode,
		.serial_port = p->req->serial_port ? p->req->serial_port : SERIAL_PORT_DEFAULT,
		.serial_divisor = p->req->serial_divisor,
		.page_tables = handover->page_tables,
		.serial_registers = handover->serial_registers,
		.serial_kind = handover->serial_kind,
		.serial_shift = handover->serial_shift,
		.serial_width = handover->serial_width,
		.firmware_call = handover->firmware_call,
	};
	const struct bytes code = *p->arch->purgatory;
	struct range dest = handover->dest;
	struct digest self;
	uint8_t *blob;
	int r = range_size(dest) ? 0 : find_room(p, handover, &dest);

	if (r < 0)
		return r;
	fill_clear(handover, &args);
	if (args.flags & PURGATORY_CHECK) {
		r = fill_regions(p, &args);
		if (r < 0)
			return r;
		add_own_region(code, dest, &args);
	}
	digest_bytes(&args, offsetof(struct purgatory_args, self), crc32c_has_insn(), &self);
	memcpy(args.self, self.crc, sizeof(args.self));
	blob = planner_alloc(p, code.n);
	if (!blob)
		return planner_out_of_memory(p);
	memcpy(blob, code.p, code.n);
	memcpy(blob, &args, sizeof(args));
	r = planner_add(p, "purgatory", (struct bytes){ blob, code.n }, dest, 0);
	if (r < 0)
		return r;
	p->plan->entry = dest.start + PURGATORY_START;
	p->plan->kernel_entry = handover->entry;
	return 0;
}
