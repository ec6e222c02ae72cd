// SPDX-License-Identifier: LGPL-2.1-or-later
/* A script of iPXE, and the kernels and ramdisks beside it. */
#include "fuzz/files.h"
#include "fuzz/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = "x86_64" };

	files_read(ipxe_read, &opts, "/boot/autoexec.ipxe", (struct bytes){ data, size });
	return 0;
}
