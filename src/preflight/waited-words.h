/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cmdline.h"
#include "preflight/look.h"

/* The key of @word when it names something that is waited for, and nothing on @cmdline switches that off. */
const char *waited_key(const struct cmdline_word *word, const char *cmdline);
/* Is what @value names there, by the rules for @key? enum presence, or a negative errno. */
int waited_presence(const struct look *l, const char *key, const char *value);

/* The same for a place to resume from. */
int swap_presence(const struct look *l, const char *value);
