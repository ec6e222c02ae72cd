// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/linked.h"

#include "cli/linked-libraries.h" /* made by the build */

void linked_print(FILE *f)
{
	fputs(LINKED_LIBRARIES, f);
}
