/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/* zipl.conf: sections as a menu, paths as written, the default chosen among them. */
struct zipl_conf {
	struct boot_menu menu;
	struct strlist parmfiles; /* one for each entry, "" for none */
	bool is_auto; /* defaultauto: entries of the Boot Loader Specification count too */
	char *wanted; /* default= beside defaultauto: a title, or NULL */
};
_must_check_ int zipl_parse(struct bytes file, struct zipl_conf *ret);
void zipl_conf_done(struct zipl_conf *conf);
