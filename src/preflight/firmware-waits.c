// SPDX-License-Identifier: LGPL-2.1-or-later
/* Boot loaders and firmware that were upgraded. A fast reboot does not start them, and in the next
 * system /run, where package managers note it, is empty: so the note is kept on disk. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/statx.h"
#include "preflight/look.h"
#include "record/firmware-waits.h"

enum { SHOWN = 5 };

/* Packages that asked for a reboot. */
static bool tell_packages(const struct firmware_waits *waits, struct report *r)
{
	struct lines lines =
		lines_of((struct bytes){ (const uint8_t *)waits->wants.s, waits->wants.n });
	struct bytes line;
	int n = 0;

	while (lines_next(&lines, &line))
		if (n++ < SHOWN)
			evidencef(r, "%.*s", (int)line.n, (const char *)line.p);
	return n > 0;
}

/* Names of files that boot loaders' packages write, GRUB's, shim's and systemd's first; those of the
 * kernels beside them are none. */
static bool is_loader_file(const char *name)
{
	static const char *const prefixes[] = { "shim",	       "grub",	       "mm",
						"fb",	       "refind",       "boot",
						"limine",      "systemd-boot", "preloader",
						"zfsbootmenu", "u-boot" };
	/* GRUB's and syslinux's for the BIOS, bootupd's record of what it has put on the ESP, the first program
	 * of a Raspberry Pi */
	static const char *const names[] = { "core.img", "ldlinux.sys", "limine-bios.sys",
					     "bootupd-state.json", "bootcode.bin" };
	const size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	/* start.elf, start4.elf, start_x.elf: firmware of the same boards */
	if (strncmp(name, "start", 5) == 0 && strcmp(name + n - 4, ".elf") == 0)
		return true;
	if (n > 4 && strcasecmp(name + n - 4, ".cap") == 0)
		return true; /* a capsule for the firmware */
	if (n < 4 || strcasecmp(name + n - 4, ".efi") != 0)
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static uint64_t later(uint64_t a, int64_t b)
{
	return b > 0 && (uint64_t)b > a ? (uint64_t)b : a;
}

/* When the file came here, in seconds since 1970; 0 when it is no file. rpm sets the time of writing to
 * that of the package's build, so that of creation counts as well: FAT keeps it, and statx(2) reports it
 * since Linux 5.19 (fs/fat/file.c, fat_getattr()). Before that, and where there is none, the time of change
 * is the nearest; FAT's was that of creation then. */
static uint64_t installed_at(int fd)
{
	struct statx st;
	uint64_t when;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) < 0 ||
	    !S_ISREG(st.stx_mode))
		return 0;
	when = later(0, st.stx_mtime.tv_sec);
	return later(when, st.stx_mask & STATX_BTIME ? st.stx_btime.tv_sec : st.stx_ctime.tv_sec);
}

/* Loader files of one folder: how many, and those that are newer than the last start. */
static int look_at_files(const struct look *l, struct report *r, const char *folder, uint64_t since,
			 size_t *ret_newer)
{
	_cleanup_names_ struct names names = { 0 };
	int n = 0, code = look_list(l, folder, &names);

	if (code < 0)
		return code == -ENOENT || code == -ENOTDIR ? 0 : code;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_close_ int fd = -1;
		char path[512];
		uint64_t when;

		if (!is_loader_file(names.v[i]) ||
		    !path_make(path, sizeof(path), "%s/%s", folder, names.v[i]))
			continue;
		fd = open_in(l->root, path, O_PATH);
		when = seen(r, path, fd) ? installed_at(fd) : 0;
		if (!when)
			continue;
		n++;
		if (since && when > since && (*ret_newer)++ < SHOWN)
			evidencef(r, "%s is newer than the last start through the firmware", path);
	}
	return n;
}

