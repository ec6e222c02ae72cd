// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What systemd-boot adds to its menu by itself. Source: systemd-boot(7), loader.conf(5); which programs, and
 * in which order, src/boot/boot.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/path.h"
#include "entry/read.h"
#include "entry/sd-boot.h"
#include "entry/uki.h"
#include "entry/vars.h"

/* Entries that systemd-boot adds for programs that it finds; kexec can start none of them. */
static const struct auto_entry {
	const char *id, *title, *file;
} auto_entries[] = {
	{ "auto-windows", "Windows Boot Manager", "EFI/Microsoft/Boot/bootmgfw.efi" },
	{ "auto-osx", "macOS", "System/Library/CoreServices/boot.efi" },
	{ "auto-efi-shell", "EFI Shell", "shellx64.efi" },
	{ "auto-efi-default", "EFI Default Loader", "EFI/BOOT/BOOTX64.EFI" },
};

static int add_auto(struct sd_boot *b, const char *id, const char *title, const char *file)
{
	struct bls_item item = { .is_auto = true };
	struct boot_entry *e = &item.entry;
	int r;

	e->type = file ? ENTRY_CHAINLOAD : ENTRY_OTHER;
	e->source.kind = "systemd-boot";
	r = replace(&e->id, id);
	if (r == 0)
		r = replace(&item.stem, id);
	if (r == 0)
		r = replace(&e->title, title);
	if (r == 0)
		r = replace(&e->kernel, file);
	if (r == 0)
		r = replace(&e->source.file, file ? file : b->menu->config);
	if (r == 0)
		r = strlist_add(&e->path, title);
	if (r == 0)
		r = bls_items_add(&b->items, &item);
	if (r < 0)
		bls_item_done(&item);
	return r;
}

/* The loader leaves itself out. */
static bool is_systemd_boot(struct entry_fs *fs, const char *path)
{
	const uint8_t *p;
	bool is_it;
	size_t n;

	if (fs->map(fs, ENTRY_SYSTEM, path, &p, &n) < 0)
		return false;
	is_it = uki_is_systemd_boot((struct bytes){ p, n });
	fs->unmap(fs, p, n);
	return is_it;
}

int sd_boot_add_auto(struct sd_boot *b)
{
	uint64_t supported;
	int r = 0;

	for (size_t i = 0; r == 0 && !b->conf.no_auto_entries &&
			   i < sizeof(auto_entries) / sizeof(auto_entries[0]);
	     i++)
		for (size_t p = 0; r == 0 && p < b->partitions.n; p++) {
			_cleanup_free_ char *path = NULL;

			if (find_file_in(b->fs, b->partitions.v[p], auto_entries[i].file, &path) &&
			    !is_systemd_boot(b->fs, path))
				r = add_auto(b, auto_entries[i].id, auto_entries[i].title, path);
		}
	/* Bit 0 of OsIndicationsSupported: the firmware can be asked for its setup. */
	if (r == 0 && !b->conf.no_auto_firmware &&
	    vars_read_u64(b->fs, "OsIndicationsSupported-" EFI_GUID_GLOBAL, &supported) == 0 &&
	    (supported & 1))
		r = add_auto(b, "auto-reboot-to-firmware-setup", "Reboot Into Firmware Interface",
			     NULL);
	if (r == 0 && b->conf.auto_poweroff)
		r = add_auto(b, "auto-poweroff", "Power Off The System", NULL);
	if (r == 0 && b->conf.auto_reboot)
		r = add_auto(b, "auto-reboot", "Reboot The System", NULL);
	return r;
}
