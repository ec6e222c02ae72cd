/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cmdline.h"
#include "preflight/look.h"

/**
 * struct waited_for - a word that names something which an initrd or the system waits for
 * @key: of the word
 * @presence: is what @value names there? enum presence, or a negative errno
 */
struct waited_for {
	const char *key;
	int (*presence)(const struct look *l, const char *value);
};

/* What @word is, or NULL: it names nothing of that kind, or something on @cmdline switches it off. */
const struct waited_for *waited_for(const struct cmdline_word *word, const char *cmdline);

/* The presence of a place to resume from. */
int swap_presence(const struct look *l, const char *value);
