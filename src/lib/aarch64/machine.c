// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a planner for aarch64 wants to know of a machine: memory, device tree, firmware, and the tables of its interrupt
 * controller. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "fdt/next-tree.h"
#include "fdt/tree-facts.h"
#include "fundamental/aarch64/purgatory-abi.h"
#include "lib/aarch64/aarch64.h"

#define PROCESSORS "/sys/devices/system/cpu"
#define TABLES "/sys/firmware/acpi/tables/"

enum {
	CPUINFO_MAX = 64 << 20, /* a few hundred bytes for each of thousands of processors */
	LOG_MAX = 64 << 20,
	TABLE_MAX = 64 << 10,
};

/* Children of RAM are what the running kernel has there, and what it was told to leave alone: the firmware's and its
 * own (Documentation/arch/arm64/kdump.rst). Those of its own are left alone, too, since they are small. */
static void memory_read(struct iomem *iomem, struct machine *machine)
{
	machine->memory = TAKE(iomem->map, (struct memmap){ 0 });
	machine->keep_off = TAKE(iomem->inside, (struct ranges){ 0 });
}

static int tree_read(struct kx_ctx *ctx, struct aarch64_machine *own)
{
	int r = read_file_in(ctx->machine_root, DEVICE_TREE, DEVICE_TREE_MAX, &own->tree,
			     &own->n_tree);

	if (r == -ENOENT && ctx->captured) {
		r = tree_make_empty(&own->tree, &own->n_tree);
		own->tree_is_assumed = r == 0;
	}
	return r == -ENOMEM ? r : 0;
}

static void take_facts(const struct tree_facts *facts, struct aarch64_machine *own)
{
	static const uint8_t calls[] = {
		[TREE_PSCI_NONE] = PURGATORY_NO_FIRMWARE,
		[TREE_PSCI_HVC] = PURGATORY_HVC,
		[TREE_PSCI_SMC] = PURGATORY_SMC,
	};

	own->firmware_call = calls[facts->psci];
	if (facts->uart.kind == TREE_UART_NONE)
		return;
	own->serial_kind = facts->uart.kind == TREE_UART_PL011 ? PURGATORY_SERIAL_PL011
							       : PURGATORY_SERIAL_8250;
	own->serial_registers = facts->uart.registers;
	own->serial_shift = facts->uart.shift;
	own->serial_width = facts->uart.width;
}

static int table_read(struct kx_ctx *ctx, const char *path,
		      void (*take)(struct bytes table, struct aarch64_machine *ret),
		      struct aarch64_machine *own)
{
	_cleanup_free_ uint8_t *table = NULL;
	size_t n;
	int r = read_file_in(ctx->machine_root, path, TABLE_MAX, &table, &n);

	if (r == 0)
		take((struct bytes){ table, n }, own);
	return r == -ENOMEM ? r : 0;
}

/* Counts processors, and looks for an instruction in the line "Features" of the first one. */
static int processors_read(struct kx_ctx *ctx, struct machine *machine, unsigned *ret_n)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes line;
	struct lines lines;
	size_t n;
	int r = read_file_in(ctx->machine_root, "/proc/cpuinfo", CPUINFO_MAX, &raw, &n);

	*ret_n = 1;
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	*ret_n = 0;
	lines = lines_of((struct bytes){ raw, n });
	while (lines_next(&lines, &line)) {
		char text[4096];

		*ret_n += bytes_starts(line, "processor\t");
		if (!bytes_starts(line, "Features") || line.n >= sizeof(text))
			continue;
		memcpy(text, line.p, line.n);
		text[line.n] = '\0';
		machine->has_crc32 = has_word(text, "crc32");
	}
	return 0;
}

/* Of another machine there is the copy that its boot has left, at most. */
static int log_read(struct kx_ctx *ctx, uint8_t **ret, size_t *ret_n)
{
	if (!ctx->captured)
		return ctx->sys->kernel_log(ctx->sys, ret, ret_n);
	return read_file_in(ctx->machine_root, "/var/log/dmesg", LOG_MAX, ret, ret_n);
}

