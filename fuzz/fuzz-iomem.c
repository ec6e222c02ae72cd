// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "memmap/memmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iomem iomem;

	if (iomem_parse((struct bytes){ data, size }, &iomem, NULL) < 0)
		return 0;
	/* Planners rely on: sorted, disjoint, nothing empty. */
	for (size_t i = 0; i < iomem.map.n; i++)
		if (iomem.map.v[i].range.start >= iomem.map.v[i].range.end ||
		    (i && iomem.map.v[i - 1].range.end > iomem.map.v[i].range.start))
			abort();
	for (size_t i = 0; i < iomem.crash.n; i++)
		if (iomem.crash.v[i].start >= iomem.crash.v[i].end)
			abort();
	iomem_done(&iomem);
	return 0;
}
