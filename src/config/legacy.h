/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What other tools' files ask for, understood as those tools understand it:
 *
 *   Debian kexec-tools   /etc/default/kexec, then /etc/default/kexec.d/ in the order of run-parts(8)
 *   Gentoo kexec-r2.init /etc/conf.d/kexec with KNAME, BOOTPART, ROOTPART, KPARAM, …
 *   Alpine kexec-load    /etc/conf.d/kexec with KERNEL
 *   Gentoo kexec-auto-load /etc/kexec.conf over the last line of /var/lib/misc/installkernel
 *   Arch kexec-load@.service  an enabled instance names the kernel
 */

#include "config/config.h"

enum legacy_kind {
	LEGACY_NONE,
	LEGACY_DEBIAN,
	LEGACY_GENTOO,
	LEGACY_ALPINE,
	LEGACY_INSTALLKERNEL,
	LEGACY_ARCH
};

/* What comes before struct legacy.append on the command line. */
enum legacy_cmdline {
	LEGACY_CMDLINE_GIVEN,	/* nothing: append is all of it */
	LEGACY_CMDLINE_RUNNING, /* /proc/cmdline as it is */
};

/* Facts of the machine that the tools' own scripts get from uname(1) and the mount table. */
struct legacy_machine {
	const char *release;	 /* uname -r */
	const char *machine;	 /* uname -m */
	const char *root_device; /* device of "/", or NULL */
};

struct legacy {
	enum legacy_kind kind;
	const char *file; /* the (first) file that was read */
	bool enabled;	  /* the administrator has switched it on: a reboot is to load a kernel */
	bool from_boot_loader; /* the boot loader's default entry, not kernel and initrd */
	bool is_default;       /* kernel, initrd and command line are as the package wrote them */
	char *decided_by;      /* "FILE:LINE" of the assignment that chose the kernel, or NULL */
	char *enabled_by;      /* "FILE:LINE" that makes ordinary reboots fast ones, or NULL */
	bool unload;	       /* the image is to be dropped (KNAME=-) */
	bool at_shutdown; /* load while the machine goes down; false: when the system has come up */
	bool may_mount_boot;   /* mount boot_dir if it is not mounted */
	char *boot_dir;	       /* NULL where there is no such setting */
	char *kernel, *initrd; /* paths below the root, or NULL: none found, none wanted */
	enum legacy_cmdline base;
	char *append;		      /* never NULL when kind is not NONE */
	char *options;		      /* further options of kexec(8), or NULL */
	struct config_words warnings; /* "FILE:LINE: …" */
};

/* LEGACY_NONE when none of the files exists. Debian's go before the others', as rapidreboot asks
 * for one of them. Errors as config_read(), and with @foreign, which says how the files are read, as
 * foreign_parse(). */
struct foreign;
int legacy_read(int root, const struct foreign *foreign, const struct legacy_machine *machine,
		struct legacy *ret, struct kx_error *err);

/**
 * legacy_counts() - does an init system run the scripts or units that read the file of @kind?
 * @init: its name as in struct init_system, NULL when it is not known
 *
 * Debian's file belongs to /etc/init.d/kexec-load, and under systemd its `reboot` stays cold (the unit
 * is masked since 2.0.25-3+deb12u1; README.Debian). Gentoo's and Alpine's belong to OpenRC services, also
 * where process 1 is sysvinit or BusyBox; /etc/kexec.conf and Arch's instances to systemd units.
 */
bool legacy_counts(enum legacy_kind kind, const char *init);
void legacy_done(struct legacy *legacy);
#define _cleanup_legacy_ _cleanup_(legacy_done)

/* Files that ask for one ordinary reboot; who honours them removes them. */
#define LEGACY_FLAG_GENTOO "/nokexec"
#define LEGACY_FLAG_DEBIAN "/no-kexec-reboot"
