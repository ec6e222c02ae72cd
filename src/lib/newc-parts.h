/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "entry/outside.h"
#include "lib/internal.h"

/* Makes the archives of initrds "newc:NAME:FILE": each becomes a file in memory, a place of the context
 * that has the word as its name, so that it is read like any other file. Entries whose file cannot be read
 * are not bootable. -ENOMEM only. */
_must_check_ int newc_parts_make(struct kx_ctx *ctx, struct outside *out, struct budget *budget,
				 struct boot_menu *menu);
