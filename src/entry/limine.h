/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/*
 * limine.conf: bytes in, menu out, paths as written ("boot():/vmlinuz"). @last_booted is the row
 * that the loader remembers, counted from 0, or -1.
 */
_must_check_ int limine_parse(struct bytes file, const char *machine, long last_booted,
			      struct boot_menu *ret);
/* limine.cfg of releases before 8: ":" begins an entry, keys have "=" behind them, and paths are
 * written "boot:///vmlinuz". */
_must_check_ int limine_cfg_parse(struct bytes file, const char *machine, long last_booted,
				  struct boot_menu *ret);
