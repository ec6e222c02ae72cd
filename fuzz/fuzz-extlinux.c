// SPDX-License-Identifier: LGPL-2.1-or-later
/* extlinux.conf and what it includes. The first byte says by whose rules: SYSLINUX's or U-Boot's. */
#include "fuzz/files.h"
#include "fuzz/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = size && data[0] & 1 ? "aarch64" : "x86_64" };

	if (size)
		files_read(extlinux_read, &opts, "/boot/extlinux/extlinux.conf",
			   (struct bytes){ data + 1, size - 1 });
	return 0;
}
