// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "entry/ipxe.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct budget budget;
	struct boot_menu menu;

	budget_init(&budget, NULL, NULL);
	/* what endless scripts may cost, so that the fuzzer sees many */
	budget.max[BUDGET_STEPS] = 1 << 22;
	if (ipxe_parse((struct bytes){ data, size }, &budget, &menu) < 0)
		return 0;
	check_menu(&menu);
	boot_menu_done(&menu);
	return 0;
}
