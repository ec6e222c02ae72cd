// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/extlinux.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_menu menu;

	/* The first byte says by whose rules the rest is read. */
	if (size < 1 ||
	    extlinux_parse((struct bytes){ data + 1, size - 1 }, data[0] & 1, NULL, &menu) < 0)
		return 0;
	check_menu(&menu);
	boot_menu_done(&menu);
	return 0;
}
