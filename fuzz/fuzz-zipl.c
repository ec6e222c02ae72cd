// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/zipl.h"
#include "fuzz/files.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size)
{
	struct zipl_conf conf;

	if (zipl_parse((struct bytes){ data, size }, &conf) < 0)
		return;
	check_menu(&conf.menu);
	if (conf.parmfiles.n != conf.menu.n_entries)
		abort();
	zipl_conf_done(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = "s390x" };

	parse(data, size);
	files_read(zipl_read, &opts, "/etc/zipl.conf", (struct bytes){ data, size });
	return 0;
}
