/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fundamental/bytes.h"

/* Length of the well-formed UTF-8 sequence of several bytes at @b, which has one byte at least (Unicode, table
 * 3-7). 0 for ASCII, for none, and for the controls U+0080 to U+009F, which terminals obey. */
size_t utf8_length(struct bytes b);

/* Length of the character at @b when it turns the direction of the text around it, or ends a line: marks, embeddings,
 * overrides and isolates of UAX 9, U+2028 and U+2029. A title with one can make a sentence read as another one. Else
 * 0. */
size_t utf8_rearranges(struct bytes b);
