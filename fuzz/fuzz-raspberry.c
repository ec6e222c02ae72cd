// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "entry/raspberry.h"
#include "fuzz/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *data, size_t size)
{
	struct raspberry_conf conf;
	char *initramfs = NULL;

	if (raspberry_parse((struct bytes){ data, size }, "Raspberry Pi 4 Model B", &conf) < 0)
		return;
	if (conf.kernel && strlen(conf.kernel) > size)
		abort();
	/* The name is the kernel's with another word in front and no suffix. */
	if (conf.kernel && raspberry_initramfs(conf.kernel, &initramfs) == 0 &&
	    strlen(initramfs) != strlen(conf.kernel) - 1)
		abort();
	free(initramfs);
	raspberry_conf_done(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = "aarch64" };

	parse(data, size);
	files_read(raspberry_read, &opts, "/boot/firmware/config.txt",
		   (struct bytes){ data, size });
	return 0;
}
