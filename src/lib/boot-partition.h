/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/mounts.h"
#include "lib/internal.h"

/* A partition that the firmware starts loaders from, and that is not mounted: mounted for this process
 * alone, as a place (base/place.h) of the context. */
struct boot_partition_look {
	struct kx_ctx *ctx;
	bool may_mount; /* else it is only said that it is not mounted */
};

/* fs_root_opts.look; @data is a struct boot_partition_look. */
int boot_partition_look(void *data, const char *uuid, bool is_mounted, struct mounts *mounts,
			struct kx_error *err);
