/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* Words of a kernel command line, cut as the kernel's lib/cmdline.c, next_arg(), does: blanks
 * inside double quotes do not end a word. */
struct cmdline_word {
	struct bytes whole; /* as written, with its quotes */
	struct bytes key;   /* before the first "=", or all of it */
	struct bytes value; /* after it, without quotes around it; p is NULL when there is no "=" */
};

/* Cuts the next word off the front of *line; false at the end. */
bool cmdline_next(const char **line, struct cmdline_word *ret);

/* Does the word have this key? "-" and "_" are the same, as for the kernel and systemd. */
bool cmdline_key_is(const struct cmdline_word *word, const char *key);

/* Was the word meant for a single boot: rescue and single-user modes, break points of an initramfs,
 * a shell as init, a single command, the first boot of an image, a reset to factory settings? */
bool cmdline_is_one_boot(const struct cmdline_word *word);

/* Is there a word with this key, with or without a value? */
bool cmdline_has_key(const char *line, const char *key);

/* Does the last word of @line with this key switch something off: by systemd's truth values, and by dracut's
 * getargbool(), which knows fewer? */
bool cmdline_is_off(const char *line, const char *key);
bool cmdline_is_off_for_dracut(const char *line, const char *key);
