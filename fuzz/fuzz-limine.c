// SPDX-License-Identifier: LGPL-2.1-or-later
/* limine.conf, and the same bytes as limine.cfg of older releases, with the programs that they start. */
#include "fuzz/files.h"
#include "fuzz/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const configs[] = { "/boot/limine.conf", "/boot/limine.cfg" };
	struct boot_find_opts opts = { .machine = "x86_64", .firmware = BOOT_FIRMWARE_EFI };

	for (size_t i = 0; i < 2; i++)
		files_read(limine_read, &opts, configs[i], (struct bytes){ data, size });
	return 0;
}
