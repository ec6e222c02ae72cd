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
 * (Documentation/arch/x86/boot.rst, type_of_loader). Other architectures have no such number. */
enum boot_way boot_way_read(struct sys *sys);
enum boot_way boot_way_read_in(int root);

/* The boot service ran in this boot: /run/rapidreboot/boot is there. */
bool boot_is_watched(struct sys *sys);
_must_check_ int boot_set_watched(struct sys *sys, struct kx_error *err);
