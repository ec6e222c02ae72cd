/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Command lines and file names of extlinux.conf: what syslinux and U-Boot make of them. */

#include "entry/entry.h"
#include "fundamental/bytes.h"

/* File names that KERNEL of syslinux does not take for a Linux kernel. */
bool extlinux_is_program(const char *kernel);

/* Adds the comma-separated files of the @n bytes at @list. -ENOMEM. */
_must_check_ int extlinux_add_initrds(struct strlist *initrds, const char *list, size_t n);

/* Cuts words "initrd=" out of @cmdline: to the next kernel they mean nothing. The files of the first one
 * are added to @initrds, unless that has some or is NULL. -ENOMEM. */
_must_check_ int extlinux_take_initrd(const char *cmdline, struct strlist *initrds, char **ret);

/* Is @key one of a label of U-Boot? Any other word ends it. */
bool uboot_in_label(struct bytes key);

/* Does U-Boot fail at the whole file when @key has no value, or one that begins with "#"? */
bool uboot_wants_value(struct bytes key, bool in_label);

/*
 * The command line that a kernel gets for the words behind `append`, as cli_simple_process_macros() in
 * U-Boot's common/cli_simple.c makes it: one level of backslashes and single quotes is taken off,
 * "${NAME}" and "$(NAME)" are variables. Those are not known here; *ret_has_variables is set when there is
 * one, and it stays as written. -ENOMEM.
 */
_must_check_ int uboot_expand(const char *append, char **ret, bool *ret_has_variables);

/* What stands behind the first word of @line. */
const char *extlinux_words_behind(const char *line);

/* DEFAULT and ONTIMEOUT name a label, whose command line, if it has one, the words behind it extend. */
_must_check_ int extlinux_add_words(const char *line, char **cmdline);
