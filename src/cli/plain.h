/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

#include "base/cleanup.h"

/* Writes @text, which anybody may have written (a title, a path, the name of a package): "?" stands for each
 * byte that would command a terminal, that is C0 and C1 controls, also as UTF-8 spells those, and DEL, but
 * not the tab. NULL is
 * nothing. */
void plain_puts(const char *text, FILE *f);
/* The same for a line with words of ours around it; the newline that ends @fmt stays one. */
void plain_printf(FILE *f, const char *fmt, ...) _printf_(2, 3);