/* With EFI the kernel itself has the tables reserved: drivers/irqchip/irq-gic-v3-its.c, gic_reserve_range(). */
static int lpi_read(struct kx_ctx *ctx, struct bytes log, struct machine *machine, unsigned n_cpus)
{
	struct aarch64_machine *own = &machine->aarch64;
	int r;

	if (exists_in(ctx->machine_root, "/sys/firmware/efi") > 0)
		return 0;
	r = lpi_tables_read(log, &own->lpi);
	if (r < 0)
		return r;
	own->lpi.has_its = true; /* the device tree has one, whatever is left of the log */
	if (!lpi_tables_known(&own->lpi, n_cpus, true))
		own->refused =
			"the interrupt controller (GICv3 with ITS) goes on writing to tables in "
			"memory, and the kernel log no longer says where they lie: the next kernel "
			"could be overwritten; reboot through the firmware";
	for (size_t i = 0; i < own->lpi.tables.n; i++)
		if (ranges_add(&machine->keep_off, own->lpi.tables.v[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* Linux 6.12 was seen to fall over while it loads, in trans_pgd_create_copy(), and 7.2 was not; LPA2 came with 6.9. The
 * call holds the lock of all loads then, for ever. */
static int lpa2_read(struct kx_ctx *ctx, struct bytes log, struct aarch64_machine *own)
{
	static const char word[] = "detected: 52-bit Virtual Addressing (LPA2)";
	_cleanup_free_ char *release = NULL;
	int r = read_line_in(ctx->machine_root, "/proc/sys/kernel/osrelease", &release);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (strncmp(release, "6.", 2) == 0 && leading_i64(release + 2) >= 9 && log.n &&
	    memmem(log.p, log.n, word, sizeof(word) - 1))
		own->refused = "Linux 6.9 to 6.19 may fall over while it loads a kernel on a "
			       "processor with 52-bit addresses (LPA2), as 6.12 does; reboot "
			       "through the firmware";
	return 0;
}

/* What only the kernel log tells. */
static int take_log(struct kx_ctx *ctx, struct machine *machine, bool has_its, unsigned n_cpus)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes log = { 0 };
	int r = log_read(ctx, &raw, &log.n);

	if (r == -ENOMEM)
		return r;
	if (r == 0)
		log.p = raw;
	else
		log.n = 0;
	r = has_its ? lpi_read(ctx, log, machine, n_cpus) : 0;
	return r == 0 ? lpa2_read(ctx, log, &machine->aarch64) : r;
}

/* Processors that firmware has in a loop of its own (spin-table) never leave the kernel: arch/arm64/kernel/smp.c,
 * cpus_are_stuck_in_kernel(). Those that can be switched off have a file for it. */
static int processors_stuck(struct kx_ctx *ctx, struct aarch64_machine *own)
{
	_cleanup_names_ struct names names = { 0 };
	_cleanup_free_ char *possible = NULL;
	int r = read_line_in(ctx->machine_root, PROCESSORS "/possible", &possible);

	if (r == 0 && strcmp(possible, "0") != 0)
		r = list_in(ctx->machine_root, PROCESSORS, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char path[320];

		(void)snprintf(path, sizeof(path), PROCESSORS "/%s/online", names.v[i]);
		if (exists_in(ctx->machine_root, path) > 0)
			return 0;
	}
	if (r == 0 && names.n)
		own->stuck =
			"the other processors of this machine cannot be switched off "
			"(spin-table instead of PSCI), so that its kernel starts no other one; "
			"reboot through the firmware, or boot with nosmp";
	return r == -ENOMEM ? r : 0;
}

int aarch64_machine_read(struct kx_ctx *ctx, struct iomem *iomem, struct machine *machine)
{
	struct aarch64_machine *const own = &machine->aarch64;
	struct tree_facts facts = { 0 };
	unsigned n_cpus;
	int r;

	memory_read(iomem, machine);
	own->ticks_khz = ctx->captured ? 0 : ctx->sys->tsc_khz(ctx->sys);
	r = tree_read(ctx, own);
	if (r == 0 && own->tree &&
	    tree_facts_read((struct bytes){ own->tree, own->n_tree }, &facts, NULL) == 0)
		take_facts(&facts, own);
	if (r == 0)
		r = table_read(ctx, TABLES "FACP", acpi_read_fadt, own);
	if (r == 0)
		r = table_read(ctx, TABLES "SPCR", acpi_read_spcr, own);
	if (r == 0)
		r = processors_read(ctx, machine, &n_cpus);
	if (r == 0)
		r = processors_stuck(ctx, own);
	return r == 0 ? take_log(ctx, machine, facts.has_its, n_cpus) : r;
}
