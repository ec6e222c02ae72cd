/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * Asks @question (y/N) when standard input and standard error are a terminal; false when nobody answers for
 * five minutes. Without a terminal whoever runs us from a script has decided already: true, unless a line that
 * is not "y" or "yes" can be read from standard input.
 */
bool ask_person(const char *question);
bool can_ask(void);
