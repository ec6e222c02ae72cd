// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/grub-legacy.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t saved[] = "1\n";
	struct boot_menu menu;

	if (grub_legacy_parse((struct bytes){ data, size }, (struct bytes){ saved, 2 }, &menu) < 0)
		return 0;
	check_menu(&menu);
	boot_menu_done(&menu);
	return 0;
}
