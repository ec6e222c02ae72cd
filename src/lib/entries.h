/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"

struct kx_entries {
	struct boot_menu menu;
	char *output;	     /* of a GRUB script, or NULL */
	struct strlist vars; /* "NAME=VALUE" it left behind */
	/* What is running, to recognise its entry; NULL when not known. */
	char *running_cmdline; /* without the words that were for one boot only */
	char *loader_cmdline;  /* as an entry had it: without what the loader added */
	char *running_release;
};
