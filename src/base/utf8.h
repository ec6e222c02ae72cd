/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* Length of the well-formed UTF-8 sequence of several bytes at @b, which has one byte at least (Unicode, table
 * 3-7). 0 for ASCII, for none, and for the controls U+0080 to U+009F, which terminals obey. */
size_t utf8_length(struct bytes b);
