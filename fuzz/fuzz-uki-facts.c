// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "entry/uki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uki_facts f;

	if (uki_facts_read((struct bytes){ data, size }, &f) < 0)
		return 0;
	if (f.n_profiles < 1 || f.n_profiles > UKI_PROFILES_MAX || (f.title && !f.has_osrel))
		abort();
	/* A profile without a command line of its own has that of the base. */
	for (size_t i = 0; i < f.n_profiles; i++)
		if (f.cmdline && !f.profiles[i].cmdline)
			abort();
	uki_facts_done(&f);
	return 0;
}
