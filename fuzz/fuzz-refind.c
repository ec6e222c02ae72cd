// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/refind.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strlist titles, options;
	struct boot_menu menu;
	char *selection;

	if (refind_linux_parse((struct bytes){ data, size }, &titles, &options) == 0) {
		if (titles.n != options.n)
			abort();
		strlist_done(&titles);
		strlist_done(&options);
	}
	if (refind_conf_parse((struct bytes){ data, size }, &menu, &selection) < 0)
		return 0;
	free(selection);
	/* Who reads it chooses. */
	menu.default_index = menu.n_entries;
	check_menu(&menu);
	boot_menu_done(&menu);
	return 0;
}
