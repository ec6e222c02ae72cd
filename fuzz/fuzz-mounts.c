// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mounts m;

	/* Directories are absolute and clean, whatever the table says. */
	if (mounts_parse_mountinfo((struct bytes){ data, size }, "/", &m) == 0) {
		for (size_t i = 0; i < m.n; i++)
			if (m.v[i].dir[0] != '/' || !m.v[i].source)
				abort();
		mounts_done(&m);
	}
	if (mounts_parse_fstab((struct bytes){ data, size }, &m) == 0) {
		for (size_t i = 0; i < m.n; i++)
			if (m.v[i].dir[0] != '/' || m.v[i].fsroot[0] != '/')
				abort();
		mounts_done(&m);
	}
	return 0;
}
