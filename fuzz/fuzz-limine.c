// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/limine.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_menu menu;

	if (limine_parse((struct bytes){ data, size }, "x86_64", -1, &menu) == 0) {
		check_menu(&menu);
		boot_menu_done(&menu);
	}
	if (limine_cfg_parse((struct bytes){ data, size }, "x86_64", 1, &menu) == 0) {
		check_menu(&menu);
		boot_menu_done(&menu);
	}
	return 0;
}