/* "/boot/efi/EFI/debian", "/boot/grub/i386-pc" */
static int look_below(const struct look *l, struct report *r, const char *roof, const char *sub,
		      uint64_t since, size_t *ret_newer)
{
	_cleanup_names_ struct names names = { 0 };
	char path[512];
	int n = 0, code;

	if (!path_make(path, sizeof(path), "%s", roof))
		return 0;
	code = look_list(l, path, &names);
	if (code < 0)
		return code == -ENOENT || code == -ENOTDIR ? 0 : code;
	for (size_t i = 0; i < names.n; i++) {
		/* EFI/Linux has kernels, whatever their names are: Boot Loader Specification, Type 2 */
		if (strcasecmp(names.v[i], "Linux") == 0 ||
		    !path_make(path, sizeof(path), "%s/%s%s", roof, names.v[i], sub))
			continue;
		code = look_at_files(l, r, path, since, ret_newer);
		if (code < 0)
			return code;
		n += code;
	}
	return n;
}

static enum preflight_status look_at_loaders(const struct look *l, struct report *r, uint64_t since)
{
	/* ESPs by their usual places, GRUB for the BIOS, firmware capsules of fwupd */
	static const char *const roofs[][2] = {
		{ "/boot/efi/EFI", "" },    { "/efi/EFI", "" },	   { "/boot/EFI", "" },
		{ "/boot/efi/EFI", "/fw" }, { "/efi/EFI", "/fw" }, { "/boot/EFI", "/fw" },
		{ "/boot/grub", "" },	    { "/boot/grub2", "" },
	};
	static const char *const folders[] = { "/boot/extlinux", "/boot/syslinux", "/boot/limine",
					       "/boot/firmware", "/boot" };
	size_t newer = 0;
	int n = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		int code = look_at_files(l, r, folders[i], since, &newer);

		if (code < 0)
			return unknown(r, folders[i], code);
		n += code;
	}
	for (size_t i = 0; i < sizeof(roofs) / sizeof(*roofs); i++) {
		int code = look_below(l, r, roofs[i][0], roofs[i][1], since, &newer);

		if (code < 0)
			return unknown(r, roofs[i][0], code);
		n += code;
	}
	if (newer) {
		r->severity = PREFLIGHT_WARN;
		return found(
			r,
			"A boot loader or firmware was installed since the firmware last started "
			"one: a fast reboot does not start it.");
	}
	/* On an EFI machine the firmware has started one of somewhere: the ESP is not mounted, or elsewhere. */
	if (n == 0 && look_there(l, r, "/sys/firmware/efi"))
		unseen(r, "boot loader on the ESP", -ENOENT);
	if (n && !since) {
		evidencef(r, "it is not known when the firmware last started the machine");
		return PREFLIGHT_UNKNOWN;
	}
	return PREFLIGHT_OK;
}

/* rpi-eeprom-update(1) leaves it on the boot partition; the board's ROM installs and renames it. */
static bool tell_eeprom(const struct look *l, struct report *r)
{
	static const char *const files[] = { "/boot/firmware/pieeprom.upd", "/boot/pieeprom.upd" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (look_there(l, r, files[i]))
			evidencef(r, "%s is there", files[i]);
	return r->evidence.n > 0;
}

enum preflight_status look_firmware_waits(const struct look *l, struct report *r)
{
	_cleanup_(firmware_waits_done) struct firmware_waits waits = { .since = 0 };
	int code;

	if (!l->has_run)
		return unknown(r, "/run/reboot-required.pkgs", -ENODATA);
	code = firmware_waits_read(l->root, &waits);
	if (code < 0)
		return unknown(r, "/run/reboot-required.pkgs, " FIRMWARE_WAITS, code);
	if (tell_eeprom(l, r))
		return found(r, "An update of the board's firmware waits for the next start.");
	if (tell_packages(&waits, r))
		return found(
			r,
			"Something was upgraded that only the firmware starts, such as \"%s\"; "
			"it asked for a reboot.",
			waits.first);
	return look_at_loaders(l, r, waits.since);
}
