/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/* What Limine knows besides its configuration. */
struct limine_facts {
	const char *machine; /* uname -m, or NULL */
	bool is_efi;
	/* EFI variable LimineLastBootedEntry: a row that is counted from 0, or -1; since release 10 a path,
	 * or NULL */
	long last_row;
	const char *last_path;
	/* LoaderEntryOneShot and LoaderEntryDefault of the Boot Loader Interface, paths, or NULL */
	const char *oneshot, *fallback;
};

/*
 * limine.conf: bytes in, menu out, paths as written ("boot():/vmlinuz").
 */
_must_check_ int limine_parse(struct bytes file, const struct limine_facts *facts,
			      struct boot_menu *ret);
/* limine.cfg of releases before 8: ":" begins an entry, keys have "=" behind them, and paths are
 * written "boot:///vmlinuz". */
_must_check_ int limine_cfg_parse(struct bytes file, const struct limine_facts *facts,
				  struct boot_menu *ret);
