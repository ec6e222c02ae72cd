// SPDX-License-Identifier: LGPL-2.1-or-later
/* A root's /proc and /sys -> struct machine: everything the planner wants to know, read once. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "lib/internal.h"

enum {
	IOMEM_MAX = 16 << 20,
	SMALL_FILE_MAX = 64 << 10,
	CPUINFO_MAX = 64 << 20, /* a few KiB for each of thousands of processors */
	BOOT_PARAMS_SIZE = 4096,
};

/* ---- the memory map */

static int iomem_read(struct kx_ctx *ctx, struct iomem *ret, struct kx_error *err)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r = read_file_in(ctx->machine_root, "/proc/iomem", IOMEM_MAX, &text, &n);

	if (r < 0)
		return kx_fail(err, r, "/proc/iomem: %s", open_strerror(r));
	r = iomem_parse((struct bytes){ text, n }, ret, err);
	if (r < 0)
		return kx_fail_in(err, r, "/proc/iomem");
	if (ret->zeroed) {
		iomem_done(ret);
		return kx_fail(err, -EPERM,
			       "/proc/iomem: every address reads as zero, as it does without "
			       "CAP_SYS_ADMIN; run as root");
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
 * memmap= of this boot left of it. Not where it is known to be incomplete (add_efi_memmap put more
 * in; under Xen it is the hypervisor's), and not when it cannot be read: then /proc/iomem serves.
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
	/* A crash kernel may be loaded there, and must stay whole until the jump is certain. */
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
		r = kx_fail(err, -ENOENT, "/proc/iomem: it lists no System RAM");
done:
	iomem_done(&iomem);
	return r == -ENOMEM ? kx_fail(err, r, "out of memory") : r;
}

/* ---- firmware, display, processor */

static int boot_params_read(struct kx_ctx *ctx, struct machine *machine)
{
	size_t n;
	int r = read_file_in(ctx->machine_root, "/sys/kernel/boot_params/data", BOOT_PARAMS_SIZE,
			     &machine->boot_params, &n);

	if (r == 0 && n != BOOT_PARAMS_SIZE) {
		free(machine->boot_params);
		machine->boot_params = NULL;
	}
	return r == -ENOMEM ? r : 0;
}

/* Documentation/arch/x86/zero-page.rst, acpi_rsdp_addr */
static uint64_t acpi_rsdp(struct kx_ctx *ctx, const struct machine *machine)
{
	struct bytes params = { machine->boot_params, machine->boot_params ? BOOT_PARAMS_SIZE : 0 };
	uint64_t address = 0;

	if (bytes_le64(params, 0x70, &address) && address)
		return address;
	address = efi_systab_value(ctx, "ACPI20");
	return address ? address : efi_systab_value(ctx, "ACPI");
}

/* "0 EFI VGA", "0 i915drmfb", … : Documentation/fb/framebuffer.rst */
static void framebuffer_read(struct kx_ctx *ctx, struct machine *machine)
{
	_cleanup_free_ char *line = NULL;

	if (read_line_in(ctx->machine_root, "/proc/fb", &line) < 0 || strncmp(line, "0 ", 2) != 0)
		return;
	(void)snprintf(machine->fb_id, sizeof(machine->fb_id), "%s", line + 2);
	machine->drm_console = strstr(machine->fb_id, "drm") != NULL;
}

/* A host that could run such guests shows sev and sev_es as well, but not "hypervisor". */
static const char *confidential(const char *flags)
{
	if (has_word(flags, "tdx_guest"))
		return "only the decompressor prepares a TDX guest's memory";
	if (has_word(flags, "hypervisor") &&
	    (has_word(flags, "sev") || has_word(flags, "sev_es") || has_word(flags, "sev_snp")))
		return "only the decompressor prepares an SEV guest's memory";
	return NULL;
}

/* Without it nothing may be placed where others could foresee it. */
static void random_read(struct kx_ctx *ctx, struct machine *machine)
{
	uint64_t random[2];

	if (ctx->sys->random(ctx->sys, random, sizeof(random)) < 0)
		return;
	machine->has_random = true;
	machine->random_physical = random[0];
	machine->random_virtual = random[1];
}

/* Documentation/arch/x86/amd-memory-encryption.rst */
static bool encrypts_memory(struct kx_ctx *ctx)
{
	_cleanup_free_ char *cmdline = NULL;

	return read_line_in(ctx->machine_root, "/proc/cmdline", &cmdline) == 0 &&
	       has_word(cmdline, "mem_encrypt=on");
}

/* The first "flags" line speaks for all processors. */
static void processor_read(struct kx_ctx *ctx, struct machine *machine)
{
	_cleanup_free_ uint8_t *raw = NULL;
	_cleanup_free_ char *flags = NULL;
	const char *line;
	char *text;
	size_t n;

	if (read_file_in(ctx->machine_root, "/proc/cpuinfo", CPUINFO_MAX, &raw, &n) < 0)
		return;
	text = strndup((char *)raw, n);
	if (!text)
		return;
	line = strstr(text, "\nflags");
	line = line ? strchr(line, ':') : NULL;
	if (line)
		flags = strndup(line + 1, strcspn(line + 1, "\n"));
	free(text);
	if (!flags)
		return;
	machine->la57 = has_word(flags, "la57");
	machine->confidential = confidential(flags);
	machine->has_crc32 = has_word(flags, "sse4_2");
}

int machine_read(struct kx_ctx *ctx, struct machine *ret, struct kx_error *err)
{
	struct machine machine = { .arch = ARCH_X86_64 };
	int r = memory_read(ctx, &machine, err);

	if (r == 0 && boot_params_read(ctx, &machine) < 0)
		r = kx_fail(err, -ENOMEM, "out of memory");
	if (r == 0)
		r = efi_read(ctx, &machine.efi, err);
	if (r < 0) {
		machine_done(&machine);
		return kx_fail_at(err, r, KX_STEP_MACHINE);
	}
	machine.acpi_rsdp = acpi_rsdp(ctx, &machine);
	framebuffer_read(ctx, &machine);
	processor_read(ctx, &machine);
	machine.memory_encrypted = encrypts_memory(ctx);
	if (!ctx->captured) {
		random_read(ctx, &machine);
		if (ctx->sys->random(ctx->sys, machine.rng_seed, sizeof(machine.rng_seed)) == 0)
			machine.n_rng_seed = sizeof(machine.rng_seed);
		machine.tsc_khz = ctx->sys->tsc_khz(ctx->sys);
	}
	*ret = machine;
	return 0;
}
