/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/entries.h"
#include "lib/internal.h"

/* Reads the boot loader's configuration into @entries, in a confined child (confined/reader.h) that asks for the files
 * (lib/outside-channel.h). What is known of the running system is there already. As kx_entries_new(), and as
 * reader_run(). */
_must_check_ int entries_read(struct kx_ctx *ctx, const struct kx_entries_opts *o,
			      struct kx_entries *entries, struct kx_error *err);
