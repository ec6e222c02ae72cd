// SPDX-License-Identifier: LGPL-2.1-or-later
#include "entry/kboot.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_menu menu;

	if (kboot_parse((struct bytes){ data, size }, &menu) < 0)
		return 0;
	check_menu(&menu);
	boot_menu_done(&menu);
	return 0;
}
