/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/* refind_linux.conf: pairs of quoted strings, the first of which is what boots. */
_must_check_ int refind_linux_parse(struct bytes file, struct strlist *ret_titles,
				    struct strlist *ret_options);

/* refind.conf: the manual stanzas as a menu, paths as written; and default_selection. */
_must_check_ int refind_conf_parse(struct bytes file, struct boot_menu *ret,
				   char **ret_default_selection);
