// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a planner for x86_64 wants to know of a machine: firmware, display, processor. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/lines.h"
#include "base/running-kernel.h"
#include "lib/x86_64/x86_64.h"

enum {
	CPUINFO_MAX = 64 << 20, /* a few KiB for each of thousands of processors */
	BOOT_PARAMS_SIZE = 4096,
};

static int boot_params_read(struct kx_ctx *ctx, struct x86_64_machine *machine)
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
static uint64_t acpi_rsdp(struct kx_ctx *ctx, const struct x86_64_machine *machine)
{
	struct bytes params = { machine->boot_params, machine->boot_params ? BOOT_PARAMS_SIZE : 0 };
	uint64_t address = 0;

	if (bytes_le64(params, 0x70, &address) && address)
		return address;
	address = efi_systab_value(ctx, "ACPI20");
	return address ? address : efi_systab_value(ctx, "ACPI");
}

/* "0 EFI VGA", "0 i915drmfb", … : Documentation/fb/framebuffer.rst */
static void framebuffer_read(struct kx_ctx *ctx, struct x86_64_machine *machine)
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

/* Until Linux 6.9 a kernel could be built to encrypt without a word. Where its configuration is not to
 * be found it may be one of those. */
static bool encrypts_by_default(int root)
{
	static const char active[] = "CONFIG_AMD_MEM_ENCRYPT_ACTIVE_BY_DEFAULT=y";
	_cleanup_free_ uint8_t *config = NULL;
	char path[PATH_MAX];
	size_t n;

	return running_config_read(root, path, sizeof(path), &config, &n) < 0 ||
	       config_has_line((struct bytes){ config, n }, active);
}

/* Documentation/arch/x86/amd-memory-encryption.rst. The flag is there when processor and firmware can
 * do it (arch/x86/kernel/cpu/amd.c, early_detect_mem_encrypt()). */
static bool encrypts_memory(int root, bool can_encrypt)
{
	_cleanup_free_ char *cmdline = NULL;

	if (read_line_in(root, "/proc/cmdline", &cmdline) < 0)
		return can_encrypt;
	if (has_word(cmdline, "mem_encrypt=on"))
		return true;
	return can_encrypt && !has_word(cmdline, "mem_encrypt=off") && encrypts_by_default(root);
}

/* Only the first "flags" line is read: all processors have the same. */
static void processor_read(struct kx_ctx *ctx, struct machine *machine, bool *ret_can_encrypt)
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
	machine->x86_64.la57 = has_word(flags, "la57");
	machine->x86_64.confidential = confidential(flags);
	*ret_can_encrypt = has_word(flags, "sme");
	machine->has_crc32 = has_word(flags, "sse4_2");
}

int x86_64_machine_read(struct kx_ctx *ctx, struct iomem *iomem, struct machine *machine)
{
	struct x86_64_machine *const own = &machine->x86_64;
	bool can_encrypt = false;
	int r = x86_64_memory_read(ctx, iomem, machine);

	if (r == 0)
		r = boot_params_read(ctx, own);
	if (r < 0)
		return r;
	own->acpi_rsdp = acpi_rsdp(ctx, own);
	efi_read(ctx, &own->efi);
	framebuffer_read(ctx, own);
	processor_read(ctx, machine, &can_encrypt);
	own->memory_encrypted = encrypts_memory(ctx->machine_root, can_encrypt);
	if (!ctx->captured)
		own->tsc_khz = ctx->sys->tsc_khz(ctx->sys);
	return 0;
}
