/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Identity of the running boot, and how it was started. */

#include "base/error.h"
#include "fundamental/bytes.h"
#include "sys/sys.h"

/* Opens the directory that paths are resolved in: close it with fd_close(), which ignores
 * ROOT_HERE. */
_must_check_ int machine_open(struct sys *sys);

enum { BOOT_ID_LENGTH = 36 };

/* Has @b the form of /proc/sys/kernel/random/boot_id? */
bool is_boot_id(struct bytes b);
/* Reads the id of the running boot; -ENOENT without /proc. */
_must_check_ int boot_id_read(struct sys *sys, char ret[BOOT_ID_LENGTH + 1]);

enum boot_way { BOOT_UNKNOWN, BOOT_KEXEC, BOOT_FIRMWARE };

/* How the running kernel was started, by the type of its boot loader: 0xD is kexec
 * (Documentation/arch/x86/boot.rst, type_of_loader). Where there is no such number the device tree has a sign of kexec, of
 * ours and of the kernel's file call (drivers/of/kexec.c); other loaders leave none, so that without it nothing is known. */
enum boot_way boot_way_read(struct sys *sys);
enum boot_way boot_way_read_in(int root);

/* It was not started by an image of ours, which leaves that sign. */
bool boot_is_not_ours(struct sys *sys);

/* The boot service ran in this boot: /run/rapidreboot/boot is there. */
bool boot_is_watched(struct sys *sys);
_must_check_ int boot_set_watched(struct sys *sys, struct kx_error *err);
