// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/files.h"
#include "fuzz/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = "ppc64le" };

	files_read(kboot_read, &opts, "/etc/kboot.conf", (struct bytes){ data, size });
	return 0;
}
