/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* GRUB's environment block, the file grubenv (grub-core/lib/envblk.c). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

bool envblk_is_valid(const uint8_t *text, size_t n);

/*
 * The assignment at or after *@pos (0 for the first): freshly allocated name and value, and *@pos
 * moved on. 1, 0 at the end, -ENOMEM.
 */
int envblk_next(const uint8_t *text, size_t n, size_t *pos, char **ret_name, char **ret_value);

/*
 * Changes the block in place, which never changes its size; @value NULL deletes the variable.
 * -ENOSPC when the block is full, -EINVAL when it is none or its last line has no end, -ENOMEM.
 */
_must_check_ int envblk_set(uint8_t *text, size_t n, const char *name, const char *value);
