/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel modules that a capture kernel needs to reach its targets. */

#include "capture/target.h"

/* A module: the name of its file ("virtio_blk.ko") and its bytes, unpacked. */
struct capture_module {
	char *name;
	uint8_t *p;
	size_t n;
};

struct capture_modules {
	struct capture_module *v; /* in the order in which they are loaded */
	size_t n;
};

/**
 * capture_modules_find() - choose and read them
 * @root: as in base/io.h: depmod's files of @release in /lib/modules or /usr/lib/modules are read
 * @release: of the kernel that runs after the crash
 * @device: of all targets
 * @types: their file systems
 *
 * What is built into the kernel needs no module. Modules that a needed one depends on, or asks for by
 * softdep or weakdep, come before it.
 *
 * Return: 0; -ENOENT when a driver or a file system is neither a module nor built in, or depmod's files
 * are missing; -E2BIG, -EBADMSG, -EFBIG; -ENOMEM.
 */
_must_check_ int capture_modules_find(int root, const char *release,
				      const struct capture_device *device,
				      const struct names *types, struct capture_modules *ret,
				      struct kx_error *err);
void capture_modules_done(struct capture_modules *modules);
#define _cleanup_capture_modules_ _cleanup_(capture_modules_done)
