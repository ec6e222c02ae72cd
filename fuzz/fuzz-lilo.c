// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/lilo.h"
#include "fuzz/files.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says whose file it is. */
static void parse(const uint8_t *data, size_t size)
{
	struct lilo_conf conf;

	if (size == 0)
		return;
	if (lilo_parse((struct bytes){ data + 1, size - 1 }, data[0] % 3, "/dev/sda1", &conf,
		       NULL) < 0)
		return;
	check_menu(&conf.menu);
	if (conf.menu.n_entries == 0)
		abort();
	lilo_conf_done(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static read_fn *const readers[] = { lilo_read, elilo_read, yaboot_read };
	struct boot_find_opts opts = { .machine = "x86_64" };

	parse(data, size);
	if (size)
		files_read(readers[data[0] % 3], &opts, "/etc/lilo.conf",
			   (struct bytes){ data + 1, size - 1 });
	return 0;
}
