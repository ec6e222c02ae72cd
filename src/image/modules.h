/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reads what depmod(8) has written about the kernel modules of an initial ramdisk, and finds
 * those that are needed. Names are compared as modprobe does, "-" and "_" being equal. */

#include "base/cleanup.h"
#include "base/lines.h"

/* Files of depmod, as they are below lib/modules/RELEASE. */
struct module_files {
	struct bytes dep, alias, softdep, weakdep;
};

struct module {
	struct bytes name; /* "virtio_blk" or "virtio-blk" */
	struct bytes path; /* below lib/modules/RELEASE, as in modules.dep */
	struct bytes deps; /* paths with blanks between them */
	bool is_needed, is_followed;
};

struct modules {
	struct module *v; /* in the order of their names; several may have the same */
	size_t n;
};

/* All that modules.dep lists. Borrows from @dep. -ENOMEM, -E2BIG. */
_must_check_ int modules_parse(struct bytes dep, struct modules *ret);
void modules_done(struct modules *modules);
#define _cleanup_modules_ _cleanup_(modules_done)

/* Is there a module of that name? */
bool modules_have(const struct modules *modules, struct bytes name);
bool modules_is_needed(const struct modules *modules, struct bytes name);
/* Marks all modules of that name as needed; false when none of them is new. */
bool modules_need(struct modules *modules, struct bytes name);
/* Marks modules as needed that have one of these aliases, which are sorted by
 * modalias_compare(). */
void modules_need_aliases(struct modules *modules, struct bytes alias, const struct bytes *names,
			  size_t n_names);
/* Marks modules as needed that needed ones depend on, or ask for in softdep and weakdep. */
void modules_need_deps(struct modules *modules, const struct module_files *files);

/* "kernel/fs/ext4/ext4.ko.xz" -> "ext4"; no bytes when it is no module. */
struct bytes module_name(struct bytes path);

int modalias_compare(struct bytes a, struct bytes b);
/* Shell pattern of modules.alias, without a special meaning for "/" and dots. */
bool modalias_matches(struct bytes pattern, struct bytes name);
