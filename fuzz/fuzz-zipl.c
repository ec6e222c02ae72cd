// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/zipl.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zipl_conf conf;

	if (zipl_parse((struct bytes){ data, size }, &conf) < 0)
		return 0;
	check_menu(&conf.menu);
	if (conf.parmfiles.n != conf.menu.n_entries)
		abort();
	zipl_conf_done(&conf);
	return 0;
}
