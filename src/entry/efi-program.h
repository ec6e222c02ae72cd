/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/uki-entry.h"

/*
 * What starts when firmware runs the program @entry->kernel with the load options @options: a
 * kernel, whose words initrd= name files, or a unified kernel image, or something that only firmware
 * can start. Sets type, bootable, version and cmdline; words initrd= become *ret_initrds, paths on
 * the volume of the program that the caller resolves. A file that is not here, or that is no program
 * of these, is a kernel when @is_kernel says that the configuration treats it as one. -ENOMEM.
 */
_must_check_ int efi_program_take(const struct uki_place *at, struct boot_entry *entry,
				  const char *options, bool is_kernel, struct strlist *ret_initrds);
