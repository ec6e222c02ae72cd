/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Is @word one of those in @list, which are separated by blanks? */
bool words_have(const char *list, const char *word);
