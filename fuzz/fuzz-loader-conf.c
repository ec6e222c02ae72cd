// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/loader-conf.h"
#include "fuzz/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size)
{
	struct loader_conf conf;

	if (loader_conf_parse((struct bytes){ data, size }, &conf) < 0)
		return;
	if (!conf.preferred != !conf.preferred_line || !conf.fallback != !conf.fallback_line)
		abort();
	loader_conf_done(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = "x86_64" };

	parse(data, size);
	files_read(sd_boot_read, &opts, "/boot/loader/loader.conf", (struct bytes){ data, size });
	return 0;
}
