// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/lilo.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says whose file it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lilo_conf conf;

	if (size == 0)
		return 0;
	if (lilo_parse((struct bytes){ data + 1, size - 1 }, data[0] % 3, "/dev/sda1", &conf,
		       NULL) < 0)
		return 0;
	check_menu(&conf.menu);
	if (conf.menu.n_entries == 0)
		abort();
	lilo_conf_done(&conf);
	return 0;
}
