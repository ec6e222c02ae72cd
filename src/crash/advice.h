/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libkexec.h>

#include "base/cleanup.h"

/**
 * crash_advise() - how a person reserves memory for a crash kernel on this machine
 * @bytes: how much
 * @list: the machine's boot entries, or NULL when they are not known
 * @entry: that of @list which starts next, or NULL
 * @ret: "crashkernel=96M in FILE, then …", to be released with free(3)
 *
 * Return: 0 or -ENOMEM.
 */
_must_check_ int crash_advise(uint64_t bytes, const struct kx_entries_info *list,
			      const struct kx_entry *entry, char **ret);
