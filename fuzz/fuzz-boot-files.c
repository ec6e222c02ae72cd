// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A whole system: any files at any paths, among which the boot loader is found and read. The first byte
 * is the firmware and the machine; the text before the first separator is /proc/cmdline.
 */
#include "fuzz/files.h"
#include "fuzz/inside.h"

static int find(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		struct boot_menu *ret, struct kx_error *err)
{
	(void)config;
	return boot_menu_find(fs, opts, ret, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const machines[] = { "x86_64", "aarch64", "s390x", "ppc64le" };
	struct boot_find_opts opts = { 0 };

	if (!size)
		return 0;
	opts.firmware = data[0] % 3;
	opts.machine = machines[(data[0] >> 2) % 4];
	files_read(find, &opts, "/proc/cmdline", (struct bytes){ data + 1, size - 1 });
	return 0;
}
