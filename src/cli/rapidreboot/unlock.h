/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* --unlock and --unlock-from: who says the passphrases of the next boot. */

#include "cli/rapidreboot/options.h"
#include "reboot/check.h"

/* Before anything is looked at: is there somebody to ask? -1, or the exit status after the sentence. */
int unlock_possible(const struct options *o);
/* Finds the volumes, asks for each passphrase, up to three times, and tests it; or reads key files, where the settings
 * want that. -1, or the exit status. */
int unlock_ask(const struct reboot *rb, const struct wish *wish, struct start *s,
	       const struct options *o);
