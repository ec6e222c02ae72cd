// SPDX-License-Identifier: LGPL-2.1-or-later
/* The library leaves signals to its program, and offers what the program's handler needs. */
#include "base/mapped.h"
#include "lib/internal.h"

KX_EXPORT int kx_fault(const void *address)
{
	return mapped_give_zeros(address);
}
