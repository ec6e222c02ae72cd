/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Units and scripts of others that load or start kernels while a system goes down. */

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/**
 * struct loaders - what was found
 * @found: paths with "; " between them
 * @unread: what may be one and could not be read, each with the reason; "" when all was
 * @n_loaders: of these, how many load a kernel
 * @reboot_is_kexec: what init runs at the end of an ordinary reboot starts a kernel
 */
struct loaders {
	struct strbuf found, unread;
	size_t n_loaders;
	bool reboot_is_kexec;
};

/* Looks at units of systemd and scripts of all init systems of the machine whose "/" is @root, ours left out. */
void loaders_find(int root, struct loaders *ret);
void loaders_done(struct loaders *loaders);
