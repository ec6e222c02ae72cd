// SPDX-License-Identifier: LGPL-2.1-or-later
/* The boot loaders whose configuration is read, and how each of them is recognised. */
#include "entry/loaders.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/path.h"
#include "entry/read.h"

/* In order of preference, when there is no evidence at all. */
const struct loader loaders[] = {
	{ "grub",
	  ON_EFI | ON_BIOS,
	  grub_read,
	  "GRUB",
	  { "grub", "shim" },
	  { "grub.cfg" },
	  { "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/efi/EFI/*/grub.cfg",
	    "/efi/EFI/*/grub.cfg", "/boot/EFI/*/grub.cfg" } },
	{ "systemd-boot",
	  ON_EFI,
	  sd_boot_read,
	  "systemd-boot",
	  { "systemd-boot" },
	  { "loader.conf", "entries" },
	  { NULL },
	  .other_name = "bls",
	  .find = sd_boot_find },
	{ "limine",
	  ON_EFI | ON_BIOS,
	  limine_read,
	  "Limine",
	  { "limine" },
	  { "limine.conf", "limine.cfg" },
	  { "/boot/EFI/limine/limine.conf",
	    "/boot/EFI/BOOT/limine.conf",
	    "/boot/boot/limine/limine.conf",
	    "/boot/boot/limine.conf",
	    "/boot/limine/limine.conf",
	    "/boot/limine.conf",
	    "/efi/EFI/limine/limine.conf",
	    "/efi/EFI/BOOT/limine.conf",
	    "/efi/boot/limine/limine.conf",
	    "/efi/boot/limine.conf",
	    "/efi/limine/limine.conf",
	    "/efi/limine.conf",
	    "/boot/efi/EFI/limine/limine.conf",
	    "/boot/efi/EFI/BOOT/limine.conf",
	    "/boot/efi/boot/limine/limine.conf",
	    "/boot/efi/boot/limine.conf",
	    "/boot/efi/limine/limine.conf",
	    "/boot/efi/limine.conf",
	    "/limine/limine.conf",
	    "/limine.conf",
	    "/limine.cfg",
	    "/limine/limine.cfg",
	    "/boot/limine.cfg",
	    "/boot/limine/limine.cfg",
	    "/boot/EFI/BOOT/limine.cfg",
	    "/efi/limine.cfg",
	    "/efi/limine/limine.cfg",
	    "/efi/EFI/BOOT/limine.cfg",
	    "/boot/efi/limine.cfg",
	    "/boot/efi/limine/limine.cfg",
	    "/boot/efi/EFI/BOOT/limine.cfg" } },
	{ "refind",
	  ON_EFI,
	  refind_read,
	  "rEFInd",
	  { "refind" },
	  { "refind.conf", "refind_linux.conf" },
	  { "/boot/efi/EFI/refind/refind.conf", "/efi/EFI/refind/refind.conf",
	    "/boot/EFI/refind/refind.conf", "/boot/refind_linux.conf" } },
	{ "extlinux",
	  ON_EFI | ON_BIOS,
	  extlinux_read,
	  NULL,
	  { "syslinux" },
	  { "extlinux.conf", "syslinux.cfg", "isolinux.cfg" },
	  { "/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf", "/extlinux.conf",
	    "/boot/syslinux/extlinux.conf", "/boot/syslinux/syslinux.cfg", "/syslinux/syslinux.cfg",
	    "/syslinux.cfg", "/boot/isolinux/isolinux.cfg", "/isolinux/isolinux.cfg",
	    "/isolinux.cfg", "/boot/extlinux.conf", "/boot/syslinux.cfg" },
	  .other_name = "syslinux",
	  .find = pxelinux_find },
	{ "zfsbootmenu",
	  ON_EFI,
	  zbm_read,
	  NULL,
	  { "\\zbm", "zfsbootmenu" },
	  { NULL },
	  { NULL },
	  .find = zbm_find,
	  .is_linux = true },
	{ "ipxe",
	  ON_EFI | ON_BIOS,
	  ipxe_read,
	  NULL,
	  { "ipxe" },
	  { "autoexec.ipxe", "boot.ipxe", "menu.ipxe" },
	  { "/boot/autoexec.ipxe", "/boot/efi/autoexec.ipxe", "/efi/autoexec.ipxe",
	    "/boot/efi/EFI/*/autoexec.ipxe", "/efi/EFI/*/autoexec.ipxe" } },
	{ "efistub",
	  ON_EFI,
	  efistub_read,
	  NULL,
	  { NULL },
	  { NULL },
	  { NULL },
	  .find = efistub_find },
	{ "raspberry-pi",
	  ON_BIOS,
	  raspberry_read,
	  NULL,
	  { NULL },
	  { "config.txt" },
	  { "/boot/firmware/config.txt", "/boot/config.txt" },
	  .applies = raspberry_starts_linux },
	{ "zipl", ON_BIOS, zipl_read, NULL, { NULL }, { "zipl.conf" }, { "/etc/zipl.conf" } },
	{ "elilo",
	  ON_EFI,
	  elilo_read,
	  "elilo",
	  { "elilo" },
	  { "elilo.conf", "elilo-x86_64.conf", "elilo-ia32.conf", "elilo-ia64.conf" },
	  { "/boot/efi/EFI/*/elilo-x86_64.conf", "/boot/efi/EFI/*/elilo.conf",
	    "/efi/EFI/*/elilo-x86_64.conf", "/efi/EFI/*/elilo.conf",
	    "/boot/EFI/*/elilo-x86_64.conf", "/boot/EFI/*/elilo.conf" } },
	{ "xen",
	  ON_EFI,
	  xen_read,
	  NULL,
	  { "\\xen" },
	  { "xen.cfg" },
	  { "/boot/efi/EFI/*/xen.cfg", "/efi/EFI/*/xen.cfg", "/boot/EFI/*/xen.cfg" },
	  .find = xen_find },
	{ "lilo", ON_BIOS, lilo_read, NULL, { NULL }, { "lilo.conf" }, { "/etc/lilo.conf" } },
	{ "kboot",
	  ON_BIOS,
	  kboot_read,
	  NULL,
	  { NULL },
	  { "kboot.conf", "kboot.cnf" },
	  { "/kboot.conf", "/kboot.cnf", "/etc/kboot.conf", "/etc/kboot.cnf", "/boot/kboot.conf",
	    "/boot/kboot.cnf", "/boot/etc/kboot.conf", "/boot/etc/kboot.cnf" },
	  .other_name = "petitboot" },
	{ "yaboot",
	  ON_BIOS,
	  yaboot_read,
	  NULL,
	  { NULL },
	  { "yaboot.conf", "yaboot.cnf" },
	  { "/etc/yaboot.conf", "/etc/yaboot.cnf", "/boot/etc/yaboot.conf", "/yaboot.conf",
	    "/yaboot.cnf", "/boot/yaboot.conf", "/suseboot/yaboot.cnf" } },
	{ "grub-legacy",
	  ON_BIOS,
	  grub_legacy_read,
	  NULL,
	  { NULL },
	  { "menu.lst", "grub.conf" },
	  { "/boot/grub/menu.lst", "/boot/grub/grub.conf", "/grub/menu.lst" } },
};

