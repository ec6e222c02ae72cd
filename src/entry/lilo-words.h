/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words of lilo.conf, elilo.conf and yaboot.conf, which share one syntax. */

#include "base/strbuf.h"
#include "entry/lilo.h"

struct lilo_words {
	struct bytes rest;
	unsigned line; /* of the word that was read last */
	enum lilo_kind kind;
	bool has_word; /* @word was read ahead */
	struct strbuf word;
	bool is_equals; /* the word is "=" without quotes */
};

struct lilo_words lilo_words_of(struct bytes file, enum lilo_kind kind);
void lilo_words_done(struct lilo_words *w);
#define _cleanup_lilo_words_ _cleanup_(lilo_words_done)

/* The next "name" or "name = value": 1, 0 at the end of the file, -EINVAL for a file that the loader
 * refuses, -ENOMEM. *ret_value is NULL for a name alone. Both are the caller's. */
_must_check_ int lilo_words_next(struct lilo_words *w, char **ret_name, char **ret_value,
				 struct kx_error *err);
