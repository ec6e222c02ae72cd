/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* TUNE= and --tune: words of the kernel's command line that shorten its start. Each is here because it was measured
 * (docs/speed.md), none weakens what protects a machine, and none is added that contradicts a word that is there. */

#include "base/strbuf.h"

enum { TUNE_NAMES_MAX = 200 };

/* Are these names of what can be tuned, separated by commas or blanks? */
bool tune_is_valid(const char *names);
/* "selftests, console" */
const char *tune_names(void);

/**
 * tune_add() - what @names stand for
 * @cmdline: the command line so far, or NULL
 * @words: gets the words that are to follow it
 * @told: gets a sentence for a person: each word with what it gives up, and what is left out, and why
 */
void tune_add(const char *names, const char *cmdline, struct strbuf *words, struct strbuf *told);
