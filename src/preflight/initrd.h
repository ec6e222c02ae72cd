/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* What an initrd consists of, as far as that shows without unpacking it. */
struct initrd_facts {
	bool cut_off;	 /* an archive ends before its trailer */
	bool early;	 /* has files for the kernel itself (microcode, ACPI tables) */
	bool late;	 /* has files of a file system, or something compressed */
	bool compressed; /* some of that cannot be looked into */
	bool modules;	 /* uncompressed and has lib/modules/… */
};

void initrd_look(struct bytes initrd, struct initrd_facts *ret);
