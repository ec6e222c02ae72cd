// SPDX-License-Identifier: LGPL-2.1-or-later
/* The memory map of x86_64: firmware's, and what /proc/iomem says the running kernel makes of it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "lib/x86_64/x86_64.h"
#include "memmap/x86_64/e820.h"

enum { SMALL_FILE_MAX = 64 << 10 };

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

int x86_64_memory_read(struct kx_ctx *ctx, struct iomem *iomem, struct machine *machine)
{
	int r = firmware_map_read(ctx, &machine->memory);

	machine->keep_off = TAKE(iomem->keep_off, (struct ranges){ 0 });
	if (r == 0) /* What the running kernel does not use as RAM cannot be a target. */
		return memmap_ram_outside(&machine->memory, &iomem->map, &machine->keep_off);
	if (r == -ENOMEM)
		return r;
	memmap_done(&machine->memory);
	machine->memory = TAKE(iomem->map, (struct memmap){ 0 });
	return 0;
}
