// SPDX-License-Identifier: LGPL-2.1-or-later
/* Checks of family E about what only machines of x86 have: the address of ACPI's tables in boot_params,
 * a text screen and frame buffers that firmware left, microcode in the initial ramdisk. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preflight/x86_64/x86_64.h"

/* The places where the load and the next kernel look for the address (lib/machine.c). */
static bool tells_acpi(const struct look *l)
{
	enum { ACPI_RSDP_ADDR = 0x70 }; /* zero-page.rst of the kernel */
	_cleanup_look_file_ struct look_file systab = { 0 }, params = { 0 };
	_cleanup_free_ char *value = NULL;
	struct lines lines;
	struct bytes line;
	uint64_t address;

	if (cmdline_value(l->entry->cmdline, "acpi_rsdp=", &value) == 0)
		return true;
	if (look_file(l, "/sys/kernel/boot_params/data", &params) == 0 &&
	    bytes_le64(params.b, ACPI_RSDP_ADDR, &address) && address)
		return true;
	if (look_file(l, "/sys/firmware/efi/systab", &systab) < 0)
		return false;
	lines = lines_of(systab.b);
	while (lines_next(&lines, &line))
		if (bytes_starts(line, "ACPI20=") || bytes_starts(line, "ACPI="))
			return true;
	return false;
}

/* A machine with a BIOS has the tables where every kernel looks for them. */
enum preflight_status look_acpi(const struct look *l, struct report *r)
{
	static const char efi[] = "/sys/firmware/efi", map[] = "/sys/firmware/efi/runtime-map";
	int code = look_exists(l, efi);

	if (code <= 0)
		return code < 0 ? unknown(r, efi, code) : PREFLIGHT_OK;
	if (!l->entry || !l->entry->cmdline)
		return unknown_entry(l, r);
	if (l->entry->way != KX_WAY_SEGMENTS)
		return PREFLIGHT_OK;
	code = look_exists(l, map);
	if (code != 0)
		return code < 0 ? unknown(r, map, code) : PREFLIGHT_OK;
	if (tells_acpi(l))
		return PREFLIGHT_OK;
	evidencef(r,
		  "no %s; no address in /sys/firmware/efi/systab, /sys/kernel/boot_params/data or "
		  "acpi_rsdp=",
		  map);
	return found(r,
		     "EFI has started this machine, and the next kernel cannot be told where its "
		     "ACPI tables are.");
}

enum preflight_status look_screen(const struct look *l, struct report *r)
{
	static const char path[] = "/sys/class/graphics/fb0/name";
	_cleanup_free_ char *name = NULL;
	int code;

	if (!l->entry)
		return unknown_entry(l, r);
	if (l->entry->way != KX_WAY_SEGMENTS)
		return PREFLIGHT_OK;
	code = look_line(l, path, &name);
	if (code == -ENOENT)
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, path, code);
	evidence(r, path, name);
	if (strcmp(name, "VESA VGA") == 0 || strcmp(name, "EFI VGA") == 0)
		return PREFLIGHT_OK;
	return found(r, "The screen stays blank until the next kernel's graphics driver runs.");
}

enum preflight_status look_microcode(const struct look *l, struct report *r)
{
	static const char path[] = "/run/reboot-required.pkgs";
	_cleanup_look_file_ struct look_file text = { 0 };
	struct lines lines;
	struct bytes line;
	int code = look_file(l, path, &text);

	if (code < 0)
		return code == -ENOENT ? PREFLIGHT_OK : unknown(r, path, code);
	lines = lines_of(text.b);
	while (lines_next(&lines, &line))
		if (bytes_is(line, "intel-microcode") || bytes_is(line, "amd64-microcode")) {
			evidencef(r, "%s: %.*s", path, (int)line.n, (const char *)line.p);
			return found(
				r,
				"New microcode is installed; the initrd brings it, the firmware's "
				"own does not change.");
		}
	return PREFLIGHT_OK;
}
