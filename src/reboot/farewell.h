/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The last words before a connection to the machine goes: what goes down, into what, how long that took the last
 * time, and what to do when it does not come back. Told as a notice. */

#include "reboot/load.h"

enum { START_WORDS_MAX = 320 };

/* What is started, for a person: title, cut, and the version unless the title has it. "Debian (6.1.0-22)" */
void start_words(const struct start *s, char ret[START_WORDS_MAX]);

/* Right before init is asked, or before what --direct does instead. */
void farewell_fast(const struct reboot *rb, const struct start *s);
void farewell_cold(const struct reboot *rb);