_Static_assert(sizeof(loaders) / sizeof(loaders[0]) == N_LOADERS, "N_LOADERS is their number");

size_t loader_by_info(const char *info)
{
	for (size_t i = 0; info && i < N_LOADERS; i++)
		if (loaders[i].info &&
		    strncasecmp(info, loaders[i].info, strlen(loaders[i].info)) == 0)
			return i;
	return N_LOADERS;
}

size_t loader_by_program(const char *file)
{
	for (size_t i = 0; file && i < N_LOADERS; i++)
		for (size_t p = 0; p < LOADER_PROGRAMS_MAX && loaders[i].programs[p]; p++)
			if (strcasestr(file, loaders[i].programs[p]))
				return i;
	return N_LOADERS;
}

static size_t loader_by_type(const char *type)
{
	for (size_t i = 0; i < N_LOADERS; i++)
		if (strcmp(type, loaders[i].kind) == 0 ||
		    (loaders[i].other_name && strcmp(type, loaders[i].other_name) == 0))
			return i;
	return N_LOADERS;
}

static int fail_type(const char *type, struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf names = { 0 };

	for (size_t i = 0; i < N_LOADERS; i++) {
		strbuf_addf(&names, "%s, ", loaders[i].kind);
		if (loaders[i].other_name)
			strbuf_addf(&names, "%s, ", loaders[i].other_name);
	}
	if (names.failed)
		return kx_fail(err, -ENOMEM, "out of memory");
	return kx_fail(err, -EINVAL, "\"%s\" is no type of configuration: %sand directory are",
		       type, names.s);
}

int loader_of_type(const char *type, size_t *ret, struct kx_error *err)
{
	*ret = loader_by_type(type);
	return *ret < N_LOADERS || strcmp(type, "directory") == 0 ? 0 : fail_type(type, err);
}

read_fn *loader_reader_for(struct entry_fs *fs, const char *config)
{
	const char *base = path_basename(config);

	for (size_t i = 0; i < N_LOADERS; i++)
		for (size_t n = 0; n < LOADER_NAMES_MAX && loaders[i].names[n]; n++)
			if (strcasecmp(base, loaders[i].names[n]) == 0)
				return loaders[i].read;
	if (is_dir(fs, config)) {
		_cleanup_free_ char *loader = NULL;

		if (path_join(config, "loader", &loader) == 0 && is_dir(fs, loader))
			return sd_boot_read;
		return scan_read;
	}
	if (strstr(config, "/pxelinux.cfg/"))
		return extlinux_read;
	if (ends_with(base, ".ipxe"))
		return ipxe_read;
	return strstr(config, "/loader/") ? sd_boot_read : strstr(base, "grub") ? grub_read : NULL;
}
