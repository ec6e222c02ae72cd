/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

/* The libraries that are part of the program, "zlib 1.2.13" a line: when one of them gets a security
 * update the program has to be linked anew. */
void linked_print(FILE *f);
