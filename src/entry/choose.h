/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which boot loader runs on this machine, and the menu it shows. */

#include "entry/entry.h"

enum boot_firmware { BOOT_FIRMWARE_AUTO, BOOT_FIRMWARE_EFI, BOOT_FIRMWARE_BIOS };

/* Facts about the machine, and what the caller demands; zero or NULL where nothing is known. */
struct boot_find_opts {
	const char *config; /* read this configuration instead of searching */
	const char *type;   /* whose it is, as loaders are called in the list; NULL to find out */
	enum boot_firmware firmware;
	const char *grub_flavour; /* "upstream", "rh", "suse"; NULL to detect */
	const char *const *vars;  /* "NAME=VALUE": what GRUB has set before its script runs */
	size_t n_vars;
	const char *machine; /* arch_name() */
	/* of the running kernel, without the words that were for one boot only */
	const char *running_cmdline;
};

/*
 * Finds the loader's configuration and reads it. -ENOENT when there is nothing to boot at all, or
 * no file at opts->config; -EINVAL when it cannot be told what kind of file that is, or the type is
 * none.
 */
_must_check_ int boot_menu_find(struct entry_fs *fs, const struct boot_find_opts *opts,
				struct boot_menu *ret, struct kx_error *err);

/* The readers. @config is the file, or for systemd-boot and plain directories NULL to look in the
 * usual places. -ENOENT when there is none. */
_must_check_ int grub_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			   const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int sd_boot_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			      const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int grub_legacy_read(struct entry_fs *fs, const struct boot_find_opts *opts,
				  const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int extlinux_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			       const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int limine_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			     const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int refind_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			     const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int efistub_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			      const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int raspberry_read(struct entry_fs *fs, const struct boot_find_opts *opts,
				const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int zipl_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			   const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int lilo_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			   const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int elilo_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			    const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int yaboot_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			     const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int kboot_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			    const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int xen_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			  const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int zbm_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			  const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int ipxe_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			   const char *config, struct boot_menu *ret, struct kx_error *err);
_must_check_ int scan_read(struct entry_fs *fs, const struct boot_find_opts *opts,
			   const char *config, struct boot_menu *ret, struct kx_error *err);
/* struct loader, find: whether, and by which configuration, this system was started. */
_must_check_ int sd_boot_find(struct entry_fs *fs, char **ret);
/* The firmware started this system's kernel, or its unified kernel image, without a boot loader. */
_must_check_ int efistub_find(struct entry_fs *fs, char **ret);
/* xen.efi started this system: the configuration that it read. */
_must_check_ int xen_find(struct entry_fs *fs, char **ret);
/* ZFSBootMenu, which the firmware started, started this system. */
_must_check_ int zbm_find(struct entry_fs *fs, char **ret);
/* PXELINUX started this system, and what may be its configuration is on this system too. */
_must_check_ int pxelinux_find(struct entry_fs *fs, char **ret);
/* What the Raspberry Pi's firmware starts by @config is a kernel, not another loader. */
bool raspberry_starts_linux(struct entry_fs *fs, const struct boot_find_opts *opts,
			    const char *config);
