/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

#include "base/cleanup.h"

/* Writes @text from a foreign source (a title, a path, the name of a package) with "?" in place of
 * each byte that could control a terminal: C0 and C1 controls, the latter also in UTF-8, and DEL,
 * but not the tab. NULL is an empty text. */
void plain_puts(const char *text, FILE *f);
/* The same for a formatted line; a newline at the end of @fmt is kept. */
void plain_printf(FILE *f, const char *fmt, ...) _printf_(2, 3);
