// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/xen.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xen_conf conf;
	char *section = NULL;

	if (xen_parse((struct bytes){ data, size }, NULL, &conf, &section) < 0)
		return 0;
	check_menu(&conf.menu);
	if (conf.chain && conf.menu.default_index < conf.menu.n_entries)
		abort();
	xen_conf_done(&conf);
	free(section);
	return 0;
}
