// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/xen.h"
#include "fuzz/files.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size)
{
	struct xen_conf conf;
	char *section = NULL;

	if (xen_parse((struct bytes){ data, size }, NULL, &conf, &section) < 0)
		return;
	check_menu(&conf.menu);
	if (conf.chain && conf.menu.default_index < conf.menu.n_entries)
		abort();
	xen_conf_done(&conf);
	free(section);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = "x86_64" };

	parse(data, size);
	files_read(xen_read, &opts, "/boot/efi/EFI/xen/xen.cfg", (struct bytes){ data, size });
	return 0;
}
