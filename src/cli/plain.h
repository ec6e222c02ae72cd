/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

/* Writes @text, which anybody may have written (a title, a path, the name of a package): "?" stands for each
 * byte that would command a terminal, that is C0 and C1 controls, also as UTF-8 spells those, and DEL. NULL is
 * nothing. */
void plain_puts(const char *text, FILE *f);
