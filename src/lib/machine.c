// SPDX-License-Identifier: LGPL-2.1-or-later
/* A root's /proc and /sys -> struct machine: everything the planner wants to know, read once. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "lib/arch.h"
#include "lib/dump-facts.h"
#include "lib/internal.h"

#define IOMEM "/proc/iomem"

enum {
	IOMEM_MAX = 16 << 20,
	SMALL_FILE_MAX = 64 << 10,
};

/* ---- the memory map */

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

static int firmware_entry(struct kx_ctx *ctx, const char *name, struct memmap *map)
{
	static const char *const files[] = { "start", "end", "type" };
	struct bytes text[3] = { 0 };
	uint8_t *buf[3] = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < 3; i++) {
		char path[320];

		(void)snprintf(path, sizeof(path), "/sys/firmware/memmap/%s/%s", name, files[i]);
		r = read_file_in(ctx->machine_root, path, SMALL_FILE_MAX, &buf[i], &text[i].n);
		text[i].p = buf[i];
	}
	if (r == 0)
		r = firmware_memmap_add(map, text[0], text[1], text[2], NULL);
	for (size_t i = 0; i < 3; i++)
		free(buf[i]);
	return r;
}

/*
 * The map as firmware gave it is what the next kernel should see: /proc/iomem shows what mem= and
 * memmap= of this boot left of it. It is not used where it is known to be incomplete
 * (add_efi_memmap added ranges; under Xen it is the hypervisor's) or cannot be read: then
 * /proc/iomem is used.
 */
static int firmware_map_read(struct kx_ctx *ctx, struct memmap *map)
{
	_cleanup_free_ char *cmdline = NULL;
	_cleanup_names_ struct names names = { 0 };
	int r = read_line_in(ctx->machine_root, "/proc/cmdline", &cmdline);

	if (r < 0 || has_word(cmdline, "add_efi_memmap"))
		return -ENOENT;
	r = list_in(ctx->machine_root, "/sys/firmware/memmap", &names);
	for (size_t i = 0; r >= 0 && i < names.n; i++)
		r = firmware_entry(ctx, names.v[i], map);
	if (r >= 0 && map->n == 0)
		r = -ENOENT;
	return r < 0 ? r : memmap_normalise(map);
}

static int memory_read(struct kx_ctx *ctx, struct machine *machine, struct kx_error *err)
{
	struct iomem iomem = { 0 };
	int r = iomem_read(ctx, &iomem, err);

	if (r < 0)
		return r;
	machine->crash = TAKE(iomem.crash, (struct ranges){ 0 });
	machine->keep_off = TAKE(iomem.keep_off, (struct ranges){ 0 });
	r = crash_cma_read(ctx, &machine->crash_cma);
	/* The reservation of a crash kernel is no target: the crash kernel has to stay intact until
	 * the jump. */
	for (size_t i = 0; r == 0 && i < machine->crash.n; i++)
		r = ranges_add(&machine->keep_off, machine->crash.v[i]);
	if (r < 0)
		goto done;

	r = firmware_map_read(ctx, &machine->memory);
	if (r == -ENOMEM)
		goto done;
	if (r < 0) {
		memmap_done(&machine->memory);
		machine->memory = TAKE(iomem.map, (struct memmap){ 0 });
		r = 0;
	} else {
		/* What the running kernel does not use as RAM cannot be a target. */
		r = memmap_ram_outside(&machine->memory, &iomem.map, &machine->keep_off);
	}
	if (r == 0 && machine->memory.n == 0)
		r = kx_fail_file(err, kx_fail(err, -ENOENT, IOMEM ": it lists no System RAM"),
				 IOMEM);
done:
	iomem_done(&iomem);
	return r == -ENOMEM ? kx_fail(err, r, "out of memory") : r;
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
	const struct arch *arch;
	int r = arch_of(ctx, &arch, err);

	if (r < 0)
		return r;
	machine.arch = arch->id;
	r = memory_read(ctx, &machine, err);
	if (r == 0)
		r = efi_read(ctx, &machine.efi, err);
	if (r == 0 && arch->machine_read(ctx, &machine) < 0)
		r = kx_fail(err, -ENOMEM, "out of memory");
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
