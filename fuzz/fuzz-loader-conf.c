// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/loader-conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct loader_conf conf;

	if (loader_conf_parse((struct bytes){ data, size }, &conf) < 0)
		return 0;
	if (!conf.preferred != !conf.preferred_line || !conf.fallback != !conf.fallback_line)
		abort();
	loader_conf_done(&conf);
	return 0;
}
