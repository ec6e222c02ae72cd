// SPDX-License-Identifier: LGPL-2.1-or-later
/* menu.lst, and the number in the file "default" beside it. */
#include "fuzz/files.h"
#include "fuzz/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = "x86_64" };

	files_read(grub_legacy_read, &opts, "/boot/grub/menu.lst", (struct bytes){ data, size });
	return 0;
}
