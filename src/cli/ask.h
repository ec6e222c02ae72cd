/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Asks @question (y/N) when standard input and standard error are a terminal; true without one:
 * whoever runs us from a script has decided already. */
bool ask_person(const char *question);
bool can_ask(void);
