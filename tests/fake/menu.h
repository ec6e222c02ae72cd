/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdlib.h>

#include "entry/entry.h"

/* Checks the invariants of every parser's menu, for any input; abort() when one is broken. */
static inline void check_menu(const struct boot_menu *menu)
{
	size_t n_default = 0;

	if (menu->default_index > menu->n_entries)
		abort();
	for (size_t i = 0; i < menu->n_entries; i++) {
		const struct boot_entry *e = &menu->entries[i];

		if (!e->id || !e->title || e->path.n == 0 || !e->source.kind)
			abort();
		if (e->bootable && (!e->kernel || !e->cmdline))
			abort();
		if (e->is_default && i != menu->default_index)
			abort();
		n_default += e->is_default;
	}
	if (n_default > 1)
		abort();
}
