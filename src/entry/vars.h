/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* EFI variables of the machine, through efivarfs below the root. */

#include "entry/bls.h"
#include "entry/efivars.h"

/* @name is "NAME-GUID". -ENOENT when it is not set. */
_must_check_ int vars_read_string(struct entry_fs *fs, const char *name, char **ret);
/* The firmware checks signatures of what it starts. */
bool vars_secure_boot(struct entry_fs *fs);
/* What is behind the attributes; @ret lies in *ret_buf, which is the caller's. */
_must_check_ int vars_read_data(struct entry_fs *fs, const char *name, uint8_t **ret_buf,
				struct bytes *ret);
_must_check_ int vars_read_u64(struct entry_fs *fs, const char *name, uint64_t *ret);
_must_check_ int vars_read_u16(struct entry_fs *fs, const char *name, uint16_t *ret);
_must_check_ int vars_read_u16_list(struct entry_fs *fs, const char *name, uint16_t **ret_v,
				    size_t *ret_n);
_must_check_ int vars_read_boot_option(struct entry_fs *fs, uint16_t number,
				       struct efi_boot_option *ret);
/* The boot option that started this system, BootCurrent; -ENOENT when none is told. */
_must_check_ int vars_read_current_option(struct entry_fs *fs, struct efi_boot_option *ret);
/* Those of the Boot Loader Interface; missing ones stay NULL. Only -ENOMEM is an error. */
_must_check_ int vars_read_loader(struct entry_fs *fs, struct loader_vars *ret);
