/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"

/*
 * Words "initrd=PATH" of a kernel that is started as an EFI program: they name files on the volume
 * that it was loaded from, with slashes of either kind, and are joined in their order (kernel,
 * Documentation/admin-guide/efi-stub.rst). *ret_rest gets the other words as they are, *ret_paths
 * those files as "/DIR/FILE". -ENOMEM.
 */
_must_check_ int initrd_words_take(const char *options, char **ret_rest, struct strlist *ret_paths);
