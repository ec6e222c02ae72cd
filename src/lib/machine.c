// SPDX-License-Identifier: LGPL-2.1-or-later
/* A root's /proc and /sys -> struct machine: everything the planner wants to know, read once. */

#include <errno.h>
#include <stdlib.h>

#include "base/io.h"
#include "lib/arch.h"
#include "lib/dump-facts.h"
#include "lib/internal.h"

#define IOMEM "/proc/iomem"

enum { IOMEM_MAX = 16 << 20 };

static int iomem_read(struct kx_ctx *ctx, struct iomem *ret, struct kx_error *err)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r = read_file_in(ctx->machine_root, IOMEM, IOMEM_MAX, &text, &n);

	if (r < 0)
		return kx_fail_path(err, r, IOMEM);
	r = iomem_parse((struct bytes){ text, n }, ret, err);
	if (r < 0)
		return kx_fail_file(err, kx_fail_in(err, r, IOMEM), IOMEM);
	if (ret->zeroed) {
		iomem_done(ret);
		return kx_fail_file(err,
				    kx_fail(err, -EPERM,
					    IOMEM
					    ": every address reads as zero, as it does without "
					    "CAP_SYS_ADMIN; run as root"),
				    IOMEM);
	}
	return 0;
}

static int memory_check(const struct machine *machine, struct kx_error *err)
{
	return machine->memory.n
		       ? 0
		       : kx_fail_file(err, kx_fail(err, -ENOENT, IOMEM ": it lists no System RAM"),
				      IOMEM);
}

/* A crash kernel may be loaded there, and must stay whole until the jump is certain. */
static int keep_crash_memory(struct kx_ctx *ctx, const struct iomem *iomem, struct machine *machine)
{
	int r = crash_cma_read(ctx, &machine->crash_cma);

	for (size_t i = 0; r == 0 && i < iomem->crash.n; i++) {
		r = ranges_add(&machine->crash, iomem->crash.v[i]);
		if (r == 0)
			r = ranges_add(&machine->keep_off, iomem->crash.v[i]);
	}
	return r;
}

/* Without random numbers addresses are not randomised: they would be predictable. */
static void random_read(struct kx_ctx *ctx, struct machine *machine)
{
	uint64_t random[2];

	if (ctx->sys->random(ctx->sys, random, sizeof(random)) < 0)
		return;
	machine->has_random = true;
	machine->random_physical = random[0];
	machine->random_virtual = random[1];
}

int machine_read(struct kx_ctx *ctx, struct machine *ret, struct kx_error *err)
{
	struct machine machine = { 0 };
	struct iomem iomem = { 0 };
	const struct arch *arch;
	int r = arch_of(ctx, &arch, err);

	if (r < 0)
		return r;
	machine.planner = arch->planner;
	r = iomem_read(ctx, &iomem, err);
	if (r == 0)
		r = arch->machine_read(ctx, &iomem, &machine);
	if (r == 0)
		r = keep_crash_memory(ctx, &iomem, &machine);
	iomem_done(&iomem);
	if (r == -ENOMEM)
		(void)kx_fail(err, r, "out of memory");
	if (r == 0)
		r = memory_check(&machine, err);
	if (r < 0) {
		machine_done(&machine);
		return kx_fail_at(err, r, KX_STEP_MACHINE);
	}
	if (!ctx->captured) {
		random_read(ctx, &machine);
		if (ctx->sys->random(ctx->sys, machine.rng_seed, sizeof(machine.rng_seed)) == 0)
			machine.n_rng_seed = sizeof(machine.rng_seed);
	}
	*ret = machine;
	return 0;
}
