/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * Asks "BEFORE HOST AFTER?" as ask_person() does (cli/ask.h), with the name of the machine whose files are below
 * @root (base/io.h), after lines that say whom its going down would disturb: who else is logged in, and what
 * delays or holds off a shutdown.
 */
bool present_ask(int root, const char *before, const char *after);
