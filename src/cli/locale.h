/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Does the terminal take UTF-8, by locale(7): the first of LC_ALL, LC_CTYPE and LANG that is set. */
bool locale_is_utf8(void);
