/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* What loader/loader.conf says about which entry comes next (loader.conf(5)). */
struct loader_conf {
	char *preferred; /* glob or "@saved"; the last line counts; NULL when there is none */
	char *fallback;	 /* key "default" */
	unsigned preferred_line, fallback_line;
	bool no_auto_entries, no_auto_firmware, auto_poweroff, auto_reboot;
	bool menu_force; /* the loader waits for a person */
};

_must_check_ int loader_conf_parse(struct bytes file, struct loader_conf *ret);
void loader_conf_done(struct loader_conf *conf);
